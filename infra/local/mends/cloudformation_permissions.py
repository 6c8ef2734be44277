"""moto's CloudFormation makes permissions to call functions that nobody can name: make them through Lambda's API."""

from functools import cache
from typing import Any
from uuid import uuid4

from moto.awslambda.models import Permission

from infra.local.mends.pinned import expect_moto
from infra.local.resource_types import Made, add, call


@cache
def apply() -> None:
    """Make permissions that have an id.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or gives them an id by itself.
    """
    expect_moto(__name__, "physical_resource_id" not in vars(Permission))
    add("AWS::Lambda::Permission", "", _make)


def _make(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    statement = f"netlift-{uuid4().hex[:12]}"
    call("lambda", "AddPermission", {**properties, "StatementId": statement})
    # A permission goes with its function, which a stack may delete before it.
    return Made(statement, {}, lambda: None)
