"""Pictures of a page: the random line, the chosen budget, nothing where there is nothing."""

from jobs.pages.figures import BudgetCurve, CalibrationBin, QiniCurve
from jobs.pages.pictures import budget_picture, calibration_picture, qini_picture
from tests.unit.pages.markup import drawn, words


def test_the_random_line_ends_where_the_first_curve_ends() -> None:
    curve = QiniCurve("learner", (0, 0.5, 1), (0, 3, 4))
    paths = [p.attrib["d"].split("L") for p in drawn(qini_picture([curve])).iter("path")]
    assert paths[0][0] == paths[1][0]
    assert paths[0][-1] == paths[1][-1]
    assert "at random" in words(qini_picture([curve]))


def test_the_chosen_budget_is_marked_in_words() -> None:
    assert "€500.00 spent: +€2,000" in words(budget_picture(BudgetCurve((0, 500, 900), (0, 2000, 2100), 500, 2000)))


def test_no_data_is_no_picture() -> None:
    assert qini_picture([]) is None
    assert qini_picture([QiniCurve("empty", (), ())]) is None
    assert budget_picture(None) is None
    assert budget_picture(BudgetCurve((), (), 0.0, 0.0)) is None
    assert calibration_picture([]) is None
    assert calibration_picture([CalibrationBin(1, 1)]) is not None
