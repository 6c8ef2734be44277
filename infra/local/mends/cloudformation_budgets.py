"""moto's CloudFormation makes no budgets: make them through the Budgets API."""

from functools import cache
from typing import Any

from infra.local.mends.pinned import expect_moto
from infra.local.resource_types import Made, add, call, moto_has

KIND = "AWS::Budgets::Budget"


@cache
def apply() -> None:
    """Make budgets.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or makes them by itself.
    """
    expect_moto(__name__, not moto_has(KIND))
    add(KIND, "", _make)


def _make(properties: dict[str, Any], account_id: str) -> Made:
    call("budgets", "CreateBudget", {"AccountId": account_id, **properties})
    name = properties["Budget"]["BudgetName"]
    return Made(name, {}, lambda: call("budgets", "DeleteBudget", {"AccountId": account_id, "BudgetName": name}))
