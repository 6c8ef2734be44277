"""`netlift runs`: state, rows, seconds, cost and the way out of a failure, for every run."""

import dataclasses
import json
from pathlib import Path

import pytest

from jobs.errors import BadFile
from jobs.runs import Runs, lines, main, runs
from jobs.runtime import planned
from jobs.runtime.begin import begin
from jobs.runtime.planned import finish_planned_run, work_planned_shard
from jobs.runtime.prices import Prices
from jobs.runtime.run import plan_request, run_job
from jobs.runtime.stores import Stores
from tests.unit.runtime.worlds import DAY, JOB, Clock, Toy, customers, put, small_home

REQUEST = Toy(DAY, "spring")
LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "run-shard", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stores(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Stores:
    monkeypatch.setattr(planned, "job_of", lambda _: JOB)
    monkeypatch.setattr(planned, "to_stderr", lambda _: None)
    return small_home(tmp_path, clock)


def test_a_finished_run_shows_its_report(stores: Stores) -> None:
    put(stores, "inputs/customers/c.parquet", customers(5, 2, consent=[True, None]))
    report = run_job(JOB, REQUEST, stores)
    [row] = runs(Runs(DAY), stores)
    assert (row.run_id, row.state, row.rows_in, row.rows_quarantined, row.rows_out) == (
        report.run_id, "finished", 7, 1, 7,
    )  # fmt: skip
    assert (row.seconds, row.report) == (report.seconds, report.to_dict())
    assert (row.spent, row.usd, row.error) == ({}, None, "")


def test_a_run_in_lambda_shows_what_all_its_parts_cost(stores: Stores) -> None:
    manifest = plan_request(JOB.step, REQUEST, stores)
    begin(manifest, stores.ledger, "planner")
    for shard in (0, 1):
        work_planned_shard(manifest.key.run_id, 1, shard, stores, LAMBDA)
    finish_planned_run(manifest.key.run_id, 1, stores, LAMBDA)
    [row] = runs(Runs(), stores, Prices(lambda_gb_second_usd=10.0))
    seconds, gb_seconds = row.spent["lambda"]["seconds"], row.spent["lambda"]["gb_seconds"]
    assert gb_seconds == pytest.approx(2 * seconds, abs=0.01)
    assert row.usd == pytest.approx(10 * gb_seconds)


def test_a_failed_run_says_why_and_what_to_do(stores: Stores, clock: Clock) -> None:
    stores.objects.put_if_absent("inputs/customers/c.parquet", b"")
    with pytest.raises(BadFile):
        run_job(JOB, REQUEST, stores)
    [row] = runs(Runs(DAY), stores)
    assert (row.state, row.rows_in) == ("failed", None)
    assert row.error.startswith("BadFile: ")
    assert f"netlift rerun {row.run_id}" in lines([row])
    assert "c.parquet is empty" in lines([row])
    longest = dataclasses.replace(
        row, run_id="build-fraud-features-fraud-2026-11-21-0123456789ab", rows_in=90_000_000, error=""
    )
    assert max(map(len, lines([longest]).splitlines())) <= 120, "a terminal of 120 columns holds a line"


def test_a_run_is_running_then_dead_and_names_the_shard_that_failed_in_its_own_process(
    stores: Stores, clock: Clock, tmp_path: Path
) -> None:
    manifest = plan_request(JOB.step, REQUEST, stores)
    begin(manifest, stores.ledger, "planner")
    (tmp_path / "inputs/customers/b.parquet").unlink()
    with pytest.raises(Exception, match=r"b\.parquet"):
        work_planned_shard(manifest.key.run_id, 1, 1, stores, LAMBDA)
    clock.pass_(10)
    [row] = runs(Runs(DAY), stores)
    assert (row.state, row.seconds) == ("running", 10.0)
    assert row.error.startswith("shard 1: ObjectMissing: ")
    clock.pass_(61)
    [row] = runs(Runs(DAY), stores)
    assert (row.state, row.seconds) == ("dead", None)
    assert "netlift rerun" in lines([row])


def test_one_day_is_asked_for_or_all(stores: Stores) -> None:
    later = dataclasses.replace(REQUEST, run_date=DAY.replace(day=2))
    run_job(JOB, later, stores)
    run_job(JOB, REQUEST, stores)
    assert [row.run_date for row in runs(Runs(), stores)] == ["2026-03-01", "2026-03-02"]
    assert [row.run_date for row in runs(Runs(DAY), stores)] == ["2026-03-01"]
    assert len(lines(runs(Runs(), stores)).splitlines()) == 3


def test_the_command_prints_a_table_or_json(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NETLIFT_HOME", str(tmp_path))
    assert main([]) == 0
    assert "no run yet" in capsys.readouterr().out
    report = run_job(JOB, REQUEST, stores)
    assert main(["--run-date", str(DAY)]) == 0
    assert report.run_id in capsys.readouterr().out
    assert main(["--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert row["report"] == report.to_dict()
    monkeypatch.delenv("NETLIFT_HOME")
    assert main([]) == 40
    assert "NETLIFT_HOME is not set" in capsys.readouterr().err
