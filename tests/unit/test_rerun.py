"""`netlift rerun`: shards that are staged are not worked again, the rest is, and all is committed once."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import jobs.rerun
from jobs.errors import BadFile, BadRequest, RunBusy, StorageUnavailable
from jobs.rerun import Rerun, main, rerun
from jobs.runtime.begin import begin
from jobs.runtime.home import now
from jobs.runtime.run import Job, plan_request, run_job, work_shard
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.tables.outputs import UPLIFT_SCORES
from tests.trained import states
from tests.unit.runtime.worlds import DAY, JOB, Clock, Toy, customers, put, scores, small_home

REQUEST = Toy(DAY, "spring")


class Flaky:
    """Works as the toy job does, but fails in shard 1 while it is told to; counts."""

    def __init__(self) -> None:
        self.fails = True
        self.worked: Counter[int] = Counter()

    def __call__(self, request: Toy, stores: Stores, shard: OpenShard) -> None:
        self.worked[shard.index] += 1
        if self.fails and shard.index == 1:
            raise StorageUnavailable("the store is having a bad day: try again.")
        JOB.work(request, stores, shard)

    @property
    def job(self) -> Job[Toy]:
        return replace(JOB, work=self)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stores(tmp_path: Path, clock: Clock) -> Stores:
    return small_home(tmp_path, clock)


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Flaky:
    made = Flaky()
    monkeypatch.setattr(jobs.rerun, "job_of", lambda _: made.job)
    return made


def failed(stores: Stores, flaky: Flaky) -> str:
    with pytest.raises(StorageUnavailable):
        run_job(flaky.job, REQUEST, stores)
    [run] = [r for r in stores.ledger.runs() if r["state"] == "failed"]
    return str(run["run_id"])


def test_only_the_shards_that_are_left_are_worked(stores: Stores, flaky: Flaky) -> None:
    run_id = failed(stores, flaky)
    assert stores.tables.count(UPLIFT_SCORES) == 0
    flaky.fails = False
    report = rerun(Rerun(run_id), stores)
    assert (report.run_id, report.state, report.attempt, report.rows_in) == (run_id, "finished", 2, 5)
    assert flaky.worked == {0: 1, 1: 2}
    assert [r["customer_id"] for r in scores(stores)] == ["c0", "c1", "c2", "c3", "c4"]


def test_it_gives_the_table_that_an_undisturbed_run_gives(stores: Stores, flaky: Flaky, tmp_path: Path) -> None:
    run_id = failed(stores, flaky)
    flaky.fails = False
    rerun(Rerun(run_id), stores)
    quiet = small_home(tmp_path / "quiet")
    run_job(JOB, REQUEST, quiet)
    without = [[{k: v for k, v in r.items() if k != "run_id"} for r in scores(s)] for s in (stores, quiet)]
    assert without[0] == without[1]


def test_a_rerun_that_fails_too_leaves_the_run_to_be_rerun(stores: Stores, flaky: Flaky) -> None:
    run_id = failed(stores, flaky)
    with pytest.raises(StorageUnavailable):
        rerun(Rerun(run_id), stores)
    [run] = stores.ledger.runs()
    assert (run["state"], run["attempt"], run["error"]["type"]) == ("failed", 2, "StorageUnavailable")
    flaky.fails = False
    assert rerun(Rerun(run_id), stores).attempt == 3
    assert flaky.worked == {0: 1, 1: 3}


def test_a_finished_run_is_already_done(stores: Stores, flaky: Flaky) -> None:
    report = run_job(JOB, REQUEST, stores)
    before = states(stores)
    assert rerun(Rerun(report.run_id), stores) == replace(report, state="already done")
    assert states(stores) == before
    assert not flaky.worked


def test_a_run_that_somebody_works_is_busy_and_a_dead_one_is_taken_over(
    stores: Stores, flaky: Flaky, clock: Clock
) -> None:
    manifest = plan_request(JOB.step, REQUEST, stores)
    claim = begin(manifest, stores.ledger, "the state machine")
    work_shard(JOB, manifest, claim, 0, REQUEST, stores)
    with pytest.raises(RunBusy, match="held by the state machine"):
        rerun(Rerun(manifest.key.run_id), stores)
    clock.pass_(61)
    flaky.fails = False
    assert rerun(Rerun(manifest.key.run_id), stores).state == "finished"
    assert flaky.worked == {1: 1}


def test_rows_of_a_later_run_are_not_replaced_by_older_ones(stores: Stores, flaky: Flaky, clock: Clock) -> None:
    run_id = failed(stores, flaky)
    clock.pass_(3600)
    put(stores, "inputs/customers/c.parquet", customers(5, 1))
    later = run_job(JOB, REQUEST, stores)
    before = states(stores)
    flaky.fails = False
    with pytest.raises(BadRequest, match=f"was followed by {later.run_id}.*run netlift score-uplift to plan anew"):
        rerun(Rerun(run_id), stores)
    assert states(stores) == before


def test_a_run_that_failed_after_an_earlier_one_finished_may_be_completed(
    stores: Stores, flaky: Flaky, clock: Clock
) -> None:
    run_job(JOB, REQUEST, stores)
    clock.pass_(3600)
    put(stores, "inputs/customers/c.parquet", customers(5, 1))
    run_id = failed(stores, flaky)
    flaky.fails = False
    assert rerun(Rerun(run_id), stores).rows_in == 6


def test_a_file_that_was_mended_since_the_plan_asks_for_a_new_plan(
    stores: Stores, flaky: Flaky, tmp_path: Path
) -> None:
    run_id = failed(stores, flaky)
    flaky.fails = False
    (tmp_path / "inputs/customers/b.parquet").unlink()
    put(stores, "inputs/customers/b.parquet", customers(3, 4))
    with pytest.raises(BadFile, match=r"b\.parquet has changed since the plan.*plan the run again"):
        rerun(Rerun(run_id), stores)


def test_a_run_that_was_never_planned_is_named(stores: Stores) -> None:
    with pytest.raises(BadRequest, match="'no-such-run' was never planned: netlift runs lists"):
        rerun(Rerun("no-such-run"), stores)


def test_the_command_takes_the_run_as_a_word(
    flaky: Flaky, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = failed(small_home(tmp_path, now), flaky)
    flaky.fails = False
    monkeypatch.setenv("NETLIFT_HOME", str(tmp_path))
    monkeypatch.setattr(jobs.rerun, "to_stderr", lambda: None)
    assert main([run_id]) == 0
    assert '"state": "finished"' in capsys.readouterr().out
    assert main(["--run-id", "nothing"]) == 2
    assert "was never planned" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([])
