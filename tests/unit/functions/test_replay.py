"""Replaying a day through the endpoint gives the batch's features of that day, every one of them."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.science.fraud.features import FEATURE_NAMES
from jobs.science.synthetic import World
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.online import open_online
from tests.clock import Clock
from tests.unit.functions.online_worlds import DAY, MIDNIGHT, History, crowded, differences, replayed


@pytest.fixture
def clock() -> Clock:
    return Clock(MIDNIGHT)


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
    assert _replay(crowded(seed), tmp_path, clock) > 20


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
    history = crowded(3)
    records = open_online(str(tmp_path / "online"), clock)
    history.night(DAY, records, FolderObjects(tmp_path / "objects"))
    assert set(replayed(history.batch(DAY)[0], records)) == set(FEATURE_NAMES)
