"""Numbers are written so that a person reads them rightly: sign, unit, no false zero, no nan."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.pages import formats
from jobs.pages.formats import (
    count,
    count_ticks,
    euro,
    euro_ticks,
    p_value,
    percent,
    percent_ticks,
    seconds,
    signed_euro,
    small_euro,
)
from jobs.pages.scales import nice_ticks

WRITERS = [formats.count, euro, signed_euro, small_euro, percent, formats.decimal, p_value, seconds]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_a_dash(write: object, value: float | None) -> None:
    assert write(value).removeprefix("p = ") == "–"  # type: ignore[operator]


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(WRITERS))
@example(1.7e308, percent)
def test_any_number_can_be_written_in_little_room(value: float, write: object) -> None:
    text = write(value)  # type: ignore[operator]
    assert text
    assert "nan" not in text
    assert "inf" not in text
    if abs(value) < 1e12:
        assert len(text) < 24


@settings(deadline=None)
@given(st.floats(-1e9, 1e9))
def test_the_sign_stands_before_the_euro_and_never_before_zero(value: float) -> None:
    text = signed_euro(value)
    assert re.fullmatch(r"[+−]?€[\d,.]+( M| bn)?", text)
    shown = float(re.sub(r"[€, Mbn+−]", "", text))
    assert (text[0] in "+−") == (shown != 0)
    if shown:
        assert (text[0] == "−") == (value < 0)


def test_cents_show_below_a_thousand_only() -> None:
    assert [euro(v) for v in (0.004, 999.99, 999.999, 1000, 12_345_678, 2e9, 3e15)] == [
        "€0.00", "€999.99", "€1,000", "€1,000", "€12.35 M", "€2.00 bn", "€3.00e+15",
    ]  # fmt: skip


def test_small_shares_are_not_written_as_none_and_large_ones_not_as_all() -> None:
    assert [percent(v) for v in (0, 1e-9, 0.001, 0.5, 0.99996, 1, 1.5, -0.2)] == [
        "0%", "<0.1%", "0.1%", "50.0%", ">99.9%", "100%", "150.0%", "−20.0%",
    ]  # fmt: skip


def test_durations_never_read_sixty() -> None:
    assert [seconds(v) for v in (0.9999, 59.96, 119.7, 3_599.9)] == ["1.0 s", "1 min 0 s", "2 min 0 s", "1 h 0 min"]


def test_counts_have_separators() -> None:
    assert count(-1_234_567) == "−1,234,567"


@settings(deadline=None)
@given(st.floats(-1e12, 1e12), st.floats(0.001, 1e12))
def test_ticks_of_an_axis_differ_from_each_other(low: float, width: float) -> None:
    ticks = nice_ticks(low, low + width)
    for write in (euro_ticks, count_ticks, percent_ticks):
        labels = write(ticks)
        assert len(labels) == len(ticks)
        if width > 1e-5 * abs(low):
            assert len(set(labels)) == len(labels)


def test_ticks_share_unit_and_decimals_and_zero_stands_bare() -> None:
    assert euro_ticks((0, 2_500_000, 5_000_000)) == ["€0", "€2.5M", "€5.0M"]
    assert percent_ticks((0, 0.025, 0.05)) == ["0%", "2.5%", "5.0%"]
    assert euro_ticks((-1e-7, 0, 1e-7)) == ["−€1.0e-07", "€0", "€1.0e-07"]
    assert count_ticks(()) == []
