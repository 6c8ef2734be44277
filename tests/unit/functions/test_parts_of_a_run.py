"""The handlers on a run that fans out: shared out, counted, worked part by part, failures named by phase."""

import json
from typing import Any

import pytest

from functions import fail_run, plan_shards, run_shard
from functions.finish_run import handler as finish
from jobs.errors import BadRequest
from jobs.runtime.batch_shard import main as batch_shard
from jobs.runtime.effort import Effort, keep
from jobs.runtime.plan import read_manifest
from jobs.runtime.sharing import PART, SHARE
from jobs.runtime.stores import Stores
from jobs.score_uplift import ScoreUplift, score_uplift
from jobs.tables.outputs import OFFERS
from tests.trained import CAMPAIGN, CUSTOMERS, DAY, folder_of
from tests.unit.functions.handlers import Context, example

PARTS = 2
"""One for each file of scores: its row group is larger than a part."""


@pytest.fixture
def planned(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("NETLIFT_FAN_OUT_MB", "0")
    monkeypatch.setenv("NETLIFT_PART_ROWS", "5000")
    score_uplift(ScoreUplift(DAY, CAMPAIGN, threads=1), stores)
    step = example("plan_shards.step", verb="allocate-offers", kind="offers")
    return plan_shards.handler(step, Context())


def _count(run_id: str, engine: str = "lambda") -> dict[str, Any]:
    return plan_shards.handler(example("plan_shards.parts", run_id=run_id, engine=engine), Context())


def _work(name: str, run_id: str, shard: int = 0) -> dict[str, Any]:
    return run_shard.handler(example(name, run_id=run_id, shard=shard), Context())


def test_a_run_goes_through_its_phases_and_everybody_has_a_row(stores: Stores, planned: dict[str, Any]) -> None:
    run_id = planned["run_id"]
    assert (planned["fan_out"], planned["engine"], planned["shards"]) == (True, "lambda", [0])
    assert _work("run_shard.share", run_id) == {"run_id": run_id, "parts": PARTS}
    assert _count(run_id) == {"left": PARTS, "parts": [0, 1], "array_size": PARTS}
    assert _count(run_id, "batch") == {"left": PARTS, "parts": [], "array_size": PARTS}
    assert _work("run_shard.part", run_id, 1)["bytes"] > 1_000
    assert _count(run_id)["parts"] == [0]
    _work("run_shard.part", run_id, 0)
    assert _work("run_shard", run_id)["rows"] == CUSTOMERS
    finish(example("finish_run", run_id=run_id), Context())
    assert stores.tables.count(OFFERS) == CUSTOMERS


def test_a_small_run_is_planned_to_be_worked_whole(stores: Stores) -> None:
    assert plan_shards.handler(example("plan_shards.step"), Context())["fan_out"] is False


def test_batch_takes_the_phase_as_a_word(
    stores: Stores, planned: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def run(phase: str, index: int) -> tuple[int, dict[str, Any]]:
        home = {"NETLIFT_HOME": str(folder_of(stores)), "AWS_BATCH_JOB_ARRAY_INDEX": str(index)}
        code = batch_shard([planned["run_id"], "1", phase], home)
        return code, json.loads(capsys.readouterr().out.splitlines()[-1])

    assert run("share", 0) == (0, {"run_id": planned["run_id"], "parts": PARTS})
    code, answer = run("part", 1)
    assert (code, answer["part"]) == (0, 1)
    assert run("part", 2)[1]["errorType"] == "BadRequest"
    assert run("dance", 0) == (
        BadRequest.exit_code,
        {"errorType": "BadRequest", "errorMessage": "phase 'dance' is none: give share, part or work."},
    )


@pytest.mark.parametrize(
    ("shared", "phase", "number", "said"),
    [(False, SHARE, 0, "the sharing out of"), (True, PART, 1, "part 1 of")],
)
def test_what_ended_a_phase_in_batch_is_named(
    stores: Stores, planned: dict[str, Any], shared: bool, phase: str, number: int, said: str
) -> None:
    run_id = planned["run_id"]
    if shared:
        _work("run_shard.share", run_id)
        _work("run_shard.part", run_id, 0)
    error = {"type": "BadFile", "message": "it is truncated."}
    effort = Effort(run_id, 1, number, "batch", 1.0, 1.0, None, None, error, phase)
    keep(effort, read_manifest(stores, run_id), stores.objects)
    answer = fail_run.handler(example("fail_run", run_id=run_id), Context())
    assert (answer["error"], answer["cause"]) == ("BadFile", f"{said} {run_id}: it is truncated.")


def test_a_part_that_died_without_a_word_is_named(stores: Stores, planned: dict[str, Any]) -> None:
    run_id = planned["run_id"]
    _work("run_shard.share", run_id)
    _work("run_shard.part", run_id, 0)
    answer = fail_run.handler(example("fail_run", run_id=run_id), Context())
    assert answer["error"] == "ShardDied"
    assert answer["cause"].startswith(f"part 1 of {run_id} died in AWS Batch")


def test_parts_that_are_asked_for_out_of_turn_are_named(stores: Stores, planned: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="was not shared out yet"):
        _count(planned["run_id"])
    with pytest.raises(BadRequest, match="phase 7 is none"):
        run_shard.handler({**example("run_shard.part", run_id=planned["run_id"]), "phase": 7}, Context())
    with pytest.raises(BadRequest, match="'engine' is None, must be str"):
        plan_shards.handler({"run_id": planned["run_id"]}, Context())
