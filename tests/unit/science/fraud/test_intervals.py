"""Intervals hold the truth as often as they say, because customers are drawn and not rows."""

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.fraud.decision import DecisionPolicy
from jobs.science.fraud.intervals import intervals
from jobs.science.fraud.judged import judged_rows
from jobs.science.fraud.metrics import fraud_metrics


def clustered(seed, customers=300, a_customer=20):
    """Half of the score is the customer's own: rows of a customer err together."""
    rng = np.random.default_rng(seed)
    card = np.repeat(np.arange(customers), a_customer)
    y = np.repeat(rng.random(customers) < 0.3, a_customer)
    score = 1.0 * y + rng.normal(0, np.sqrt(0.5), customers)[card] + rng.normal(0, np.sqrt(0.5), card.size)
    p = np.clip(1 / (1 + np.exp(-score)), 0.01, 0.99)
    return judged_rows(card % 5, card, y, np.full(card.size, 50.0), score, p, DecisionPolicy())


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    """The score of a fraud less that of a genuine row is normal with mean 1 and variance 2: AUC is .760."""
    truth, held = 0.7602, 0
    for seed in range(40):
        limits = intervals(clustered(seed), 60, seed)["roc_auc"]
        held += limits.low <= truth <= limits.high
    assert held >= 33


def test_they_are_wider_than_rows_drawn_alone_would_make_them():
    rows = clustered(1)
    by_customer = intervals(rows, 100, 1)["roc_auc"]
    alone = judged_rows(
        rows.day, np.arange(rows.day.size), rows.is_fraud, rows.amount_eur, rows.margin, rows.probability,
        DecisionPolicy(),
    )  # fmt: skip
    by_row = intervals(alone, 100, 1)["roc_auc"]
    assert by_customer.high - by_customer.low > 2 * (by_row.high - by_row.low)


def test_every_figure_lies_in_its_interval_and_the_same_seed_gives_the_same():
    found = fraud_metrics(clustered(2), resamples=60, seed=7)
    assert found.intervals == intervals(clustered(2), 60, 7)
    for name, limits in found.intervals.items():
        if name != "calibration_error":  # an error that is never negative is larger in a sample than in the rows
            assert limits.low <= getattr(found, name) <= limits.high, name


def test_no_samples_give_no_intervals_and_fewer_are_refused():
    assert intervals(clustered(1), 0, 1) == {}
    with pytest.raises(BadRequest, match="resamples is -1"):
        intervals(clustered(1), -1, 1)
