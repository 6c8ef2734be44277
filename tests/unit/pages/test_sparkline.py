"""A sparkline is drawn for two values or more, the last one dotted, on a scale that holds the limit."""

from jobs.pages.sparkline import sparkline
from tests.unit.pages.markup import drawn


def test_the_last_value_is_dotted() -> None:
    root = drawn(sparkline([0.01, 0.2, 0.4], limit=0.25))
    dot = next(root.iter("circle"))
    assert root.find("path").attrib["d"].split("L")[-1] == f"{dot.attrib['cx']},{dot.attrib['cy']}"  # type: ignore[union-attr]
    assert float(dot.attrib["cy"]) < float(next(root.iter("line")).attrib["y1"])


def test_fewer_than_two_values_are_no_line() -> None:
    assert sparkline([]) is None
    assert sparkline([1.0]) is None
    assert sparkline([1.0, float("nan")]) is None


def test_level_and_extreme_values_are_drawn() -> None:
    for values in ([0.0, 0.0], [5.0, 5.0, 5.0], [-1e15, 1e15], [1.0, float("inf"), 2.0]):
        drawn(sparkline(values))
