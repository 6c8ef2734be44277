"""moto's CloudFormation makes nested stacks but gives nobody their outputs: make them through its own API."""

from functools import cache
from typing import Any

from moto.cloudformation.models import Stack

from infra.local.mends.pinned import expect_moto
from infra.local.resource_types import Made, add, call


@cache
def apply() -> None:
    """Make nested stacks that answer for their outputs.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or its own stacks answer for their outputs.
    """
    expect_moto(__name__, not hasattr(Stack, "get_cfn_attribute"))
    add("AWS::CloudFormation::Stack", "StackName", _make)


def _make(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    name = properties["StackName"]
    given = [
        {"ParameterKey": key, "ParameterValue": ",".join(value) if isinstance(value, list) else value}
        for key, value in properties.get("Parameters", {}).items()
    ]
    asked = {"StackName": name, "TemplateURL": properties["TemplateURL"], "Parameters": given}
    stack_id = call("cloudformation", "CreateStack", asked)["StackId"]
    [stack] = call("cloudformation", "DescribeStacks", {"StackName": stack_id})["Stacks"]
    outputs = {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in stack.get("Outputs", ())}
    return Made(stack_id, outputs, lambda: call("cloudformation", "DeleteStack", {"StackName": stack_id}))
