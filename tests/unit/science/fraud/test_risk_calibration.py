"""What is promised of a customer's next purchases is what happens, on later days than it was learnt on."""

import numpy as np
import pytest

from jobs.science.fraud.assess import Rows
from jobs.science.fraud.risk import RiskSettings, log_odds
from jobs.science.fraud.risk_calibration import HISTORY_DAYS, fit_risk, purchases_after, risk_quality

SETTINGS = RiskSettings()


def world(days=40, customers=3000, seed=5):
    """Each customer is compromised now and then for ten days; a purchase is scored by a model that half sees it."""
    rng = np.random.default_rng(seed)
    rows = days * customers
    day = np.repeat(np.arange(days), customers).astype(np.int32)
    customer = np.tile(np.arange(customers), days)
    start = rng.integers(-30, days + 30, customers)
    compromised = (day >= start[customer]) & (day < start[customer] + 10)
    fraud = rng.random(rows) < np.where(compromised, 0.25, 0.002)
    odds = np.where(fraud, 1.5, -4.5) + rng.normal(0, 1.2, rows)
    probability = 1 / (1 + np.exp(-odds))
    return Rows(np.empty((rows, 0), np.float32), fraud.astype(float), day, customer, np.full(rows, 40.0)), probability


def test_calibrated_risks_hold_on_later_days_where_raw_ones_do_not():
    rows, probability = world()
    early = rows.day < 28
    part = Rows(*(getattr(rows, n)[early] for n in ("matrix", "is_fraud", "day", "customer", "amount_eur")))
    learnt = fit_risk(purchases_after(part, probability[early], 14, SETTINGS))
    raw = risk_quality(purchases_after(rows, probability, 28, SETTINGS), 1)
    found = risk_quality(purchases_after(rows, probability, 28, SETTINGS, calibration=learnt), 1)
    assert found.slope == pytest.approx(1, abs=0.12)
    assert abs(found.slope - 1) < abs(raw.slope - 1)
    top = found.bins[-1]
    assert top.happened == pytest.approx(top.promised, rel=0.15)
    assert top.happened > 5 * found.bins[0].happened, "it tells customers apart"
    assert sum(b.rows for b in found.bins) == found.purchases


def test_the_future_does_not_touch_a_risk():
    rows, probability = world(days=20)
    other = probability.copy()
    other[rows.day >= 15] = 0.5
    before = purchases_after(rows, probability, 15, SETTINGS)
    after = purchases_after(rows, other, 15, SETTINGS)
    first = slice(0, int((rows.day == 15).sum()))
    np.testing.assert_array_equal(before.risk[first], after.risk[first])


def test_a_longer_horizon_pairs_each_purchase_with_several_days_risks():
    rows, probability = world(days=20)
    one = purchases_after(rows, probability, 15, SETTINGS)
    three = purchases_after(rows, probability, 15, SETTINGS, horizon_days=3)
    assert one.risk.size == 5 * 3000
    assert three.risk.size == (3 * 3 + 2 + 1) * 3000
    assert HISTORY_DAYS == 13


def test_too_few_frauds_teach_nothing_and_one_class_says_nothing():
    rows, probability = world(days=6, customers=30)
    none = Rows(rows.matrix, np.zeros(rows.day.size), rows.day, rows.customer, rows.amount_eur)
    seen = purchases_after(none, probability, 3, SETTINGS)
    assert fit_risk(seen) is None
    assert risk_quality(seen, 1) is None
    assert purchases_after(none, probability, 99, SETTINGS).risk.size == 0


def test_log_odds_are_finite_for_any_probability():
    assert np.isfinite(log_odds([0.0, 0.5, 1.0])).all()
