"""A planned run, shard by shard in processes of their own: logged, measured, checked, and what it cost is kept."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.errors import BadFile, BadRequest, ObjectMissing, RowsLost, RunLost
from jobs.runtime import planned
from jobs.runtime.begin import begin
from jobs.runtime.chain import step
from jobs.runtime.effort import efforts, spent
from jobs.runtime.planned import finish_planned_run, job_of, work_planned_shard
from jobs.runtime.run import plan_request
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.tables.outputs import UPLIFT_SCORES
from tests.unit.runtime.emf import is_metrics, read_metrics
from tests.unit.runtime.worlds import DAY, JOB, Clock, Toy, customers, put, scores, small_home

LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "run-shard", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048"}
BATCH = {"AWS_BATCH_JOB_ID": "job-1", "NETLIFT_MEMORY_MB": "4096", "NETLIFT_VCPUS": "2"}
OWN: dict[str, str] = {}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stores(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Stores:
    monkeypatch.setattr(planned, "job_of", lambda _: JOB)
    return small_home(tmp_path, clock)


@pytest.fixture
def run_id(stores: Stores) -> str:
    return claimed(stores)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging as it was before."""
    root = logging.getLogger()
    handlers, level, ours = root.handlers[:], root.level, logging.getLogger("jobs").level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("jobs").setLevel(ours)


def claimed(stores: Stores) -> str:
    manifest = plan_request(JOB.step, Toy(DAY, "spring"), stores)
    begin(manifest, stores.ledger, "planner")
    return manifest.key.run_id


def test_the_job_of_a_step_is_its_modules() -> None:
    assert job_of(step("publish-offers")).step.verb == "publish-offers"


def test_shards_worked_apart_and_finished_once_are_the_whole_run(stores: Stores, run_id: str) -> None:
    rows = [sum(s.rows for s in work_planned_shard(run_id, 1, shard, stores, OWN).staged) for shard in (0, 1)]
    assert rows == [3, 2]
    assert stores.tables.count(UPLIFT_SCORES) == 0
    report = finish_planned_run(run_id, 1, stores, OWN)
    assert (report["rows_in"], report["rows_out"]) == (5, {"uplift_scores": 5})
    assert finish_planned_run(run_id, 1, stores, OWN) == report
    assert len(scores(stores)) == 5


