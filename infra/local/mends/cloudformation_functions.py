"""moto's CloudFormation drops what makes a function an image: make functions through Lambda's own API."""

from functools import cache
from typing import Any

from moto.awslambda.models import LambdaFunction

from infra.local.mends.pinned import expect_moto
from infra.local.resource_types import Made, add, call


@cache
def apply() -> None:
    """Make functions, as packages and as images.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or makes images of the template images.
    """
    made_of = LambdaFunction.create_from_cloudformation_json.__func__.__code__
    expect_moto(__name__, "ImageConfig" not in str(made_of.co_consts))
    add("AWS::Lambda::Function", "FunctionName", _make)


def _make(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", ())}
    arn = call("lambda", "CreateFunction", {**properties, "Tags": tags})["FunctionArn"]
    name = properties["FunctionName"]
    return Made(name, {"Arn": arn}, lambda: call("lambda", "DeleteFunction", {"FunctionName": name}))
