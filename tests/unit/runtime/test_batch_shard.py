"""The entry of AWS Batch: the array's index takes the shard, errors leave by name and exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.errors import BadFile, BadRequest, ObjectMissing, RunLost
from jobs.runtime import planned
from jobs.runtime.batch_shard import main
from jobs.runtime.begin import begin
from jobs.runtime.home import now
from jobs.runtime.run import plan_request
from jobs.runtime.stores import Stores
from tests.unit.runtime.emf import is_metrics
from tests.unit.runtime.test_planned import restored
from tests.unit.runtime.worlds import DAY, JOB, Toy, small_home

__all__ = ["restored"]


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stores:
    monkeypatch.setattr(planned, "job_of", lambda _: JOB)
    return small_home(tmp_path, now)


@pytest.fixture
def run_id(stores: Stores) -> str:
    manifest = plan_request(JOB.step, Toy(DAY, "spring"), stores)
    begin(manifest, stores.ledger, "planner")
    return manifest.key.run_id


def environment(folder: Path, index: str | None = None) -> dict[str, str]:
    array = {} if index is None else {"AWS_BATCH_JOB_ARRAY_INDEX": index}
    return {"NETLIFT_HOME": str(folder), "AWS_BATCH_JOB_ID": "job-1", **array}


@pytest.mark.parametrize(("index", "shard", "rows"), [("0", 0, 3), ("1", 1, 2), (None, 0, 3)])
def test_the_arrays_index_takes_the_shard(
    run_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], index: str | None, shard: int, rows: int
) -> None:
    assert main([run_id, "1"], environment(tmp_path, index)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [is_metrics(line) for line in lines] == [True, False]
    assert json.loads(lines[-1]) == {"run_id": run_id, "shard": shard, "rows": rows}


def test_a_shard_that_is_staged_is_not_worked_again(run_id: str, tmp_path: Path) -> None:
    main([run_id, "1"], environment(tmp_path, "1"))
    data = set(tmp_path.glob("tables/**/*.parquet"))
    assert main([run_id, "1"], environment(tmp_path, "1")) == 0
    assert set(tmp_path.glob("tables/**/*.parquet")) == data


@pytest.mark.parametrize(
    ("words", "index", "error", "said"),
    [
        (["{run_id}", "2"], "0", RunLost, "attempt 2 may not go on"),
        (["{run_id}", "1"], "2", BadRequest, "shard 2 is none of run"),
        (["{run_id}", "1"], "x", BadRequest, "AWS_BATCH_JOB_ARRAY_INDEX is 'x'"),
        (["{run_id}", "one"], "0", BadRequest, "ATTEMPT is 'one'"),
        (["{run_id}"], "0", BadRequest, "give RUN_ID ATTEMPT"),
        (["score-uplift-spring-2026-03-01-000000000000", "1"], "0", ObjectMissing, "does not exist"),
    ],
)
def test_a_named_error_is_json_and_its_exit_code(
    run_id: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    index: str,
    error: type,
    said: str,
) -> None:
    assert main([w.format(run_id=run_id) for w in words], environment(tmp_path, index)) == error.exit_code  # type: ignore[attr-defined]
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer["errorType"] == error.__name__
    assert said in answer["errorMessage"]


def test_a_broken_file_is_named(run_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "inputs/customers/b.parquet").write_bytes(b"")
    assert main([run_id, "1"], environment(tmp_path, "1")) == BadFile.exit_code
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["errorType"] == "BadFile"


def test_a_failure_without_a_name_is_json_too(
    run_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(planned, "job_of", broken)
    assert main([run_id, "1"], environment(tmp_path)) == 1
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[-1]) == {"errorType": "ZeroDivisionError", "errorMessage": "division by zero"}
    assert "Traceback" in json.loads(err.splitlines()[-1])["error"]


def test_as_a_process_it_answers_on_stdout_alone(tmp_path: Path) -> None:
    """As the container starts it."""
    variables = {**os.environ, **environment(tmp_path, "0")}
    command = [sys.executable, "-m", "jobs.runtime.batch_shard", "no-such-run", "1"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == ObjectMissing.exit_code
    assert json.loads(done.stdout)["errorType"] == "ObjectMissing"