def test_on_a_machine_of_ones_own_nothing_is_printed_and_nothing_is_kept(
    stores: Stores, run_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    work_planned_shard(run_id, 1, 0, stores, OWN)
    assert capsys.readouterr().out == ""
    assert efforts(stores.objects) == {}


@pytest.mark.parametrize("environment", [LAMBDA, BATCH])
def test_a_shard_prints_one_line_of_metrics_and_names_itself_on_every_log_line(
    stores: Stores, run_id: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    work_planned_shard(run_id, 1, 1, stores, environment)
    out, err = capsys.readouterr()
    [line] = out.splitlines()
    dimensions, metrics, root = read_metrics(line)
    assert dimensions[-1] == {"stage": "unnamed", "part": "shard", "verb": "score-uplift"}
    assert {
        name: metrics[name][0] for name in ("rows_in", "rows_used", "rows_quarantined", "rows_out", "failures")
    } == {
        "rows_in": 2,
        "rows_used": 2,
        "rows_quarantined": 0,
        "rows_out": 2,
        "failures": 0,
    }
    assert metrics["peak_memory_mb"][0] > 10
    gb, vcpus = (2, None) if environment is LAMBDA else (4, 2)
    assert metrics["gb_seconds"][0] == pytest.approx(gb * metrics["seconds"][0], abs=0.01)
    assert ("vcpu_seconds" in metrics) is (vcpus is not None)
    assert (root["run_id"], root["shard"], root["attempt"], root["error"]) == (run_id, 1, 1, None)
    logged = [json.loads(said) for said in err.splitlines()]
    assert [said["message"].split(" ")[0] for said in logged] == ["begun:", "done"]
    assert {(said["run_id"], said["verb"], said["shard"]) for said in logged} == {(run_id, "score-uplift", 1)}


def test_the_runs_metrics_hold_its_rows_and_the_cost_of_all_its_parts(
    stores: Stores, run_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put(stores, "inputs/customers/later.parquet", customers(9, 4))
    work_planned_shard(run_id, 1, 0, stores, BATCH)
    work_planned_shard(run_id, 1, 1, stores, LAMBDA)
    finish_planned_run(run_id, 1, stores, LAMBDA)
    lines = [read_metrics(line) for line in capsys.readouterr().out.splitlines() if is_metrics(line)]
    assert [dimensions[0]["part"] for dimensions, _, _ in lines] == ["shard", "shard", "run"]
    _, metrics, root = lines[-1]
    assert "drift_alarms" not in metrics
    assert {name: metrics[name][0] for name in ("rows_in", "rows_out", "quarantined_percent")} == {
        "rows_in": 5,
        "rows_out": 5,
        "quarantined_percent": 0,
    }
    assert "shard" not in root
    kept = efforts(stores.objects, DAY, run_id)[run_id]
    assert [(e.shard, e.service, e.error) for e in kept] == [
        (0, "batch", None),
        (1, "lambda", None),
        (None, "lambda", None),
    ]
    total = spent(kept)
    assert metrics["gb_seconds"][0] == pytest.approx(total["batch"]["gb_seconds"] + total["lambda"]["gb_seconds"])
    assert metrics["vcpu_seconds"][0] == total["batch"]["vcpu_seconds"]


def test_a_shard_that_fails_is_counted_paid_for_and_named(
    stores: Stores, run_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "inputs/customers/b.parquet"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(BadFile, match=r"b\.parquet has changed since the plan"):
        work_planned_shard(run_id, 1, 1, stores, LAMBDA)
    out, err = capsys.readouterr()
    _, metrics, root = read_metrics(out.strip())
    assert metrics["failures"] == (1, "Count")
    assert root["error"]["type"] == "BadFile"
    assert "rows_in" not in metrics
    [effort] = efforts(stores.objects)[run_id]
    assert (effort.shard, effort.error) == (1, root["error"])
    assert json.loads(err.splitlines()[-1])["message"].endswith(root["error"]["message"])


def test_a_shard_that_left_rows_out_stops_the_commit(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows in are held against the footers of the plan's files: counts that agree with each other are not enough."""

    def careless(request: Toy, stores: Stores, shard: OpenShard) -> None:
        if shard.index == 0:
            JOB.work(request, stores, shard)

    monkeypatch.setattr(planned, "job_of", lambda _: replace(JOB, work=careless))
    run_id = claimed(stores)
    for shard in (0, 1):
        work_planned_shard(run_id, 1, shard, stores, OWN)
    with pytest.raises(RowsLost, match=r"shard 1: 0 rows of inputs/customers/b\.parquet came in, the file holds 2"):
        finish_planned_run(run_id, 1, stores, OWN)
    assert stores.tables.count(UPLIFT_SCORES) == 0


def test_a_file_that_vanished_before_the_commit_is_named(stores: Stores, run_id: str, tmp_path: Path) -> None:
    for shard in (0, 1):
        work_planned_shard(run_id, 1, shard, stores, OWN)
    (tmp_path / "inputs/customers/b.parquet").unlink()
    with pytest.raises(ObjectMissing, match=r"b\.parquet"):
        finish_planned_run(run_id, 1, stores, OWN)
    assert stores.tables.count(UPLIFT_SCORES) == 0


@pytest.mark.parametrize(("details", "alarms"), [({"stable": 7, "alarm": 2, "raised": 1}, 1), ({"alarm": 9}, 0)])
def test_drift_counts_the_variables_whose_alarm_stands(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    details: dict[str, int],
    alarms: int,
) -> None:
    def tell(request: Toy, stores: Stores, shard: OpenShard) -> None:
        shard.details |= details

    job = replace(JOB, step=replace(step("monitor-drift"), after=()), work=tell)
    monkeypatch.setattr(planned, "job_of", lambda _: job)
    stores = small_home(tmp_path)
    manifest = plan_request(job.step, Toy(DAY, "spring"), stores)
    begin(manifest, stores.ledger, "planner")
    work_planned_shard(manifest.key.run_id, 1, 0, stores, LAMBDA)
    finish_planned_run(manifest.key.run_id, 1, stores, LAMBDA)
    shard_line, run_line = [read_metrics(line)[1] for line in capsys.readouterr().out.splitlines()]
    assert "drift_alarms" not in shard_line
    assert run_line["drift_alarms"] == (alarms, "Count")


def test_a_missing_shard_stops_the_commit(stores: Stores, run_id: str) -> None:
    work_planned_shard(run_id, 1, 0, stores, OWN)
    with pytest.raises(RowsLost, match="shard 1 of 2 staged nothing"):
        finish_planned_run(run_id, 1, stores, OWN)


def test_a_shard_that_no_plan_has_and_an_attempt_that_was_never_made_are_named(stores: Stores, run_id: str) -> None:
    with pytest.raises(BadRequest, match="shard 2 is none of run"):
        work_planned_shard(run_id, 1, 2, stores, OWN)
    with pytest.raises(RunLost, match="attempt 7 may not go on"):
        work_planned_shard(run_id, 7, 0, stores, OWN)
