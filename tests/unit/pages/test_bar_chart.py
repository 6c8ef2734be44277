"""Bars are as long as their values say; long names wrap; nobody disappears."""

from jobs.pages.bar_chart import Bar, bar_chart
from jobs.pages.formats import signed_euro
from jobs.pages.palette import GRID
from tests.unit.pages.markup import drawn, words


def bars_of(chart: object) -> list[tuple[float, float]]:
    """Start and width of the coloured bars; a grey ground lies under each."""
    rects = [e for e in drawn(chart).iter("rect") if e.attrib.get("rx") == "2" and e.attrib["fill"] != GRID]
    return [(float(e.attrib["x"]), float(e.attrib["width"])) for e in rects]


def test_lengths_are_in_proportion() -> None:
    (_, a), (_, b) = bars_of(bar_chart("Reasons", [Bar("holdout", 200), Bar("no consent", 50)]))
    assert a == 4 * b


def test_one_of_a_million_is_still_seen() -> None:
    assert min(width for _, width in bars_of(bar_chart("Reasons", [Bar("many", 1e6), Bar("one", 1)]))) >= 1.5


def test_negative_values_run_to_the_left_of_zero() -> None:
    (gain, _), (loss, width) = bars_of(bar_chart("Net", [Bar("a", 10), Bar("b", -10)], written=signed_euro))
    assert loss == 0
    assert loss + width == gain


def test_numbers_stand_as_text() -> None:
    assert words(bar_chart("Reasons", [Bar("holdout", 1234)])) == ["holdout", "1,234"]


def test_long_names_wrap_into_two_lines() -> None:
    name = "budget spent on customers with a higher expected net margin than this one has"
    shown = words(bar_chart("Reasons", [Bar(name, 12)]))
    assert len(shown) == 3
    assert " ".join(shown[:2]) == name


def test_strange_values_have_no_bar() -> None:
    assert bar_chart("Reasons", []) is None
    chart = bar_chart("Reasons", [Bar("nan", float("nan")), Bar("zero", 0.0), Bar("inf", float("inf"))])
    assert bars_of(chart) == []
    assert words(chart).count("–") == 2
    drawn(bar_chart("Loss", [Bar("a", -1e-12)]))
