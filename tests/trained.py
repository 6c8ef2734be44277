"""The made-up world with trained models and nothing run yet: what tests of the jobs and of whole nights stand on."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.local.load import load_world, put_parquet
from jobs.runtime.chain import NIGHT, TRAINING
from jobs.runtime.report import Report
from jobs.runtime.stores import Stores, open_stores
from jobs.science.synthetic import World
from jobs.storage.objects import Objects
from jobs.storage.tables import read_whole
from jobs.tables.declare import Table
from jobs.tables.outputs import OUTPUTS, QUARANTINE

DAY = date(2026, 11, 21)
"""Day of the night; the day before the moment that stands in events/nightly.json."""

CAMPAIGN = "spring"

FIRST_NIGHT = tuple(
    s
    for s in NIGHT
    if s.per != ("experiment",) and not any(read.awaited and read.per == "campaign" for read in s.reads)
)
"""Steps of a night in a home that has a campaign, no experiment, and no outcome yet."""

FIRST_TABLES = {"quarantine"}.union(*(step.writes for step in FIRST_NIGHT + TRAINING))
"""Tables that training and such a night write."""
CUSTOMERS = 4_000
FILE_CUSTOMERS = 2_000
TRIAL_CUSTOMERS = 20_000
"""Customers among whom the trial was run: of fewer, chance would decide whether an offer is worth its cost."""

SEED = 7


def load(objects: Objects) -> World:
    """Put the world: customers and their payments in two files each, and a trial that is large enough to answer."""
    world = World(SEED, CUSTOMERS, DAY, days=60)
    load_world(world, objects, FILE_CUSTOMERS)
    larger = World(SEED, TRIAL_CUSTOMERS, DAY, days=2)
    for number, shard in enumerate(larger.shards(FILE_CUSTOMERS)):
        if shard.first >= CUSTOMERS:
            put_parquet(objects, "trial", f"{CAMPAIGN}/part-{number:05d}", larger.trial(shard))
    return world


def build_history(stores: Stores) -> Report:
    """Build the features of the weeks before the night."""
    # Jobs are imported when they are used: every test session loads this module, few need EconML's three seconds.
    from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features

    eve = DAY - timedelta(days=1)
    return build_fraud_features(BuildFraudFeatures(eve, first_date=DAY - timedelta(days=24)), stores)


def train(stores: Stores) -> tuple[Report, Report]:
    """Train both models on what is known the day before the night; the first of their kinds, they are put to work."""
    from jobs.train_fraud import TrainFraud, train_fraud
    from jobs.train_uplift import TrainUplift, train_uplift

    eve = DAY - timedelta(days=1)
    fraud = TrainFraud(eve, train_days=10, calibration_days=3, test_days=2, rounds=60, threads=1)
    # Of all learners this one would be chosen here too; the tests of train-uplift fit all of them.
    uplift = TrainUplift(eve, CAMPAIGN, customers=CUSTOMERS, threads=1, learners=("XLearner",))
    return train_fraud(fraud, stores), train_uplift(uplift, stores)


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs, campaign and models of a trained home; copy it, never write into it."""
    made = tmp_path_factory.mktemp("made")
    stores = open_stores({"NETLIFT_HOME": str(made)})
    load(stores.objects)
    build_history(stores)
    train(stores)
    # Tables hold full paths, and the ledger speaks of tables: only what may be copied is kept.
    kept = tmp_path_factory.mktemp("trained")
    for part in ("inputs", "campaigns", "models"):
        shutil.copytree(made / part, kept / part)
    shutil.rmtree(made)
    return kept


@pytest.fixture(scope="session")
def copy_home(trained_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Stores]:
    """Return a function that opens a new copy of the trained home."""

    def copy() -> Stores:
        folder = tmp_path_factory.mktemp("copies") / "home"
        shutil.copytree(trained_folder, folder)
        return open_stores({"NETLIFT_HOME": str(folder)})

    return copy


@pytest.fixture
def trained(copy_home: Callable[[], Stores]) -> Iterator[Stores]:
    """Stores of a trained home in a folder of this test's own."""
    stores = copy_home()
    yield stores
    shutil.rmtree(folder_of(stores), ignore_errors=True)


def folder_of(stores: Stores) -> Path:
    """Folder of a home."""
    return Path(stores.objects.uri.removeprefix("file://"))


def read_input(stores: Stores, name: str) -> pa.Table:
    """Read an input file of a home in a folder; `name` as in "customers/part-00000"."""
    return pq.read_table(folder_of(stores) / "inputs" / f"{name}.parquet")


def write_input(stores: Stores, name: str, rows: pa.Table) -> Path:
    """Write an input file of a home in a folder, in the place of the one that may stand there."""
    file = folder_of(stores) / "inputs" / f"{name}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, file)
    return file


def with_value(rows: pa.Table, row: int, column: str, value: Any) -> pa.Table:
    """Return the rows with another value in one place."""
    values = rows[column].to_pylist()
    values[row] = value
    place = rows.column_names.index(column)
    return rows.set_column(place, column, pa.array(values, rows.schema.field(column).type))


def rows_of(stores: Stores, table: Table, **where: Any) -> pa.Table:
    """Read rows of an output table, in the order of its partitions and keys."""
    return read_whole(stores.tables, table, where).sort_by([(c, "ascending") for c in (*table.partition, *table.key)])


def set_aside(stores: Stores, **where: Any) -> list[dict[str, Any]]:
    """Read the quarantine as plain rows."""
    rows: list[dict[str, Any]] = rows_of(stores, QUARANTINE, **where).to_pylist()
    return rows


def states(stores: Stores) -> dict[str, str]:
    """Return for each output table that exists where its state is kept: any commit changes it."""
    kept = {name: stores.tables._load(table) for name, table in OUTPUTS.items()}  # type: ignore[attr-defined]
    return {name: found.metadata_location for name, found in kept.items() if found is not None}
