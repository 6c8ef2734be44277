"""moto's Step Functions hands names of parameters to boto3 as the state machine writes them, and answers likewise.

``batch:submitJob.sync`` takes JobName where boto3 takes jobName. Names go in as the API has them, and come out as
Step Functions has them.
"""

from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService

from infra.local.mends.pinned import expect_moto

_original_parameters = StateTaskService._normalise_parameters
_original_response = StateTaskService._normalise_response


@cache
def apply() -> None:
    """Bring names to their case.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or brings them to their case by itself.
    """
    does_nothing = not _original_parameters.__code__.co_names and not _original_response.__code__.co_names
    expect_moto(__name__, does_nothing)
    StateTaskService._normalise_parameters = _parameters
    StateTaskService._normalise_response = _response


@cache
def _operation(service: str, action: str) -> OperationModel | None:
    model = botocore.session.get_session().get_service_model(service)
    found = [name for name in model.operation_names if xform_name(name) == xform_name(action)]
    return model.operation_model(found[0]) if found else None


def _parameters(
    self: StateTaskService,
    parameters: dict[str, Any],
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    operation = _operation(
        self._get_boto_service_name(boto_service_name), self._get_boto_service_action(service_action_name)
    )
    if operation is not None and operation.input_shape is not None:
        self._to_boto_request(parameters, operation.input_shape)


def _response(
    self: StateTaskService,
    response: Any,
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    operation = _operation(
        self._get_boto_service_name(boto_service_name), self._get_boto_service_action(service_action_name)
    )
    if operation is not None and operation.output_shape is not None:
        self._from_boto_response(response, operation.output_shape)
