"""Replaying a day through the endpoint gives the batch's features of that day, every one of them."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.science.fraud.features import FEATURE_NAMES
from jobs.science.synthetic import World
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.online import open_online
from tests.clock import Clock
from tests.unit.functions.online_worlds import History, differences, replayed

DAY = dt.date(2026, 11, 21)
MIDNIGHT = dt.datetime.combine(DAY, dt.time.min, dt.UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(MIDNIGHT)


def _crowded(seed: int) -> History:
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


def _replay(history: History, folder: Path, clock: Clock, day: dt.date = DAY, limit: int | None = None) -> int:
    records = open_online(str(folder / "online"), clock)
    history.night(day, records, FolderObjects(folder / "objects"))
    rows = history.batch(day)[:limit]
    for row in rows:
        found = differences(row, replayed(row, records))
        assert not found, (row["transaction_id"], found)
    return len(rows)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_crowded_day_gives_the_batchs_features(seed: int, tmp_path: Path, clock: Clock) -> None:
    assert _replay(_crowded(seed), tmp_path, clock) > 20


def test_the_synthetic_worlds_day_gives_the_batchs_features(tmp_path: Path, clock: Clock) -> None:
    world = World(7, 1_000, DAY, days=60)
    [shard] = world.shards(1_000)
    history = History(world.transactions(shard), world.fraud_reports(shard))
    assert _replay(history, tmp_path, clock, limit=250) > 100


def test_a_slice_of_the_handbook_gives_the_batchs_features(
    data_dir: Path, tmp_path: Path, handbook: Callable[[Path, dt.date], History]
) -> None:
    day = dt.date(2018, 8, 8)
    clock = Clock(dt.datetime.combine(day, dt.time.min, dt.UTC))
    assert _replay(handbook(data_dir, day), tmp_path, clock, day=day, limit=250) == 250


@pytest.fixture
def handbook() -> Callable[[Path, dt.date], History]:
    """Payments of every twentieth customer in the weeks up to a day, and their labels a week later."""

    def read(folder: Path, day: dt.date) -> History:
        rows = pq.read_table(folder / "handbook_transactions.parquet").to_pandas()
        at = rows["TX_DATETIME"].dt.tz_localize("UTC")
        end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, dt.UTC)
        kept = (at < end) & (at >= end - dt.timedelta(days=46)) & (rows["CUSTOMER_ID"].astype(int) % 20 == 0)
        rows, at = rows[kept], at[kept]
        transactions = pa.table(
            {
                "transaction_id": [f"{i:010d}" for i in rows["TRANSACTION_ID"]],
                "customer_id": rows["CUSTOMER_ID"].astype(str).tolist(),
                "partner_id": rows["TERMINAL_ID"].astype(str).tolist(),
                "occurred_at": pa.array(at.tolist(), pa.timestamp("us", "UTC")),
                "amount_eur": rows["TX_AMOUNT"].to_numpy(),
            }
        )
        fraud = rows["TX_FRAUD"].to_numpy() == 1
        reports = pa.table(
            {
                "transaction_id": transactions["transaction_id"].filter(pa.array(fraud)),
                "is_fraud": pa.array([True] * int(fraud.sum())),
                "reported_at": pa.nulls(int(fraud.sum()), pa.timestamp("us", "UTC")),
            }
        )
        return History(transactions, reports)

    return read


def test_nothing_is_left_out(tmp_path: Path, clock: Clock) -> None:
    """The features that are compared are all that a model can read."""
    history = _crowded(3)
    records = open_online(str(tmp_path / "online"), clock)
    history.night(DAY, records, FolderObjects(tmp_path / "objects"))
    assert set(replayed(history.batch(DAY)[0], records)) == set(FEATURE_NAMES)
