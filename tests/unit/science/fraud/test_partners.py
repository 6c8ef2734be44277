import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest, NoInput
from jobs.science.fraud.engine import Limits
from jobs.science.fraud.partners import LARGEST_PRIOR, partner_risk, prior_strength, shrunk_rate

DAY = dt.date(2024, 5, 20)
LIMITS = Limits(memory_mb=200, threads=1)


def moment(days_before):
    return dt.datetime(DAY.year, DAY.month, DAY.day, tzinfo=dt.UTC) - dt.timedelta(days=days_before)


def rank(transactions, reports=(), **more):
    """Transactions as (id, partner, days before the day), reports as (id, fraud, days before the day)."""
    stamp = pa.timestamp("us", "UTC")
    rows = pa.table(
        {
            "transaction_id": [t[0] for t in transactions],
            "customer_id": ["c"] * len(transactions),
            "partner_id": [t[1] for t in transactions],
            "occurred_at": pa.array([moment(t[2]) for t in transactions], stamp),
            "amount_eur": [5.0] * len(transactions),
        }
    )
    told = pa.table(
        {
            "transaction_id": pa.array([r[0] for r in reports], pa.string()),
            "is_fraud": pa.array([r[1] for r in reports], pa.bool_()),
            "reported_at": pa.array([None if r[2] is None else moment(r[2]) for r in reports], stamp),
        }
    )
    found = partner_risk(rows, told, day=DAY, label_delay_days=7, limits=LIMITS, **more)
    return {row["partner_id"]: row for row in found.to_pylist()}


def test_only_the_week_that_ends_a_label_delay_ago_counts():
    found = rank([("a", "p", 14), ("b", "p", 7.01), ("c", "p", 7), ("d", "p", 14.01), ("e", "q", 10)])
    assert found["p"]["transactions_7d"] == 2
    assert found["q"]["transactions_7d"] == 1


def test_a_report_counts_once_known_and_the_last_one_stands():
    rows = [(name, "p", 10) for name in "abcde"]
    reports = [("a", True, 0), ("b", True, -0.01), ("c", True, 5), ("c", False, 1), ("d", True, None), ("x", True, 3)]
    assert rank(rows, reports)["p"]["frauds_7d"] == 2
    assert rank(rows)["p"]["frauds_7d"] == 0


def test_partners_are_ranked_by_shrunk_rate_and_a_silent_one_has_the_rate_of_all():
    rows = [(f"{p}{n}", p, 10) for p, size in (("bad", 40), ("good", 40), ("small", 1)) for n in range(size)]
    reports = [(f"bad{n}", True, 1) for n in range(20)] + [("small0", True, 1)]
    found = rank(rows, reports, partner_ids=["good", "silent"])
    assert sorted(found, key=lambda p: found[p]["rank"]) == ["small", "bad", "silent", "good"]
    assert found["silent"]["fraud_rate_shrunk"] == pytest.approx(21 / 81)
    assert found["silent"]["transactions_7d"] == 0
    assert 0.5 > found["bad"]["fraud_rate_shrunk"] > 21 / 81 > found["good"]["fraud_rate_shrunk"] > 0
    assert found["small"]["fraud_rate_shrunk"] < 1


def test_prior_strength_is_found_where_rates_come_from_a_known_beta_distribution():
    rng = np.random.default_rng(4)
    for strength in (5.0, 60.0):
        truth = rng.beta(0.1 * strength, 0.9 * strength, 20_000)
        count = rng.integers(1, 60, truth.size)
        assert prior_strength(rng.binomial(count, truth), count) == pytest.approx(strength, rel=0.1)


def test_groups_that_differ_by_chance_only_are_shrunk_the_most():
    rng = np.random.default_rng(6)
    count = np.full(3_000, 20)
    assert prior_strength(rng.binomial(count, 0.1), count) > 200
    assert prior_strength(np.zeros(5), np.full(5, 9)) == LARGEST_PRIOR


def test_shrunk_rates_are_nearer_to_the_true_ones_than_raw_ones():
    rng = np.random.default_rng(7)
    truth = rng.beta(1, 19, 5_000)
    count = rng.integers(1, 15, truth.size)
    frauds = rng.binomial(count, truth)
    raw = np.mean((frauds / count - truth) ** 2)
    assert np.mean((shrunk_rate(frauds, count) - truth) ** 2) < raw / 2


def test_no_transaction_in_the_week_is_refused():
    with pytest.raises(NoInput, match="there is no row"):
        rank([("a", "p", 3)])


def test_a_delay_of_nothing_is_refused():
    with pytest.raises(BadRequest, match="label_delay_days is 0"):
        partner_risk([], [], day=DAY, label_delay_days=0, limits=LIMITS)
