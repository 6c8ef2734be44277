"""A fifth of all requests, or of their answers, is lost: everything succeeds, and nothing happens twice."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from infra.local.home import LocalHome
from jobs.storage.catalogs import cloud_tables
from jobs.storage.models import ModelStore
from jobs.storage.s3_objects import S3Objects, s3_client
from tests.contract.scores import DAY, SCORES
from tests.faults.storage_worker import SHARDS, Stores, run
from tests.faults.unreliable import Faults, unreliable


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait is a backoff: what is proven is the outcome, not how long it takes."""
    monkeypatch.setattr("time.sleep", lambda _: None)


@pytest.fixture
def objects(local_home: LocalHome) -> Iterator[tuple[S3Objects, Faults]]:
    faults = Faults(0.2, seed=1)
    with unreliable(local_home.endpoint_url, faults) as url:
        yield S3Objects(local_home.bucket, "netlift", s3_client(local_home.region, url)), faults


def test_every_first_put_is_known_to_be_ours_and_every_second_is_not(objects: tuple[S3Objects, Faults]) -> None:
    home, faults = objects
    for i in range(60):
        assert home.put_if_absent(f"ledger/{i:06d}", b"%d" % i) is True
        assert home.put_if_absent(f"ledger/{i:06d}", b"other") is False
    assert [home.get(o.key) for o in home.list("ledger/")] == [b"%d" % i for i in range(60)]
    assert faults.answered["lost answer"] > 5
    assert faults.answered["lost request"] > 5


def test_promotions_are_all_in_the_log_once(objects: tuple[S3Objects, Faults]) -> None:
    home, _ = objects
    models = ModelStore(home, lambda: datetime(2026, 11, 1, tzinfo=UTC))
    version = models.register("fraud", {"a.txt": b"1", "b.txt": b"2"}, {"n": 1})
    for i in range(5):
        models.promote("fraud", version, f"person-{i}", "why")
    assert [h["who"] for h in models.history("fraud")] == [f"person-{i}" for i in range(5)]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
def test_whole_runs_succeed_and_commit_once(
    objects: tuple[S3Objects, Faults], local_home: LocalHome, seed: int
) -> None:
    """Also when the catalog's answers to commits that took place are lost."""
    faults = Faults(0.2, seed)
    with unreliable(local_home.catalog_url, faults) as url:
        tables = cloud_tables(local_home.table_bucket_arn, local_home.namespace, url)
        stores = Stores(objects[0], tables)
        for days_on in range(4):
            assert run(stores, DAY + timedelta(days=days_on), lambda _: None, lambda: datetime.now(UTC)) == 1
        assert tables.count(SCORES) == 4 * sum(SHARDS)
    steady = cloud_tables(local_home.table_bucket_arn, local_home.namespace, local_home.catalog_url)
    snapshots = steady._catalog.load_table((local_home.namespace, SCORES.name)).snapshots()
    assert len(snapshots) == 4
    assert faults.answered["lost answer"] > 1
