"""moto's CloudFormation makes no schedules: make them through EventBridge Scheduler's API."""

from functools import cache
from typing import Any

from infra.local.resource_types import Made, add_lacking, call


@cache
def apply() -> None:
    """Make schedules; they do not start anything by themselves here."""
    add_lacking(__name__, {"AWS::Scheduler::Schedule": ("Name", _make)})


def _make(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    arn = call("scheduler", "CreateSchedule", properties)["ScheduleArn"]
    name = properties["Name"]
    return Made(name, {"Arn": arn}, lambda: call("scheduler", "DeleteSchedule", {"Name": name}))
