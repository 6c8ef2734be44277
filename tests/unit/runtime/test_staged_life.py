"""Staged files do not live for ever: S3 Tables removes those no commit names after three days.

What is older than the ledger trusts is staged again, what is younger is used, and the table comes out the same.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.errors import RowsLost
from jobs.runtime.begin import begin
from jobs.runtime.run import Job, finish_run, plan_request, run_job, work_shard
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.storage.ledger import STAGED_LIFE_S
from tests.unit.runtime.worlds import DAY, JOB, Clock, Toy, scores, small_home

REQUEST = Toy(DAY, "spring")
UNREFERENCED_S = 3 * 24 * 3600
"""Seconds after which the template has a table bucket remove files that no commit names."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stores(tmp_path: Path, clock: Clock) -> Stores:
    return small_home(tmp_path, clock)


@pytest.fixture
def worked() -> Counter[int]:
    return Counter()


@pytest.fixture
def job(worked: Counter[int]) -> Job[Toy]:
    """The toy job, which counts the shards that it works."""

    def work(request: Toy, stores: Stores, shard: OpenShard) -> None:
        worked[shard.index] += 1
        JOB.work(request, stores, shard)

    return replace(JOB, work=work)


def stage_first_shard_and_die(job: Job[Toy], stores: Stores) -> list[Path]:
    """Stage shard 0 and come to no end; return its files."""
    manifest = plan_request(job.step, REQUEST, stores)
    claim = begin(manifest, stores.ledger, "dead")
    record = work_shard(job, manifest, claim, 0, REQUEST, stores)
    return [Path(file.path.removeprefix("file://")) for file in record.staged]


def test_the_ledger_stops_to_trust_a_file_hours_before_it_may_be_removed() -> None:
    assert UNREFERENCED_S - 24 * 3600 < STAGED_LIFE_S <= UNREFERENCED_S - 6 * 3600


def test_files_older_than_that_are_staged_again(
    stores: Stores, clock: Clock, job: Job[Toy], worked: Counter[int]
) -> None:
    """Even when S3 Tables has removed them meanwhile."""
    old = stage_first_shard_and_die(job, stores)
    clock.pass_(UNREFERENCED_S + 1)
    for file in old:
        file.unlink()
    report = run_job(job, REQUEST, stores)
    assert worked == {0: 2, 1: 1}
    assert (report.attempt, report.rows_in) == (2, 5)
    assert [r["customer_id"] for r in scores(stores)] == ["c0", "c1", "c2", "c3", "c4"]


def test_younger_files_are_used(stores: Stores, clock: Clock, job: Job[Toy], worked: Counter[int]) -> None:
    stage_first_shard_and_die(job, stores)
    clock.pass_(STAGED_LIFE_S)
    run_job(job, REQUEST, stores)
    assert worked == {0: 1, 1: 1}
    assert len(scores(stores)) == 5


def test_finishing_refuses_files_that_grew_too_old(stores: Stores, clock: Clock, job: Job[Toy]) -> None:
    """A state machine that was held up for days commits nothing that may be gone."""
    manifest = plan_request(job.step, REQUEST, stores)
    claim = begin(manifest, stores.ledger, "slow")
    for shard in range(manifest.shards):
        work_shard(job, manifest, claim, shard, REQUEST, stores)
    clock.pass_(STAGED_LIFE_S + 1)
    with pytest.raises(RowsLost, match="shard 0 of 2 staged nothing: run it again"):
        finish_run(manifest, claim, stores)
    assert scores(stores) == []
