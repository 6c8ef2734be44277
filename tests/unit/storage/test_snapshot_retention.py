"""How long snapshots are kept is set before a commit, of the table that is committed to, by S3 Tables' own API."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from infra.local.home import LocalHome
from jobs.errors import BadEnvironment, NetliftError
from jobs.runtime.stores import open_stores
from jobs.storage.iceberg_tables import IcebergTables
from jobs.storage.snapshot_retention import SnapshotRetention
from tests.contract.conftest import finish
from tests.contract.scores import CAMPAIGN, DAY, SCORES, rows


@pytest.fixture
def home(local_home: LocalHome) -> Iterator[LocalHome]:
    with local_home.applied():
        yield local_home


def _commit(tables: Any, run_id: str = "run-1") -> None:
    assert isinstance(tables, IcebergTables)
    writer = tables.open_stage(SCORES, {"run_date": DAY, "campaign_id": CAMPAIGN}, run_id)
    writer.write(rows(DAY, CAMPAIGN, 3, run_id))
    staged = writer.close()
    assert staged is not None
    finish(tables, [staged], run_id)


def _configured(home: LocalHome) -> dict[str, Any]:
    answer = boto3.client("s3tables").get_table_maintenance_configuration(
        tableBucketARN=home.table_bucket_arn, namespace=home.namespace, name=SCORES.name
    )
    return dict(answer["configuration"])


def test_a_commit_sets_it_and_a_later_one_sets_what_is_asked_then(home: LocalHome) -> None:
    """So a changed parameter of the template reaches tables that are there already."""
    for run_id, hours in (("run-1", 48), ("run-2", 240)):
        _commit(open_stores({**home.environment(), "NETLIFT_SNAPSHOT_HOURS": str(hours)}).tables, run_id)
        assert _configured(home) == {
            "icebergSnapshotManagement": {
                "status": "enabled",
                "settings": {"icebergSnapshotManagement": {"maxSnapshotAgeHours": hours, "minSnapshotsToKeep": 1}},
            }
        }


def test_without_a_word_the_service_keeps_its_own_and_is_not_asked(home: LocalHome) -> None:
    _commit(open_stores(home.environment()).tables)
    assert _configured(home) == {}


def test_it_is_told_once_a_table_and_process(home: LocalHome, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = open_stores({**home.environment(), "NETLIFT_SNAPSHOT_HOURS": "48"}).tables
    _commit(tables)
    monkeypatch.setattr(boto3, "client", None)
    _commit(tables, "run-2")
    assert tables.count(SCORES) == 3


def test_iceberg_properties_that_would_stop_all_expiry_are_not_set(home: LocalHome) -> None:
    """S3 Tables expires nothing of a table whose properties ask for longer than its own configuration."""
    stores = open_stores({**home.environment(), "NETLIFT_SNAPSHOT_HOURS": "48"})
    _commit(stores.tables)
    kept = stores.tables._load(SCORES)  # type: ignore[attr-defined]
    assert kept is not None
    assert not [name for name in kept.properties if name.startswith("history.expire.")]


def test_a_table_that_is_none_is_named(home: LocalHome) -> None:
    with pytest.raises(NetliftError, match=r"snapshots of table netlift\.absent are kept"):
        SnapshotRetention(home.table_bucket_arn, home.namespace, 48).keep("absent")


@pytest.mark.parametrize("hours", ["0", "-1", "five", "1.5"])
def test_hours_that_are_none_are_named(home: LocalHome, hours: str) -> None:
    with pytest.raises(BadEnvironment, match=f"NETLIFT_SNAPSHOT_HOURS is '{hours}': set it to a whole number"):
        open_stores({**home.environment(), "NETLIFT_SNAPSHOT_HOURS": hours})
