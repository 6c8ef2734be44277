"""Functions and state machines run for real in the local cloud: answers, errors and retries as AWS gives them."""

import json
import threading
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment
from infra.local.home import LocalHome
from jobs.errors import BadEnvironment
from tests.unit.infra.local import toy_functions

TOYS = toy_functions.__name__


@pytest.fixture
def deployment(local_cloud: LocalCloud, local_home: LocalHome) -> Deployment:
    return Deployment(local_cloud, local_home)


def _invoke(arn: str, event: Any) -> tuple[Any, str | None]:
    answer = boto3.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(event))
    return json.load(answer["Payload"]), answer.get("FunctionError")


def test_a_handler_gets_its_event_its_context_and_its_environment(
    deployment: Deployment, local_home: LocalHome
) -> None:
    arn = deployment.function("echo", f"{TOYS}.echo", timeout_s=30)
    payload, error = _invoke(arn, {"a": [1, None]})
    assert error is None
    assert payload["event"] == {"a": [1, None]}
    assert payload["home"] == local_home.uri
    assert arn.endswith(payload["name"])
    assert 0 < payload["remaining_ms"] <= 30_000


def test_a_process_stays_warm_until_the_function_is_configured_anew(deployment: Deployment) -> None:
    arn = deployment.function("echo", f"{TOYS}.echo")
    first, second = (_invoke(arn, {})[0]["pid"] for _ in range(2))
    boto3.client("lambda").update_function_configuration(FunctionName=arn, Timeout=31)
    assert first == second != _invoke(arn, {})[0]["pid"]


def test_what_a_handler_prints_is_its_log(deployment: Deployment, local_cloud: LocalCloud) -> None:
    arn = deployment.function("echo", f"{TOYS}.echo")
    name = _invoke(arn, {})[0]["name"]
    assert local_cloud.function_log(name) == "echo was called\n"


def test_functions_call_back_while_they_are_invoked(deployment: Deployment, local_home: LocalHome) -> None:
    arn = deployment.function("put", f"{TOYS}.put")
    answers: list[Any] = []
    calls = [threading.Thread(target=lambda n=n: answers.append(_invoke(arn, {"key": str(n)}))) for n in range(4)]
    for call in calls:
        call.start()
    for call in calls:
        call.join(60)
    assert max(payload["objects"] for payload, _ in answers) == 4
    assert [error for _, error in answers] == [None] * 4


@pytest.mark.parametrize(
    ("how", "name", "sentence"),
    [
        ("bad file", "BadFile", "inputs/customers/a.parquet is empty: write it again."),
        ("die", "Runtime.ExitError", "exit status 3"),
        ("kill", "Runtime.ExitError", "signal 9"),
        ("no json", "Runtime.MarshalError", "not JSON serializable"),
        ("hang", "Sandbox.Timedout", "timed out after 1.00 seconds"),
    ],
)
def test_a_failure_comes_back_as_lambda_tells_it(deployment: Deployment, how: str, name: str, sentence: str) -> None:
    arn = deployment.function("misbehave", f"{TOYS}.misbehave", timeout_s=1 if how == "hang" else 30)
    payload, error = _invoke(arn, {"how": how})
    assert (error, payload["errorType"]) == ("Unhandled", name)
    assert sentence in payload["errorMessage"]
    assert _invoke(arn, {"how": "well"}) == ({}, None), "and the function lives on"


@pytest.mark.parametrize(
    ("handler", "name"),
    [(f"{TOYS}.absent", "Runtime.HandlerNotFound"), ("no.such.module", "Runtime.ImportModuleError")],
)
def test_a_handler_that_is_not_there_is_named(deployment: Deployment, handler: str, name: str) -> None:
    payload, error = _invoke(deployment.function("absent", handler), {})
    assert (error, payload["errorType"]) == ("Unhandled", name)


def test_an_unknown_function_is_refused(local_home: LocalHome) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        _invoke("nobody", {})


def _one_task(arn: str, how: str, retry: list[dict[str, Any]]) -> dict[str, Any]:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": arn, "Payload": {"how": how}},
        "OutputPath": "$.Payload",
        "Retry": retry,
        "End": True,
    }
    return {"StartAt": "Only", "States": {"Only": task}}


def _run(deployment: Deployment, definition: dict[str, Any], folder: Path, event: Any = None) -> Any:
    file = folder / "machine.asl.json"
    file.write_text(json.dumps(definition))
    return deployment.run(deployment.state_machine("toy", file, {}), event or {}, timeout_s=60)


def test_a_retryable_error_is_retried_by_its_name(deployment: Deployment, tmp_path: Path) -> None:
    arn = deployment.function("misbehave", f"{TOYS}.misbehave")
    retry = [{"ErrorEquals": ["StorageUnavailable"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    ended = _run(deployment, _one_task(arn, "busy once", retry), tmp_path)
    assert (ended.status, ended.output) == ("SUCCEEDED", {"calls": 2})


def test_another_error_stops_the_execution_under_its_name(deployment: Deployment, tmp_path: Path) -> None:
    arn = deployment.function("misbehave", f"{TOYS}.misbehave")
    retry = [{"ErrorEquals": ["StorageUnavailable"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    ended = _run(deployment, _one_task(arn, "bad file", retry), tmp_path)
    assert (ended.status, ended.error, ended.output) == ("FAILED", "BadFile", None)
    assert "inputs/customers/a.parquet is empty" in ended.cause


def test_the_branches_of_a_map_call_functions_at_once(deployment: Deployment, tmp_path: Path) -> None:
    task = _one_task(deployment.function("put", f"{TOYS}.put"), "", [])
    task["States"]["Only"]["Parameters"]["Payload"] = {"key.$": "$"}
    machine = {
        "StartAt": "All",
        "States": {
            "All": {"Type": "Map", "ItemsPath": "$.keys", "MaxConcurrency": 8, "ItemProcessor": task, "End": True}
        },
    }
    ended = _run(deployment, machine, tmp_path, {"keys": [str(n) for n in range(8)]})
    assert ended.status == "SUCCEEDED"
    assert max(branch["objects"] for branch in ended.output) == 8
    assert ended.entered().count("Only") == 8


def test_a_substitution_that_is_not_given_is_named(deployment: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "m.asl.json"
    file.write_text('{"Comment": "${PlanShardsArn}"}')
    with pytest.raises(BadEnvironment, match="'PlanShardsArn' which is not given"):
        deployment.state_machine("m", file, {})


def test_an_execution_that_does_not_end_is_stopped(deployment: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "machine.asl.json"
    file.write_text(json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3, "End": True}}}))
    with pytest.raises(TimeoutError, match=r"has not ended in 0\.1 s"):
        deployment.run(deployment.state_machine("slow", file, {}), {}, timeout_s=0.1)
