"""moto's CloudFormation makes no budgets: make them through the Budgets API."""

from functools import cache
from typing import Any

from infra.local.resource_types import Made, add_lacking, call


@cache
def apply() -> None:
    """Make budgets."""
    add_lacking(__name__, {"AWS::Budgets::Budget": ("", _make)})


def _make(properties: dict[str, Any], account_id: str) -> Made:
    call("budgets", "CreateBudget", {"AccountId": account_id, **properties})
    name = properties["Budget"]["BudgetName"]
    return Made(name, {}, lambda: call("budgets", "DeleteBudget", {"AccountId": account_id, "BudgetName": name}))
