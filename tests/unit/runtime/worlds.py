"""A small home with a campaign, customers in two files and a champion: what the tests of the runtime stand on."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runtime.chain import step
from jobs.runtime.run import Job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores, open_stores
from jobs.tables.inputs import CUSTOMERS
from jobs.tables.outputs import UPLIFT_SCORES

DAY = date(2026, 3, 1)
CAMPAIGN = b"""
id = "spring"
owner = "growth"
control = "none"
budget_eur = 100.0
fraud_loss_eur = 1.0
features = [{ name = "age", type = "number" }]
arms = [{ name = "coupon" }]
"""


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Toy:
    """Score customers by their age."""

    run_date: date
    campaign: str
    factor: float = 1.0


def work(request: Toy, stores: Stores, shard: OpenShard) -> None:
    for rows in shard.read(CUSTOMERS):
        n = rows.num_rows
        shard.details["customers"] = shard.details.get("customers", 0) + n
        scores = {
            "customer_id": rows["customer_id"],
            "arm": ["coupon"] * n,
            "effect_eur": [request.factor] * n,
            "consent": rows["consent"],
            "account_id": rows["customer_id"],
            "model_version": ["v1"] * n,
        }
        shard.stage(UPLIFT_SCORES, pa.table(scores))


JOB = Job(step("score-uplift"), Toy, work)


def customers(first: int, n: int, **columns: list) -> pa.Table:
    rows = {
        "customer_id": [f"c{first + i}" for i in range(n)],
        "as_of": [datetime(2026, 3, 1, tzinfo=UTC)] * n,
        "consent": [True] * n,
        **columns,
    }
    return pa.table(rows)


def put(stores: Stores, key: str, rows: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink)
    assert stores.objects.put_if_absent(key, sink.getvalue().to_pybytes())


def small_home(folder: Path, clock: Clock | None = None) -> Stores:
    stores = open_stores({"NETLIFT_HOME": str(folder)}, clock or Clock())
    stores.objects.put_if_absent("campaigns/spring.toml", CAMPAIGN)
    stores.models.promote("uplift-spring", stores.models.register("uplift-spring", {"m": b"1"}, {}), "test", "first")
    put(stores, "inputs/customers/a.parquet", customers(0, 3))
    put(stores, "inputs/customers/b.parquet", customers(3, 2))
    return stores


def scores(stores: Stores) -> list[dict]:
    rows = [r for part in stores.tables.read(UPLIFT_SCORES) for r in part.to_pylist()]
    return sorted(rows, key=lambda r: r["customer_id"])
