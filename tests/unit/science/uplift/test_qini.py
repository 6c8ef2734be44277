"""The Qini coefficient is scikit-uplift's, number for number, ties included."""

from typing import Any

import numpy as np
import pytest

from jobs.science.uplift.qini import qini_auc_score, qini_curve, qini_points
from tests.unit.science.uplift.ranking_oracles import cases_with, given


@pytest.mark.parametrize("case", cases_with("qini_auc_score"), ids=lambda c: c["name"])
def test_coefficient_and_curve_are_those_of_scikit_uplift(case: dict[str, Any]) -> None:
    assert qini_auc_score(*given(case)) == pytest.approx(case["qini_auc_score"], abs=1e-9)
    rows, gain = qini_points(*given(case))
    assert rows.tolist() == case["curve_rows"]
    assert gain == pytest.approx(case["curve_gain"], abs=1e-9)


def test_the_best_order_has_one_and_the_worst_is_below_zero_also_for_money() -> None:
    generator = np.random.default_rng(0)
    treatment = generator.integers(0, 2, 500)
    outcome = generator.lognormal(size=500)
    best = outcome * treatment - outcome * (1 - treatment)
    assert qini_auc_score(outcome, best, treatment) == pytest.approx(1.0)
    assert qini_auc_score(outcome, -best, treatment) < 0


def test_the_unit_of_money_does_not_matter() -> None:
    generator = np.random.default_rng(1)
    treatment, outcome, uplift = generator.integers(0, 2, 300), generator.normal(size=300), generator.normal(size=300)
    assert qini_auc_score(100 * outcome, uplift, treatment) == pytest.approx(qini_auc_score(outcome, uplift, treatment))


def test_an_outcome_that_never_happens_has_coefficient_zero() -> None:
    assert qini_auc_score(np.zeros(10), np.arange(10.0), np.arange(10) % 2) == 0.0


def test_the_drawn_curve_ends_at_the_difference_of_means() -> None:
    generator = np.random.default_rng(2)
    treatment = generator.integers(0, 2, 1000)
    outcome = generator.normal(size=1000) + 0.5 * treatment
    curve = qini_curve(outcome, generator.normal(size=1000), treatment, points=11)
    difference = outcome[treatment == 1].mean() - outcome[treatment == 0].mean()
    assert curve.share.tolist() == pytest.approx(np.linspace(0, 1, 11).tolist())
    assert curve.gain[0] == 0.0
    assert curve.gain[-1] == pytest.approx(difference)
    assert curve.random == pytest.approx(curve.share * difference)
