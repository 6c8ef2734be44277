"""The chains' state machine keeps to the chain, to the errors' names, and passes keys only."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from samtranslator.yaml_helper import yaml_parse
from statelint.linter import Linter

from infra.local.cloud import LocalCloud
from infra.local.deployment import CHAIN, ROOT, Deployment
from infra.local.home import LocalHome
from jobs import errors
from jobs.runtime.chain import NIGHT
from tests.trained import FIRST_NIGHT

DEFINITION = json.loads(CHAIN.read_text())
LAMBDA_TRANSIENT = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
}
DIED = {"Runtime.ExitError", "Sandbox.Timedout", "Lambda.Unknown"}
TOYS = "tests.unit.infra.toy_night"


def _states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from _states(state["ItemProcessor"])


TASKS = {name: state for name, state in _states(DEFINITION) if state["Type"] == "Task"}
FUNCTIONS = {name: task for name, task in TASKS.items() if task["Resource"].endswith(":lambda:invoke")}


def _retryable() -> set[str]:
    named = (getattr(errors, name) for name in dir(errors))
    return {e.__name__ for e in named if isinstance(e, type) and issubclass(e, errors.NetliftError) and e.retryable}


def test_every_retryable_error_is_retried_and_no_other() -> None:
    retried = {name for task in FUNCTIONS.values() for retry in task["Retry"] for name in retry["ErrorEquals"]}
    assert retried - LAMBDA_TRANSIENT - DIED == _retryable()


def test_it_is_the_language_of_state_machines() -> None:
    found = Linter.validate(CHAIN.read_text())
    assert not found, found


@pytest.mark.parametrize("name", TASKS)
def test_whatever_a_task_ends_with_somebody_is_told(name: str) -> None:
    """Every task but those within a run, whose failure ends the Map around them, catches all that is left."""
    within_a_map = {"Plan", "WorkShard", "WorkPart"}
    caught = {error for catch in TASKS[name].get("Catch", ()) for error in catch["ErrorEquals"]}
    assert ("States.ALL" in caught) != (name in within_a_map)


def test_what_batch_tries_again_is_what_a_retry_helps() -> None:
    """Exit codes of a shard's job: those of errors that a retry helps, and 137 of a process that was killed."""
    job = yaml_parse((ROOT / "infra" / "batch.yaml").read_text())["Resources"]["ShardJob"]["Properties"]
    entries = job["RetryStrategy"]["EvaluateOnExit"]
    again = {int(e["OnExitCode"]) for e in entries if e["Action"] == "RETRY" and "OnExitCode" in e}
    in_a_shard = {e.exit_code for e in (errors.StorageUnavailable, errors.CommitUnknown)}
    assert again == in_a_shard | {137}
    assert {e.__name__ for e in (errors.StorageUnavailable, errors.CommitUnknown)} == _retryable() - {"RunBusy"}
    assert entries[-1] == {"OnReason": "*", "Action": "EXIT"}, "of what no entry names, Batch tries all again"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_task_has_an_end_and_retries_what_lambda_itself_does(name: str) -> None:
    task = TASKS[name]
    assert task["TimeoutSeconds"] <= 960
    retried = {error for retry in task["Retry"] for error in retry["ErrorEquals"]}
    assert LAMBDA_TRANSIENT | {"StorageUnavailable"} <= retried
    assert all(retry.get("JitterStrategy") == "FULL" for retry in task["Retry"] if retry["ErrorEquals"] != ["RunBusy"])


def test_a_run_that_is_held_is_awaited_for_longer_than_a_lease() -> None:
    """A lease is 60 s: the wait for a holder that died must outlast it."""
    (busy,) = (r for r in TASKS["Plan"]["Retry"] if r["ErrorEquals"] == ["RunBusy"])
    waits = [
        min(busy["IntervalSeconds"] * busy["BackoffRate"] ** n, busy["MaxDelaySeconds"])
        for n in range(busy["MaxAttempts"])
    ]
    assert sum(waits) > 10 * 60


def test_the_night_goes_through_the_chain_in_its_order(local_cloud: LocalCloud, local_home: LocalHome) -> None:
    """The handlers themselves, on a home without input: each step is planned, in order, and ends quietly."""
    s3 = boto3.client("s3")
    s3.put_object(Bucket=local_home.bucket, Key="netlift/campaigns/spring.toml", Body=b"")
    s3.put_object(Bucket=local_home.bucket, Key="netlift/experiments/autumn-mail.toml", Body=b"")
    s3.put_object(Bucket=local_home.bucket, Key="netlift/inputs/measurements/autumn-mail/late.csv", Body=b"")
    deployment = Deployment(local_cloud, local_home)
    ended = deployment.run(deployment.nightly(), json.loads((ROOT / "events" / "nightly.json").read_text()))
    assert ended.status == "SUCCEEDED", ended.cause
    verbs = list(dict.fromkeys(step["verb"] for step in ended.output if step["kind"] != "autumn-mail"))
    assert verbs == [step.verb for step in FIRST_NIGHT]
    last = [(step["verb"], step["kind"]) for step in ended.output[-2:]]
    assert last == [("assign-treatment", "autumn-mail"), ("read-experiment", "autumn-mail")], "offers wait for neither"
    assert {step["run_date"] for step in ended.output} == {"2026-11-21"}, "the day before the schedule's moment"
    kinds = {verb: [s["kind"] for s in ended.output if s["verb"] == verb] for verb in (step.verb for step in NIGHT)}
    assert kinds["score-uplift"] == ["spring"]
    assert kinds["assign-treatment"] == ["autumn-mail"]
    assert kinds["read-experiment"] == ["autumn-mail"], "no outcome of spring has come"
    assert {step["state"] for step in ended.output} == {"no input"}


