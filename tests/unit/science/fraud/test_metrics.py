"""Figures of judged rows: right ones where the truth is known, and refused where there is nothing to judge."""

import numpy as np
import pytest

from jobs.errors import BadRows
from jobs.science.fraud.decision import Costs, DecisionPolicy
from jobs.science.fraud.judged import judged_rows
from jobs.science.fraud.metrics import fraud_metrics

POLICY = DecisionPolicy(Costs(review_eur=5, insult_eur=200))


def judged(stretch=1.0, rows=40_000, policy=POLICY):
    """Labels drawn from known probabilities; `stretch` makes the promised log odds too extreme."""
    rng = np.random.default_rng(5)
    margin = rng.normal(-3, 1.5, rows)
    labels = rng.random(rows) < 1 / (1 + np.exp(-margin))
    promised = 1 / (1 + np.exp(-stretch * margin))
    day, card = rng.integers(0, 7, rows), rng.integers(0, 4_000, rows)
    return judged_rows(day, card, labels, rng.gamma(2, 20, rows), margin, promised, policy)


def test_true_probabilities_have_slope_one_and_small_errors():
    found = fraud_metrics(judged())
    assert found.calibration_slope == pytest.approx(1, abs=0.05)
    assert found.calibration_error < 0.005
    assert found.review_error < 0.1
    assert found.brier < found.brier_of_base_rate
    assert found.cost_share < 0.9
    assert 0 < found.reviewed_share < 0.5
    assert sum(b.rows for b in found.review_curve) == round((found.reviewed_share + found.declined_share) * found.rows)


def test_overconfident_probabilities_have_a_slope_below_one_and_cost_more():
    right, wrong = fraud_metrics(judged()), fraud_metrics(judged(stretch=2.0))
    assert wrong.calibration_slope == pytest.approx(0.5, abs=0.03)
    assert wrong.review_error > right.review_error
    assert wrong.cost_share > right.cost_share
    assert wrong.roc_auc == right.roc_auc


def test_a_policy_that_approves_everything_costs_what_doing_nothing_costs():
    found = fraud_metrics(judged(policy=DecisionPolicy(Costs(insult_eur=1e9), review_price_eur=1e9)))
    assert (found.reviewed_share, found.declined_share, found.review_recall) == (0, 0, 0)
    assert found.cost_share == 1


def test_one_class_cannot_be_judged():
    with pytest.raises(BadRows, match="0 of 3 are fraud, and both kinds are needed"):
        judged_rows([1, 1, 1], ["a", "b", "c"], [0, 0, 0], [1, 1, 1], [0.0, 1, 2], [0.1, 0.2, 0.3], POLICY)
