"""Both axes run over the same values; a broken promise is hollow and orange."""

from jobs.pages.calibration_chart import calibration_chart
from jobs.pages.figures import CalibrationBin
from jobs.pages.formats import euro_ticks
from jobs.pages.palette import BLUE, ORANGE
from tests.unit.pages.markup import drawn, words


def chart_of(*bins: CalibrationBin) -> object:
    return calibration_chart("Calibration", bins, unit="€ a customer", ticks_as=euro_ticks)


def test_a_kept_promise_is_blue_and_a_broken_one_orange() -> None:
    kept, broken = CalibrationBin(1, 1.1, 0.8, 1.4), CalibrationBin(2, 4, 3, 5)
    assert [e.attrib["stroke"] for e in drawn(chart_of(kept, broken)).iter("circle")] == [BLUE, ORANGE]


def test_a_point_on_the_diagonal_is_drawn_on_it() -> None:
    root = drawn(chart_of(CalibrationBin(0, 0), CalibrationBin(5, 5), CalibrationBin(10, 10)))
    dots = [(float(e.attrib["cx"]), float(e.attrib["cy"])) for e in root.iter("circle")]
    line = next(e for e in root.iter("line") if "stroke-dasharray" in e.attrib)
    assert dots[0] == (float(line.attrib["x1"]), float(line.attrib["y1"]))
    assert dots[2] == (float(line.attrib["x2"]), float(line.attrib["y2"]))


def test_axes_and_diagonal_are_named() -> None:
    assert {"measured = predicted", "measured, € a customer", "predicted, € a customer"} <= set(
        words(chart_of(CalibrationBin(1, 1, 0, 2)))
    )


def test_bins_without_numbers_are_left_out() -> None:
    nan = float("nan")
    assert chart_of() is None
    assert chart_of(CalibrationBin(nan, 1)) is None
    root = drawn(chart_of(CalibrationBin(1, 1, nan, 2), CalibrationBin(2, nan), CalibrationBin(1e12, -1e12)))
    assert len(list(root.iter("circle"))) == 2
