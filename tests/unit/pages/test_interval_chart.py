"""Estimates lie on one scale with their intervals; the chosen one stands out; truth is marked where known."""

from jobs.pages.axes import Axis
from jobs.pages.formats import euro_ticks
from jobs.pages.interval_chart import Estimate, interval_chart
from tests.unit.pages.markup import drawn, words

AXIS = Axis("net margin, €", euro_ticks, holds=(0,))


def test_a_dot_and_its_interval_in_order() -> None:
    root = drawn(interval_chart("Policies", [Estimate("one arm", 2, 1, 4, chosen=True)], AXIS))
    dot = float(next(root.iter("circle")).attrib["cx"])
    whisker = next(e for e in root.iter("line") if e.attrib["y1"] == e.attrib["y2"])
    assert float(whisker.attrib["x1"]) < dot < float(whisker.attrib["x2"])


def test_only_the_chosen_row_is_filled() -> None:
    rows = [Estimate("a", 1, 0, 2), Estimate("b", 2, 1, 3, chosen=True)]
    fills = [e.attrib["fill"] == e.attrib["stroke"] for e in drawn(interval_chart("P", rows, AXIS)).iter("circle")]
    assert fills == [False, True]


def test_without_limits_there_is_a_dot_alone() -> None:
    root = drawn(interval_chart("P", [Estimate("nobody", 0)], AXIS))
    assert not [e for e in root.iter("line") if e.attrib["y1"] == e.attrib["y2"]]
    assert len(list(root.iter("circle"))) == 1


def test_truth_is_marked_inside_the_picture() -> None:
    assert drawn(interval_chart("P", [Estimate("net", 5, 4, 6, truth=40)], AXIS)).find("path") is not None


def test_a_row_without_a_number_keeps_its_name() -> None:
    nan = float("nan")
    chart = interval_chart("P", [Estimate("a", 1), Estimate("unknown", nan, nan, nan, truth=nan)], AXIS)
    assert {"unknown", "–"} <= set(words(chart))
    assert len(list(drawn(chart).iter("circle"))) == 1


def test_nothing_to_draw_is_no_picture() -> None:
    assert interval_chart("P", [], AXIS) is None
    assert interval_chart("P", [Estimate("a", float("nan"))], AXIS) is None
