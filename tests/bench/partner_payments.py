"""In a process of its own: payments of very many partners and their reports, made shard by shard as Parquet files.

``python -m tests.bench.partner_payments FOLDER PARTNERS TRANSACTIONS SHARDS SEED``
"""

import datetime as dt
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

DAYS = 45
DAY_US = 86_400_000_000
RUN_DAY = dt.date(2026, 3, 1)
"""Day at whose start partners are scored."""

_LEAKING_SHARE, _LEAK_SHARE, _FRAUD_SHARE = 0.006, 0.4, 0.001


def main(folder: Path, partners: int, transactions: int, shards: int, seed: int) -> None:
    """Write the shards and say how many rows they hold."""
    shared = np.random.default_rng(seed)
    popularity = np.cumsum(shared.gamma(0.6, 1.0, partners))
    popularity /= popularity[-1]
    leaks_from = np.where(shared.random(partners) < _LEAKING_SHARE, shared.integers(0, DAYS, partners), DAYS)
    per_shard = transactions // shards
    for shard in range(shards):
        _write(folder, shard, per_shard, popularity, leaks_from, np.random.default_rng([seed, shard]))
    print(json.dumps({"rows": per_shard * shards}))


def _write(
    folder: Path, shard: int, n: int, popularity: np.ndarray, leaks_from: np.ndarray, r: np.random.Generator
) -> None:
    partner = np.searchsorted(popularity, r.random(n), side="right").clip(max=len(popularity) - 1)
    start_us = int(dt.datetime(RUN_DAY.year, RUN_DAY.month, RUN_DAY.day, tzinfo=dt.UTC).timestamp()) * 1_000_000
    at_us = r.integers(0, DAYS * DAY_US, n)
    ids = _ids("t", shard * n + np.arange(n), 11)
    fraud = r.random(n) < np.where(at_us // DAY_US >= leaks_from[partner], _LEAK_SHARE, _FRAUD_SHARE)
    moment = pa.timestamp("us", "UTC")
    occurred_us = start_us - DAYS * DAY_US + at_us
    rows = pa.table(
        {
            "transaction_id": ids,
            "customer_id": _ids("c", r.integers(0, 20 * len(popularity), n), 8),
            "partner_id": _ids("p", partner, 7),
            "occurred_at": pa.array(occurred_us).cast(moment),
            "amount_eur": np.round(r.lognormal(3.2, 0.8, n), 2),
        }
    )
    pq.write_table(rows, folder / f"transactions-{shard:05d}.parquet", compression="zstd")
    told = np.flatnonzero(fraud)
    reported_us = occurred_us[told] + (r.lognormal(0.9, 0.6, told.size) * DAY_US).astype(np.int64)
    known = told[reported_us < start_us]
    reports = {
        "transaction_id": ids.take(pa.array(known)),
        "is_fraud": np.ones(known.size, dtype=bool),
        "reported_at": pa.array(reported_us[reported_us < start_us]).cast(moment),
    }
    pq.write_table(pa.table(reports), folder / f"fraud_reports-{shard:05d}.parquet")


def _ids(prefix: str, numbers: np.ndarray, digits: int) -> pa.Array:
    padded = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width=digits, padding="0")
    return pc.binary_join_element_wise(prefix, padded, "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:6]))