def test_shards_are_worked_then_the_run_is_finished_once(local_cloud: LocalCloud, local_home: LocalHome) -> None:
    """Toy handlers: one step of three shards, one that is done, one without input; a shard that fails once."""
    ended = _toy_night(local_cloud, local_home, {"run_date": "2026-11-21"})
    assert ended.status == "SUCCEEDED", ended.cause
    assert [(step["verb"], step["state"]) for step in ended.output] == [
        ("sharded", "finished"),
        ("done", "already done"),
        ("dry", "no input"),
    ]
    assert ended.entered().count("WorkShard") == 3
    assert ended.entered().count("FinishRun") == 1
    assert _kept(local_home) == {"shard-0", "shard-1", "shard-2", "finish-after-3", "page-of-3"}
    # only keys pass through the state
    assert "rows of customers" not in json.dumps(ended.output)
    assert max(len(json.dumps(event, default=str)) for event in ended.history) < 4096, "256 KB are allowed a state"


def test_a_run_that_fans_out_is_shared_out_then_worked_in_parts_then_joined(
    local_cloud: LocalCloud, local_home: LocalHome
) -> None:
    ended = _toy_night(local_cloud, local_home, {"run_date": "large"})
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.output[0]["state"] == "finished"
    phases = {"ShareOut", "CountParts", "WorkPart", "WorkShard", "FinishRun"}
    went = [state for state in ended.entered() if state in phases]
    assert went[:2] == ["ShareOut", "CountParts"]
    assert (went[2:4], went[-1]) == (["WorkPart"] * 2, "FinishRun")
    assert {"share-0", "counted", "part-0", "part-1", "shard-0"} <= _kept(local_home)
    assert "must not travel" not in json.dumps(ended.output)


def test_an_error_that_no_retry_helps_stops_the_night(local_cloud: LocalCloud, local_home: LocalHome) -> None:
    ended = _toy_night(local_cloud, local_home, {"run_date": "broken"})
    assert (ended.status, ended.error) == ("FAILED", "BadFile")
    assert "shard 1 is truncated" in ended.cause
    assert "finish-after-2" not in _kept(local_home), "a run of which a shard is missing is not finished"
    assert "failed-run-broken-1" in _kept(local_home), "its attempt is ended, so that the next one need not wait"


def test_files_without_a_row_of_the_days_are_no_input_and_the_night_goes_on(
    local_cloud: LocalCloud, local_home: LocalHome
) -> None:
    """Toy handlers: every shard finds nothing to work, as the night in one process would say too."""
    ended = _toy_night(local_cloud, local_home, {"run_date": "old"})
    assert ended.status == "SUCCEEDED", ended.cause
    assert [(step["verb"], step["state"]) for step in ended.output] == [
        ("sharded", "no input"),
        ("done", "no input"),
        ("dry", "no input"),
    ]
    assert ended.output[0]["why"] == "transactions: there is no row of these days: load them."
    assert _kept(local_home) == {"failed-run-old-1"}, "a run without rows is not finished: its attempt ends"


def test_a_night_whose_page_cannot_be_written_is_done_all_the_same(
    local_cloud: LocalCloud, local_home: LocalHome
) -> None:
    ended = _toy_night(local_cloud, local_home, {"run_date": "pageless"})
    assert ended.status == "SUCCEEDED", ended.cause
    assert "TellReport" in ended.entered()
    [told] = [e["taskScheduledEventDetails"] for e in ended.history if _is_publish(e)]
    message = json.loads(told["parameters"])["Message"]
    assert message["page"]["Error"] == "BadFile"
    assert "the partners' file is truncated" in message["page"]["Cause"]


def test_what_a_function_refuses_before_any_run_ends_in_its_sentence_alone(
    local_cloud: LocalCloud, local_home: LocalHome
) -> None:
    ended = _toy_night(local_cloud, local_home, {"run_date": "refused"})
    assert (ended.status, ended.error, ended.cause) == ("FAILED", "BadRequest", "there is no such day: give one.")


def _is_publish(event: dict[str, Any]) -> bool:
    return event.get("taskScheduledEventDetails", {}).get("resourceType") == "sns"


def test_a_state_that_nobody_knows_stops_the_night(local_cloud: LocalCloud, local_home: LocalHome) -> None:
    ended = _toy_night(local_cloud, local_home, {"run_date": "strange"})
    assert (ended.status, ended.error) == ("FAILED", "UnknownState")


@pytest.mark.parametrize("file", sorted((ROOT / "events").glob("*.json")), ids=lambda f: f.name)
def test_examples_of_events_are_json_objects(file: Path) -> None:
    assert isinstance(json.loads(file.read_text()), dict)


def _toy_night(cloud: LocalCloud, home: LocalHome, event: dict[str, str]) -> Any:
    deployment = Deployment(cloud, home)
    toys = {
        "plan_shards": "plan",
        "run_shard": "work",
        "finish_run": "finish",
        "fail_run": "fail",
        "write_page": "page",
    }
    named = deployment.substitutions({name: f"{TOYS}.{toy}" for name, toy in toys.items()})
    return deployment.run(deployment.state_machine("toy-night", CHAIN, named), event, timeout_s=120)


def _kept(home: LocalHome) -> set[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=home.bucket, Prefix="toy/").get("Contents", [])
    return {str(found["Key"]).removeprefix("toy/") for found in listed}
