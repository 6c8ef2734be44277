"""Overlap says how many rows an arm is worth, and refuses probabilities that are none."""

import numpy as np
import pytest

from jobs.errors import BadTrial
from jobs.science.uplift.overlap import overlap_of, trim

NAMES = ("none", "mail")


def test_equal_propensities_are_worth_every_row() -> None:
    report = overlap_of(NAMES, np.array([0, 1] * 50), np.full((100, 2), 0.5))
    assert [a.effective_rows for a in report.arms] == pytest.approx([50, 50])
    assert report.trimmed_rows == 0
    assert report.sentence.startswith("no row had to be left out")


def test_one_row_that_stands_for_many_costs_effective_rows() -> None:
    # Weights 1 / .5 nine times and 1 / .05 once: (9 * 2 + 20)^2 / (9 * 4 + 400).
    share = np.array([0.5] * 19 + [0.05])
    arm = np.array([0] * 10 + [1] * 10)
    report = overlap_of(NAMES, arm, np.column_stack([1.0 - share, share]))
    assert report.arms[1].effective_rows == pytest.approx(38**2 / 436)
    assert report.arms[1].least == 0.05
    assert "the 10 rows of mail are as good as 3 of equal weight" in report.sentence


def test_a_row_at_the_limit_is_kept() -> None:
    assert trim(np.array([[0.98, 0.02], [0.981, 0.019]])).tolist() == [True, False]


def test_propensities_that_do_not_sum_to_one_are_refused_with_the_row() -> None:
    with pytest.raises(BadTrial, match=r"row 1 sum to 0\.9, not to 1"):
        overlap_of(NAMES, np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.4]]))
