"""A parameter that CloudFormation or Scheduler would refuse is refused before a resource is made."""

import pytest
from samtranslator.yaml_helper import yaml_parse

from infra.local.cloud import LocalCloud
from infra.local.deploy_parameters import check_parameters
from infra.local.deploy_stack import IMAGE_URI, Stack
from infra.local.deploy_template import TEMPLATE
from jobs.errors import BadRequest

DECLARED = yaml_parse(TEMPLATE.read_text())["Parameters"]


def test_the_defaults_of_the_template_can_be_deployed() -> None:
    check_parameters(DECLARED, {"ImageUri": IMAGE_URI})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"NightlySchedule": "cron(61 2 * * ? *)"}, "parameter NightlySchedule: schedule cron.*minutes is '61'"),
        ({"WeeklySchedule": "weekly"}, r"parameter WeeklySchedule is 'weekly', must match \(cron"),
        ({"ScheduleTimezone": "Mars/Olympus"}, "time zone 'Mars/Olympus' is none"),
        ({"JobSize": "huge"}, "parameter JobSize is 'huge', must be one of small, medium, large"),
        ({"ShardMemoryMb": "64"}, "parameter ShardMemoryMb is '64', must be a number from 512 to 10240"),
        ({"ShardMemoryMb": "much"}, "parameter ShardMemoryMb is 'much', must be a number"),
        ({"NightSchedule": "rate(1 day)"}, "no parameter 'NightSchedule'"),
        ({"ImageUri": "netlift:1"}, "parameter ImageUri is 'netlift:1', must match"),
    ],
)
def test_what_would_be_refused_is_named(given: dict[str, str], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        check_parameters(DECLARED, {"ImageUri": IMAGE_URI, **given})


def test_a_parameter_without_default_is_asked_for() -> None:
    with pytest.raises(BadRequest, match="parameter ImageUri has no value"):
        check_parameters(DECLARED, {})


def test_a_stack_with_an_invalid_schedule_makes_nothing(local_cloud: LocalCloud) -> None:
    with (
        pytest.raises(BadRequest, match="minutes is '61'"),
        Stack(local_cloud, "never", {"NightlySchedule": "cron(61 2 * * ? *)"}),
    ):
        pass
    stacks = local_cloud.client("cloudformation").describe_stacks()["Stacks"]
    assert "netlift-never" not in {stack["StackName"] for stack in stacks}
