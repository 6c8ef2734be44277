"""fail_run ends an attempt and finds the failure's name, which AWS Batch never says."""

import json
from typing import Any

import pytest

from functions import plan_shards, run_shard
from functions.fail_run import handler
from jobs.errors import BadRequest
from jobs.runtime.effort import Effort, keep
from jobs.runtime.plan import read_manifest
from jobs.runtime.stores import Stores
from tests.unit.functions.handlers import Context, example

BATCH = example("fail_run")["failure"]


@pytest.fixture
def run_id(stores: Stores) -> str:
    return str(plan_shards.handler(example("plan_shards.step"), Context())["run_id"])


def _fail(run_id: str, failure: Any = BATCH, attempt: int = 1) -> dict[str, Any]:
    return handler(example("fail_run", run_id=run_id, failure=failure, attempt=attempt), Context())


def _ended_with(stores: Stores, run_id: str, shard: int, name: str, attempt: int = 1) -> None:
    error = {"type": name, "message": f"what {name} says"}
    effort = Effort(run_id, attempt, shard, "batch", 1.0, 1.0, None, None, error)
    keep(effort, read_manifest(stores, run_id), stores.objects)


def test_the_error_of_a_shard_that_is_not_staged_is_the_runs(stores: Stores, run_id: str) -> None:
    """Shard 0 had an error too, was worked again, and is staged."""
    _ended_with(stores, run_id, 0, "StorageUnavailable")
    run_shard.handler(example("run_shard", run_id=run_id, shard=0), Context())
    _ended_with(stores, run_id, 1, "BadFile")
    answer = _fail(run_id)
    assert (answer["error"], answer["cause"]) == ("BadFile", f"shard 1 of {run_id}: what BadFile says")
    [run] = stores.ledger.runs()
    assert (run["state"], run["error"]) == ("failed", {"type": "BadFile", "message": answer["cause"]})


def test_the_next_trigger_need_not_wait_and_works_only_what_is_missing(stores: Stores, run_id: str) -> None:
    run_shard.handler(example("run_shard", run_id=run_id, shard=0), Context())
    _fail(run_id)
    again = plan_shards.handler(example("plan_shards.step"), Context())
    assert (again["state"], again["run_id"], again["attempt"], again["shards"]) == ("planned", run_id, 2, [1])


def test_a_shard_that_died_without_a_word_is_named(stores: Stores, run_id: str) -> None:
    _ended_with(stores, run_id, 0, "BadFile", attempt=7)
    answer = _fail(run_id)
    assert answer["error"] == "ShardDied"
    assert f"shard 0 of {run_id} died in AWS Batch, job 0a1b2c3d (Array Child Job failed)" in answer["cause"]


def test_a_job_that_failed_although_all_is_staged_says_so(stores: Stores, run_id: str) -> None:
    for shard in (0, 1):
        run_shard.handler(example("run_shard", run_id=run_id, shard=shard), Context())
    assert _fail(run_id)["error"] == "BatchJobFailed"


@pytest.mark.parametrize(
    ("failure", "name", "sentence"),
    [
        ({"Error": "BadFile", "Cause": json.dumps({"errorType": "BadFile", "errorMessage": "no."})}, "BadFile", "no."),
        ({"Error": "States.Timeout", "Cause": ""}, "Timeout", ""),
        ({"Error": "States.Timeout"}, "Timeout", ""),
        ({"Error": "Odd", "Cause": "[1]"}, "Odd", "[1]"),
        ({"Error": "Odd", "Cause": "words"}, "Odd", "words"),
        ({}, "Unnamed", ""),
    ],
)
def test_a_function_says_its_error_itself(
    stores: Stores, run_id: str, failure: dict[str, str], name: str, sentence: str
) -> None:
    answer = _fail(run_id, failure)
    assert (answer["error"], answer["cause"]) == (name, sentence)


def test_an_attempt_that_is_not_the_newest_leaves_the_run_alone(stores: Stores, run_id: str) -> None:
    _fail(run_id, attempt=9)
    [run] = stores.ledger.runs()
    assert run["state"] == "running"


def test_a_failure_of_another_shape_is_named(stores: Stores, run_id: str) -> None:
    with pytest.raises(BadRequest, match="the event's 'failure' is 'x', must be an object"):
        _fail(run_id, "x")
