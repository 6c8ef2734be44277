"""In a process of its own: payments of very many customers with planted habits, made shard by shard as Parquet files.

``python -m tests.bench.segment_payments FOLDER CUSTOMERS TRANSACTIONS SHARDS SEED``
"""

import datetime as dt
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

DAYS = 60
DAY_US = 86_400_000_000
LAST_DAY = dt.date(2026, 3, 1)
"""A Sunday; payments end with it."""

HABIT_SHARES = (0.40, 0.22, 0.18, 0.20)
"""Everyday, evening, weekend, loyal."""

_PARTNERS = 3_000
_EVENING_SHARE, _WEEKEND_SHARE, _LOYAL_SHARE, _FRAUD_SHARE = 0.9, 0.94, 0.92, 0.003
_CUSTOMERS_PER_FILE = 50_000


def habits(seed: int, customers: int) -> np.ndarray:
    """Return the planted habit of each customer, a place in HABIT_SHARES."""
    edges = np.cumsum(HABIT_SHARES)[:-1]
    return np.searchsorted(edges, np.random.default_rng(seed).random(customers), side="right").astype(np.int8)


def main(folder: Path, customers: int, transactions: int, shards: int, seed: int) -> None:
    """Write customers and shards, and say how many rows they hold."""
    habit = habits(seed, customers)
    for first in range(0, customers, _CUSTOMERS_PER_FILE):
        ids = _ids("c", np.arange(first, min(first + _CUSTOMERS_PER_FILE, customers)), 8)
        rows = pa.table({"customer_id": ids, "account_id": pa.nulls(len(ids), pa.string())})
        pq.write_table(rows, folder / f"customers-{first:08d}.parquet")
    per_shard = transactions // shards
    for shard in range(shards):
        _write(folder, shard, per_shard, habit, np.random.default_rng([seed, shard]))
    print(json.dumps({"customers": customers, "rows": per_shard * shards}))


def _write(folder: Path, shard: int, n: int, habit: np.ndarray, r: np.random.Generator) -> None:
    """Any customer pays in any shard: what one did lies in all files."""
    customer = r.integers(0, len(habit), n)
    way = habit[customer]
    day = r.integers(0, DAYS, n)
    free = np.flatnonzero(np.isin((DAYS - 1 - np.arange(DAYS)) % 7, (0, 1)))  # the last day is a Sunday
    at_weekend = (way == 2) & (r.random(n) < _WEEKEND_SHARE)
    day[at_weekend] = free[r.integers(0, len(free), int(at_weekend.sum()))]
    hour = np.clip(r.normal(14.0, 3.6, n), 0.0, 23.99)
    in_evening = (way == 1) & (r.random(n) < _EVENING_SHARE)
    hour[in_evening] = np.clip(r.normal(20.0, 1.3, int(in_evening.sum())), 17.0, 23.9)
    partner = r.integers(0, _PARTNERS, n)
    loyal = (way == 3) & (r.random(n) < _LOYAL_SHARE)
    partner[loyal] = customer[loyal] * 7_919 % _PARTNERS
    end = dt.datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day, tzinfo=dt.UTC) + dt.timedelta(days=1)
    first_us = int(end.timestamp()) * 1_000_000 - DAYS * DAY_US
    at_us = first_us + day * DAY_US + (hour * 3_600_000_000).astype(np.int64)
    moment = pa.timestamp("us", "UTC")
    ids = _ids("t", shard * n + np.arange(n), 11)
    rows = pa.table(
        {
            "transaction_id": ids,
            "customer_id": _ids("c", customer, 8),
            "partner_id": _ids("p", partner, 5),
            "occurred_at": pa.array(at_us).cast(moment),
            "amount_eur": np.round(r.lognormal(3.2, 0.8, n), 2),
        }
    )
    pq.write_table(rows, folder / f"transactions-{shard:05d}.parquet", compression="zstd")
    told = np.flatnonzero(r.random(n) < _FRAUD_SHARE)
    reports = {
        "transaction_id": ids.take(pa.array(told)),
        "is_fraud": np.ones(told.size, dtype=bool),
        "reported_at": pa.array(at_us[told] + 2 * DAY_US).cast(moment),
    }
    pq.write_table(pa.table(reports), folder / f"fraud_reports-{shard:05d}.parquet")


def _ids(prefix: str, numbers: np.ndarray, digits: int) -> pa.Array:
    padded = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width=digits, padding="0")
    return pc.binary_join_element_wise(prefix, padded, "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:6]))
