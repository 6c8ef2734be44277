"""A run of build-fraud-features writes online between its commit and its report: finished says that both are done."""

import dataclasses
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from infra.local.load import load_world
from jobs.build_fraud_features import JOB, BuildFraudFeatures, build_fraud_features
from jobs.errors import StorageUnavailable
from jobs.runtime.begin import begin
from jobs.runtime.online_layout import NIGHT
from jobs.runtime.planned import finish_planned_run, work_planned_shard
from jobs.runtime.run import plan_request
from jobs.runtime.stores import Stores, open_stores
from jobs.science.synthetic import World
from jobs.storage.ledger import Claim
from jobs.storage.online import Record
from jobs.storage.online_folder import FolderRecords
from jobs.tables.outputs import FRAUD_FEATURES
from tests.trained import DAY, rows_of

ASKED = BuildFraudFeatures(DAY)


class Broken(FolderRecords):
    """Records that cannot be written."""

    def write(self, records: Iterable[tuple[str, Record]]) -> int:
        raise StorageUnavailable("DynamoDB is away: try again.")


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    home = {"NETLIFT_HOME": str(tmp_path / "home"), "NETLIFT_ONLINE": str(tmp_path / "online")}
    opened = open_stores(home)
    load_world(World(5, 150, DAY, days=12), opened.objects, 75)
    return opened


def test_the_report_says_what_was_written_and_the_same_run_again_writes_nothing(stores: Stores) -> None:
    assert stores.online is not None
    report = build_fraud_features(ASKED, stores)
    assert report.details["online_as_of"] == "2026-11-22"
    rows = report.details["online_customers"] + report.details["online_partners"]
    assert report.details["online_written"] == rows > 150
    assert stores.online.read([NIGHT])[NIGHT]["state"] == report.details["online_state"]
    read = [info for name in ("transactions", "fraud_reports") for info in stores.objects.list(f"inputs/{name}/")]
    rows_in = sum(pq.read_table(BytesIO(stores.objects.get(info.key))).num_rows for info in read)
    assert report.rows_in == rows_in, "inputs are read once, though they are used twice"
    assert build_fraud_features(ASKED, stores).state == "already done"


def test_a_run_that_could_not_write_online_is_not_finished_and_its_next_attempt_is(
    stores: Stores, tmp_path: Path
) -> None:
    broken = dataclasses.replace(stores, online=Broken(tmp_path / "online", stores.clock))
    with pytest.raises(StorageUnavailable, match="DynamoDB is away"):
        build_fraud_features(ASKED, broken)
    before = rows_of(stores, FRAUD_FEATURES, run_date=DAY)
    assert before.num_rows, "the tables were committed"
    report = build_fraud_features(ASKED, stores)
    assert (report.state, report.attempt) == ("finished", 2)
    assert report.details["online_written"] > 150
    assert rows_of(stores, FRAUD_FEATURES, run_date=DAY).equals(before)


def test_in_processes_of_its_own_the_finishing_step_writes(stores: Stores) -> None:
    assert stores.online is not None
    manifest = plan_request(JOB.step, ASKED, stores)
    claim = begin(manifest, stores.ledger, "a test")
    assert isinstance(claim, Claim)
    work_planned_shard(manifest.key.run_id, claim.attempt, 0, stores, {})
    assert stores.online.read([NIGHT]) == {}, "a shard only stages"
    report = finish_planned_run(manifest.key.run_id, claim.attempt, stores, {})
    assert report["details"]["online_written"] > 150
    assert NIGHT in stores.online.read([NIGHT])


def test_where_nobody_asks_nothing_is_kept(stores: Stores) -> None:
    quiet = dataclasses.replace(stores, online=None)
    report = build_fraud_features(ASKED, quiet)
    assert not [name for name in report.details if name.startswith("online")]
    assert stores.objects.list("online/") == []
