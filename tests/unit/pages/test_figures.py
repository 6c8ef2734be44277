"""Curves whose parts have different lengths are refused."""

import pytest

from jobs.errors import BadRequest
from jobs.pages.figures import BudgetCurve, QiniCurve


def test_parts_of_a_curve_have_one_length() -> None:
    with pytest.raises(BadRequest, match="Qini curve 'a' has parts of different lengths"):
        QiniCurve("a", (0, 1), (0,))
    with pytest.raises(BadRequest, match="Qini curve 'a'"):
        QiniCurve("a", (0, 1), (0, 1), (0,), (1, 2))
    with pytest.raises(BadRequest, match="budget curve"):
        BudgetCurve((0.0, 1.0), (0.0,), 0.0, 0.0)


def test_a_curve_may_have_no_band() -> None:
    assert QiniCurve("a", (0, 1), (0, 1)).low == ()
