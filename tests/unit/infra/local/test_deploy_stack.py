"""The deployed stack: jobs run through its queue as they are defined, schedules start its machines."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from infra.local.cloud import LocalCloud
from infra.local.deploy_follow import in_words
from infra.local.deploy_stack import Stack
from infra.local.schedules import start_schedule
from jobs.errors import BadRequest

AT = datetime(2026, 11, 22, 2, tzinfo=UTC)
FAILS_ONCE = "import os, sys; sys.exit({code} if os.environ['AWS_BATCH_JOB_ATTEMPT'] == '1' else 0)"


@pytest.fixture(scope="module")
def deployed(local_cloud: LocalCloud) -> Iterator[Stack]:
    with Stack(local_cloud, "unit") as stack:
        yield stack


@pytest.fixture
def stack(deployed: Stack) -> Iterator[Stack]:
    with deployed.applied():
        yield deployed


def _job(stack: Stack, text: str, **others: Any) -> dict[str, Any]:
    batch = boto3.client("batch")
    job = batch.submit_job(
        jobName="toy",
        jobQueue=stack.outputs["JobQueueArn"],
        jobDefinition=stack.outputs["JobDefinitionArn"],
        containerOverrides={"command": ["python", "-c", text, "Ref::word"]},
        parameters={"word": "filled in"},
        **others,
    )["jobId"]
    while (found := batch.describe_jobs(jobs=[job])["jobs"][0])["status"] not in {"SUCCEEDED", "FAILED"}:
        time.sleep(0.02)
    return dict(found)


def _codes(job_id: str) -> list[int]:
    [job] = boto3.client("batch").describe_jobs(jobs=[job_id])["jobs"]
    return [attempt["container"]["exitCode"] for attempt in job["attempts"]]


def test_an_array_gives_each_child_its_index_and_waits_for_all(stack: Stack) -> None:
    text = "import os, sys; print(sys.argv[1], os.environ['AWS_BATCH_JOB_ARRAY_INDEX'], os.environ['NETLIFT_HOME'])"
    job = _job(stack, text, arrayProperties={"size": 3})
    assert (job["status"], job["arrayProperties"]["statusSummary"]["SUCCEEDED"]) == ("SUCCEEDED", 3)
    logs = [stack.job_log(f"{job['jobId']}:{index}") for index in range(3)]
    assert logs == [f"filled in {index} {stack.home.uri}\n" for index in range(3)]


@pytest.mark.parametrize(
    ("code", "codes", "status"), [(30, [30, 0], "SUCCEEDED"), (31, [31, 0], "SUCCEEDED"), (10, [10], "FAILED")]
)
def test_a_plain_job_is_tried_again_as_its_error_asks(stack: Stack, code: int, codes: list[int], status: str) -> None:
    job = _job(stack, FAILS_ONCE.format(code=code))
    assert (job["status"], _codes(job["jobId"])) == (status, codes)


def test_one_child_that_fails_fails_the_array_and_no_other_child(stack: Stack) -> None:
    text = "import os, sys; sys.exit(10 if os.environ['AWS_BATCH_JOB_ARRAY_INDEX'] == '1' else 0)"
    job = _job(stack, text, arrayProperties={"size": 3})
    assert (job["status"], job["statusReason"]) == ("FAILED", "Array Child Job failed")
    assert [_codes(f"{job['jobId']}:{index}") for index in range(3)] == [[0], [10], [0]]


def test_a_schedule_starts_its_own_target_with_its_own_input(stack: Stack) -> None:
    """There are no campaigns and no data: the night ends quietly, and nobody is told."""
    ended = stack.run("nightly", AT)
    assert ended.status == "SUCCEEDED", ended.cause
    assert {step["state"] for step in ended.output} == {"no input"}
    assert {step["run_date"] for step in ended.output} == {"2026-11-21"}
    assert "TellReport" not in ended.entered()


def test_a_date_whose_holder_has_ended_is_taken_over(stack: Stack) -> None:
    again = stack.run("nightly", AT)
    assert again.status == "SUCCEEDED", again.cause
    assert {"WhoHasDate", "IsHolderAtWork", "TakeDateOver", "Steps"} <= set(again.entered())


def test_a_holder_that_nobody_remembers_is_taken_over(stack: Stack) -> None:
    """Step Functions forgets executions after 90 days."""
    gone = stack.machines()["nightly"].replace("stateMachine", "execution") + ":gone"
    item = {"id": {"S": "nightly/2026-08-01"}, "execution": {"S": gone}}
    boto3.client("dynamodb").put_item(TableName=stack.outputs["IdempotencyTable"], Item=item)
    ended = stack.run("nightly", datetime(2026, 8, 2, 2, tzinfo=UTC))
    assert ended.status == "SUCCEEDED", ended.cause
    assert "TakeDateOver" in ended.entered()


def test_an_event_that_cannot_be_read_ends_by_name_and_somebody_is_told(stack: Stack) -> None:
    client = boto3.client("stepfunctions")
    arn = client.start_execution(stateMachineArn=stack.machines()["nightly"], input=json.dumps({"at": 1}))
    ended = stack.follow(arn["executionArn"])
    assert (ended.status, ended.error) == ("FAILED", "BadRequest")
    assert "no readable 'run_date'" in ended.cause
    assert ended.entered()[-1] == "ChainFailed"
    assert "TellFailure" in ended.entered()


def test_an_unknown_schedule_is_named(local_cloud: LocalCloud) -> None:
    with pytest.raises(BadRequest, match="netlift-nowhere has no schedule 'nightly'"):
        start_schedule(local_cloud.client, "netlift-nowhere", "nightly", AT)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"type": "TaskSucceeded"}, ""),
        ({"stateEnteredEventDetails": {"name": "Done", "input": "[]"}}, "Done"),
        (
            {"stateEnteredEventDetails": {"name": "Plan", "input": '{"verb": "score-uplift", "kind": "spring"}'}},
            "Plan: score-uplift spring",
        ),
        (
            {"taskFailedEventDetails": {"error": "BadFile", "cause": '{"errorMessage": "it is empty."}'}},
            "  failed: BadFile: it is empty.",
        ),
        (
            {"executionFailedEventDetails": {"error": "BadFile", "cause": "it is empty."}},
            "the execution failed: BadFile: it is empty.",
        ),
    ],
)
def test_what_happens_is_told_in_words(event: dict[str, Any], line: str) -> None:
    assert in_words(event) == line
