"""A table for the suites of storage, with every type that a declared table may have."""

from datetime import date
from typing import Any

import pyarrow as pa

from jobs.tables.declare import TIMESTAMP, Column, Table

DAY = date(2026, 11, 1)
NEXT_DAY = date(2026, 11, 2)
CAMPAIGN = "a-campaign-whose-name-is-far-longer-than-sixteen-characters"

SCORES = Table(
    "scores",
    "a score",
    (
        Column("run_date", pa.date32(), "", "day"),
        Column("campaign_id", pa.string(), "", "campaign"),
        Column("customer_id", pa.string(), "", "who"),
        Column("score", pa.float64(), "euro", "how much"),
        Column("share", pa.float32(), "in [0, 1]", "a part", nullable=True),
        Column("rank", pa.int64(), "count", "place"),
        Column("consent", pa.bool_(), "", "whether"),
        Column("at", TIMESTAMP, "UTC", "when", nullable=True),
        Column("reason", pa.string(), "", "why", nullable=True),
        Column("run_id", pa.string(), "", "run"),
    ),
    key=("customer_id",),
    partition=("run_date", "campaign_id"),
)


def rows(day: date, campaign_id: str, n: int, run_id: str = "run-1", **values: Any) -> pa.Table:
    """Make `n` rows; `values` replace whole columns by one value each."""
    columns = {
        "run_date": pa.repeat(pa.scalar(day, pa.date32()), n),
        "campaign_id": pa.repeat(pa.scalar(campaign_id), n),
        "customer_id": pa.array([f"c{i:06d}" for i in range(n)]),
        "score": pa.array([i / 8 for i in range(n)]),
        "share": pa.array([None if i % 3 == 0 else i / n for i in range(n)], pa.float32()),
        "rank": pa.array(range(n), pa.int64()),
        "consent": pa.array([i % 2 == 0 for i in range(n)]),
        "at": pa.array([None if i % 2 else 1_793_491_200_000_000 + i for i in range(n)], pa.int64()).cast(TIMESTAMP),
        "reason": pa.array([None if i % 2 else "wörtlich" for i in range(n)], pa.string()),
        "run_id": pa.repeat(pa.scalar(run_id), n),
    }
    for name, value in values.items():
        columns[name] = pa.repeat(pa.scalar(value, columns[name].type), n)
    return pa.table(columns)
