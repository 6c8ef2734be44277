"""Properties of a template go to an API in its own names and types, and what it has not is named."""

from typing import Any

import botocore.session
import pytest

from infra.local.resource_types import as_request
from jobs.errors import BadEnvironment


def _shape(service: str, operation: str) -> Any:
    return botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape


def test_numbers_and_truths_that_parameters_made_texts_are_what_the_api_takes() -> None:
    asked = {"AlarmName": "a", "Threshold": "1.5", "EvaluationPeriods": "2", "ActionsEnabled": "false"}
    assert as_request(asked, _shape("cloudwatch", "PutMetricAlarm"), "alarm") == {
        "AlarmName": "a",
        "Threshold": 1.5,
        "EvaluationPeriods": 2,
        "ActionsEnabled": False,
    }


def test_names_take_the_apis_case_and_keys_of_maps_keep_theirs() -> None:
    asked = {"ContainerProperties": {"LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-Group": "g"}}}}
    assert as_request(asked, _shape("batch", "RegisterJobDefinition"), "job") == {
        "containerProperties": {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-Group": "g"}}}
    }


def test_a_property_that_the_api_has_not_is_named() -> None:
    with pytest.raises(BadEnvironment, match=r"job.ContainerProperties: the API has no 'Imagge'"):
        as_request({"ContainerProperties": {"Imagge": "i"}}, _shape("batch", "RegisterJobDefinition"), "job")
