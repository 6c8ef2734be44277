"""moto's CloudFormation asks AWS Batch for a service role that it can do without, and drops the timeout of a job.

Compute environments, queues and job definitions are made through the API instead. Where the template names no
role, the one that AWS keeps for Batch in every account stands in.
"""

from functools import cache
from typing import Any

from moto.batch.models import ComputeEnvironment, JobDefinition

from infra.local.mends.pinned import expect_moto
from infra.local.resource_types import Made, add, call

_SERVICE = "batch.amazonaws.com"
_ONLY_CLOUDFORMATIONS = frozenset({"ReplaceComputeEnvironment"})


@cache
def apply() -> None:
    """Make what AWS Batch needs through its API.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or no longer asks for the role and drops the timeout.
    """
    asks = "ServiceRole" in ComputeEnvironment.create_from_cloudformation_json.__func__.__code__.co_consts
    drops = "timeout" in JobDefinition.create_from_cloudformation_json.__func__.__code__.co_consts
    expect_moto(__name__, asks and drops)
    add("AWS::Batch::ComputeEnvironment", "ComputeEnvironmentName", _environment)
    add("AWS::Batch::JobQueue", "JobQueueName", _queue)
    add("AWS::Batch::JobDefinition", "JobDefinitionName", _definition)


def _environment(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    asked = {name: value for name, value in properties.items() if name not in _ONLY_CLOUDFORMATIONS}
    asked.setdefault("ServiceRole", _service_role())
    arn = call("batch", "CreateComputeEnvironment", asked)["computeEnvironmentArn"]
    return Made(
        arn,
        {"ComputeEnvironmentArn": arn},
        lambda: call("batch", "DeleteComputeEnvironment", {"computeEnvironment": arn}),
    )


def _queue(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    arn = call("batch", "CreateJobQueue", properties)["jobQueueArn"]
    return Made(arn, {"JobQueueArn": arn}, lambda: call("batch", "DeleteJobQueue", {"jobQueue": arn}))


def _definition(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    arn = call("batch", "RegisterJobDefinition", properties)["jobDefinitionArn"]
    return Made(arn, {}, lambda: call("batch", "DeregisterJobDefinition", {"jobDefinition": arn}))


def _service_role() -> str:
    roles = call("iam", "ListRoles", {"PathPrefix": f"/aws-service-role/{_SERVICE}/"})["Roles"]
    for role in roles:
        return str(role["Arn"])
    return str(call("iam", "CreateServiceLinkedRole", {"AWSServiceName": _SERVICE})["Role"]["Arn"])
