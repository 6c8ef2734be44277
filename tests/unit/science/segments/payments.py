"""Payments in a few words, and the behaviour that is read from them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import pyarrow as pa

from jobs.science.fraud.engine import Limits
from jobs.science.segments.behaviour import Window, read_behaviour
from jobs.science.synthetic import World
from jobs.tables.inputs import FRAUD_REPORTS, TRANSACTIONS

LAST = date(2026, 11, 1)  # a Sunday
WINDOW = Window(LAST, 10)


def at(days_before: int, hour: int) -> datetime:
    """A moment of a day, so many days before the last one."""
    return datetime.combine(LAST - timedelta(days=days_before), time(hour), UTC)


def payments(*rows: tuple[str, str, datetime, float]) -> pa.Table:
    """Payments as (customer, partner, moment, euro); ids count from t0."""
    columns = [[f"t{i}" for i in range(len(rows))], *(list(c) for c in zip(*rows, strict=True))]
    return pa.table(dict(zip(TRANSACTIONS.names, columns, strict=True)), schema=TRANSACTIONS.schema)


def reports(*rows: tuple[str, bool, datetime]) -> pa.Table:
    """Reports as (transaction, whether fraud, moment)."""
    return pa.Table.from_pylist(
        [dict(zip(FRAUD_REPORTS.names, row, strict=True)) for row in rows], schema=FRAUD_REPORTS.schema
    )


def customers(ids: Sequence[str], accounts: Sequence[str | None] | None = None) -> pa.Table:
    """Customers and the accounts they pay by."""
    return pa.table({"customer_id": ids, "account_id": pa.array(accounts or [None] * len(ids), pa.string())})


def behaviour(paid: pa.Table, reported: pa.Table, known: pa.Table, window: Window = WINDOW) -> dict[str, dict]:
    """Behaviour of every customer, by id."""
    with read_behaviour(paid, reported, [known], window, Limits(threads=1)) as read:
        rows = pa.concat_tables(read.customers()).to_pylist()
    return {row["customer_id"]: row for row in rows}


@cache
def of_world(seed: int, habits: bool, n_customers: int = 3_000) -> tuple[pa.Table, list[str], Window]:
    """Behaviour of the paying customers of a made-up world, the habit of each, and the window."""
    world = World(seed, n_customers, LAST, days=60, bad_rows=False, habits=habits)
    (shard,) = world.shards()
    drawn, window = world.payments(shard), Window(LAST, 60)
    known = world.customers(shard)
    habit = dict(zip(known["customer_id"].to_pylist(), world.true_segments(shard), strict=True))
    with read_behaviour(drawn.transactions, drawn.fraud_reports, [known], window, Limits(threads=1)) as read:
        rows = read.sample(n_customers)
    return rows, [habit[i] for i in rows["account_id"].to_pylist()], window
