"""The baselines do what their names say."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from jobs.science.fraud.baselines import AMOUNT, LOGISTIC, fit_baselines

NAMES = ("amount", "partner_fraud_rate_7d", "customer_hours_since_last")


def world(seed, rows=8_000):
    rng = np.random.default_rng(seed)
    matrix = np.column_stack([rng.gamma(2, 30, rows), rng.random(rows), rng.gamma(1, 9, rows)]).astype(np.float32)
    y = rng.random(rows) < 1 / (1 + np.exp(5 - 3 * matrix[:, 1] - matrix[:, 0] / 60))
    matrix[rng.random(rows) < 0.3, 2] = np.nan
    return matrix, y


def test_the_amount_rule_ranks_by_amount_alone():
    matrix, y = world(1)
    margin = fit_baselines(matrix, y, NAMES)[AMOUNT](matrix)
    assert (np.argsort(margin, kind="stable") == np.argsort(matrix[:, 0], kind="stable")).all()


def test_the_straight_line_finds_a_straight_truth_and_its_odds_are_right():
    line = fit_baselines(*world(1), NAMES)[LOGISTIC]
    matrix, y = world(2)
    margin = line(matrix)
    truth = 3 * matrix[:, 1] + matrix[:, 0] / 60
    assert roc_auc_score(y, margin) == pytest.approx(roc_auc_score(y, truth), abs=0.01)
    assert (1 / (1 + np.exp(-margin))).mean() == pytest.approx(y.mean(), rel=0.1)


def test_fewer_genuine_rows_leave_the_odds_right(monkeypatch):
    monkeypatch.setattr("jobs.science.fraud.baselines.MOST_ROWS", 2_000)
    margin = fit_baselines(*world(1), NAMES)[LOGISTIC](world(2)[0])
    assert (1 / (1 + np.exp(-margin))).mean() == pytest.approx(world(2)[1].mean(), rel=0.15)
