"""A world whose days are replayed through the endpoint: history, the night's state online, and the batch's features."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from jobs.runtime.online_lookup import count, look_up
from jobs.runtime.online_night import keep_state, state_prefix, write_online
from jobs.science.fraud.engine import Limits
from jobs.science.fraud.features import FEATURE_NAMES, fraud_features
from jobs.science.fraud.online import Payment, features_of
from jobs.science.fraud.state import online_state
from jobs.storage.objects import Objects
from jobs.storage.online import OnlineRecords

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
