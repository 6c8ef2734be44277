"""moto's CloudFormation makes state machines that never execute, and leaves their substitutions as they stand.

It keeps them apart from those that its interpreter runs. They are made through Step Functions' API instead.
"""

import re
from functools import cache
from typing import Any

from moto.stepfunctions.models import StateMachine

from infra.local.mends.pinned import expect_moto
from infra.local.resource_types import Made, add, call
from jobs.errors import BadEnvironment

_SUBSTITUTION = re.compile(r"\$\{(\w+)\}")


@cache
def apply() -> None:
    """Make state machines that execute.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or makes such ones by itself.
    """
    made_by = StateMachine.create_from_cloudformation_json.__func__.__code__
    expect_moto(__name__, "stepfunctions_backends" in made_by.co_names and "re" not in made_by.co_names)
    add("AWS::StepFunctions::StateMachine", "StateMachineName", _make)


def substituted(definition: str, values: dict[str, Any]) -> str:
    """Put values in the place of their ``${names}``, as DefinitionSubstitutions says.

    Raises
    ------
    BadEnvironment
        If a name has no value.

    Examples
    --------
    >>> substituted('{"Resource": "${Arn}"}', {"Arn": "arn:x"})
    '{"Resource": "arn:x"}'
    """
    try:
        return _SUBSTITUTION.sub(lambda found: str(values[found[1]]), definition)
    except KeyError as error:
        raise BadEnvironment(
            f"a state machine has the substitution {error} which is not given: give it in template.yaml."
        ) from error


def _make(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    asked = {
        "name": properties["StateMachineName"],
        "definition": substituted(properties["DefinitionString"], properties.get("DefinitionSubstitutions", {})),
        "roleArn": properties["RoleArn"],
        "type": properties.get("StateMachineType", "STANDARD"),
    }
    for name in ("LoggingConfiguration", "TracingConfiguration"):
        if name in properties:
            asked[name] = properties[name]
    arn = call("stepfunctions", "CreateStateMachine", asked)["stateMachineArn"]
    attributes = {"Arn": arn, "Name": properties["StateMachineName"]}
    return Made(arn, attributes, lambda: call("stepfunctions", "DeleteStateMachine", {"stateMachineArn": arn}))
