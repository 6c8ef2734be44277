"""A share is written in percent and points, euro as money, anything else as a plain figure with its unit."""

import pytest

from jobs.pages.measures import measure


@pytest.mark.parametrize(
    ("kind", "unit", "level", "difference"),
    [
        ("proportion", "", "12.5%", "+12.5 pp"),
        ("mean", "share", "12.5%", "+12.5 pp"),
        ("mean", "EUR", "€0.125", "+€0.125"),
        ("ratio", "euro", "€0.125", "+€0.125"),
        ("mean", "days", "0.12", "+0.12"),
        ("quantile", None, "0.12", "+0.12"),
    ],
)
def test_figures_are_written_by_kind_and_unit(kind: str, unit: str | None, level: str, difference: str) -> None:
    written = measure(kind, unit)
    assert (written.level(0.125), written.difference(0.125)) == (level, difference)
    assert written.level(None) == "–"


def test_only_units_that_figures_do_not_say_are_named() -> None:
    assert [measure("mean", unit).unit for unit in ("EUR", "share", "days", None)] == ["", "", "days", ""]
