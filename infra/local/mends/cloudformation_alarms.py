"""moto's CloudFormation makes no alarms: make them through CloudWatch's API."""

from functools import cache
from typing import Any

from infra.local.mends.pinned import expect_moto
from infra.local.resource_types import Made, add, call, moto_has

KIND = "AWS::CloudWatch::Alarm"


@cache
def apply() -> None:
    """Make alarms.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or makes them by itself.
    """
    expect_moto(__name__, not moto_has(KIND))
    add(KIND, "AlarmName", _make)


def _make(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    call("cloudwatch", "PutMetricAlarm", properties)
    name = properties["AlarmName"]
    [alarm] = call("cloudwatch", "DescribeAlarms", {"AlarmNames": [name]})["MetricAlarms"]
    return Made(name, {"Arn": alarm["AlarmArn"]}, lambda: call("cloudwatch", "DeleteAlarms", {"AlarmNames": [name]}))
