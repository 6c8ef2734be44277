"""A world whose days are replayed through the endpoint: history, the night's state online, and the batch's features."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa

from jobs.runtime.online_lookup import count, look_up
from jobs.runtime.online_night import keep_state, state_prefix, write_online
from jobs.science.fraud.calibration import Calibration
from jobs.science.fraud.decision import Costs, DecisionPolicy
from jobs.science.fraud.engine import Limits
from jobs.science.fraud.features import FEATURE_NAMES, fraud_features
from jobs.science.fraud.online import Payment, features_of
from jobs.science.fraud.score import FraudScorer
from jobs.science.fraud.state import online_state
from jobs.storage.objects import Objects
from jobs.storage.online import OnlineRecords

DAY = dt.date(2026, 11, 21)
MIDNIGHT = dt.datetime.combine(DAY, dt.time.min, dt.UTC)
LIMITS = Limits(memory_mb=300, threads=1)
DELAY_DAYS = 7


@dataclass(frozen=True)
class History:
    """Inputs as they are known at the end of the last day."""

    transactions: pa.Table
    fraud_reports: pa.Table

    def night(self, day: dt.date, records: OnlineRecords, objects: Objects, attempt: int = 1) -> dict[str, Any]:
        """Write online what is known at the start of a day."""
        as_of = dt.datetime.combine(day, dt.time.min, dt.UTC)
        state = online_state(
            self.transactions, self.fraud_reports, as_of=as_of, label_delay_days=DELAY_DAYS, limits=LIMITS
        )
        prefix = state_prefix("run", attempt, day)
        keep_state(state, objects, prefix)
        return write_online(records, objects, prefix)

    def batch(self, day: dt.date) -> list[dict[str, Any]]:
        """Features of a day's transactions as the night builds them, in the order in which they happened."""
        built = fraud_features(
            self.transactions,
            self.fraud_reports,
            first_day=day,
            last_day=day,
            label_delay_days=DELAY_DAYS,
            limits=LIMITS,
        )
        rows: list[dict[str, Any]] = pa.concat_tables(list(built)).to_pylist()
        return sorted(rows, key=lambda row: (int(row["occurred_at"].timestamp()), row["transaction_id"]))


def replayed(row: dict[str, Any], records: OnlineRecords) -> dict[str, float]:
    """Ask for the features of one payment as the endpoint does, and count it."""
    occurred_s = int(row["occurred_at"].timestamp())
    payment = Payment(row["transaction_id"], row["customer_id"], row["partner_id"], occurred_s, row["amount_eur"])
    known = look_up(records, payment, payment.transaction_id)
    features, is_large = features_of(payment, known.past, known.partner)
    assert count(records, payment, payment.transaction_id, is_large)
    return features


def differences(row: dict[str, Any], features: dict[str, float]) -> dict[str, tuple[Any, float]]:
    """Features of a payment that are not the batch's very value, by name."""
    online = pa.array([features[name] for name in FEATURE_NAMES], pa.float64()).cast(pa.float32()).to_pylist()
    found = {}
    for name, there in zip(FEATURE_NAMES, online, strict=True):
        wanted = row[name]
        if not (wanted == there or (wanted is None and there != there)):
            found[name] = (wanted, there)
    return found


def crowded(seed: int) -> History:
    """Few customers and partners, so that seconds are shared and amounts come again; odd ids among them."""
    rng = np.random.default_rng(seed)
    n, days = 2_500, 55
    seconds = rng.integers(-days * 86_400, 86_400, n)
    # Half of the last day falls into three minutes: many payments of one second, of one customer, at one partner.
    last = seconds >= 0
    seconds[last] = np.where(rng.random(last.sum()) < 0.5, rng.integers(43_200, 43_380, last.sum()), seconds[last])
    parts = rng.integers(0, 10**6, n)
    at = [MIDNIGHT + dt.timedelta(seconds=int(s), microseconds=int(m)) for s, m in zip(seconds, parts, strict=True)]
    ids = [f"{'é' if i % 7 == 0 else 'a'}{i * 7919 % n}" for i in range(n)]
    transactions = pa.table(
        {
            "transaction_id": ids,
            "customer_id": [f"c {c}" for c in rng.integers(0, 25, n)],
            "partner_id": [f"p {c}" for c in rng.integers(0, 12, n)],
            "occurred_at": pa.array(at, pa.timestamp("us", "UTC")),
            "amount_eur": np.round(rng.lognormal(3, 1.2, n), 2) * (rng.random(n) > 0.02),
        }
    )
    told = rng.random(n) < 0.2
    later = rng.integers(1, 400, n)
    reports = pa.table(
        {
            "transaction_id": [i for i, t in zip(ids, told, strict=True) if t],
            "is_fraud": rng.random(int(told.sum())) < 0.7,
            "reported_at": pa.array(
                [a + dt.timedelta(hours=int(h)) for a, t, h in zip(at, told, later, strict=True) if t],
                pa.timestamp("us", "UTC"),
            ),
        }
    )
    return History(transactions, reports)


def small_model(seed: int = 1) -> FraudScorer:
    """A model that has learnt from noise and amounts: quick to fit, and it reads every feature."""
    rng = np.random.default_rng(seed)
    matrix = rng.lognormal(1, 1.5, (2_000, len(FEATURE_NAMES))).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    matrix[:, 0] = rng.lognormal(3, 1.2, 2_000)
    labels = matrix[:, 0] * rng.lognormal(0, 0.5, 2_000) > 80
    parameters = {"objective": "binary", "num_leaves": 7, "verbosity": -1, "num_threads": 1, "seed": seed}
    data = lgb.Dataset(matrix, labels.astype(float), feature_name=list(FEATURE_NAMES))
    return FraudScorer(
        booster=lgb.train(parameters, data, num_boost_round=20),
        features=FEATURE_NAMES,
        calibration=Calibration((-4.0, 0.0, 4.0), (0.01, 0.3, 0.97)),
        policy=DecisionPolicy(Costs(review_eur=5, insult_eur=50)),
        typical=dict.fromkeys(FEATURE_NAMES, 1.0),
        fraud_rate=0.05,
        label_delay_days=DELAY_DAYS,
    )
