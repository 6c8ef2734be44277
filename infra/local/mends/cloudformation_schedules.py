"""moto's CloudFormation makes no schedules: make them through EventBridge Scheduler's API."""

from functools import cache
from typing import Any

from infra.local.mends.pinned import expect_moto
from infra.local.resource_types import Made, add, call, moto_has

KIND = "AWS::Scheduler::Schedule"


@cache
def apply() -> None:
    """Make schedules; they do not start anything by themselves here.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or makes them by itself.
    """
    expect_moto(__name__, not moto_has(KIND))
    add(KIND, "Name", _make)


def _make(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    arn = call("scheduler", "CreateSchedule", properties)["ScheduleArn"]
    name = properties["Name"]
    return Made(name, {"Arn": arn}, lambda: call("scheduler", "DeleteSchedule", {"Name": name}))
