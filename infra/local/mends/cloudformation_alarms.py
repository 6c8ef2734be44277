"""moto's CloudFormation makes no alarms: make them through CloudWatch's API."""

from functools import cache
from typing import Any

from infra.local.resource_types import Made, add_lacking, call


@cache
def apply() -> None:
    """Make alarms."""
    add_lacking(__name__, {"AWS::CloudWatch::Alarm": ("AlarmName", _make)})


def _make(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    call("cloudwatch", "PutMetricAlarm", properties)
    name = properties["AlarmName"]
    [alarm] = call("cloudwatch", "DescribeAlarms", {"AlarmNames": [name]})["MetricAlarms"]
    return Made(name, {"Arn": alarm["AlarmArn"]}, lambda: call("cloudwatch", "DeleteAlarms", {"AlarmNames": [name]}))
