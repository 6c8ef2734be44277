"""Lambda functions and state machines created in the local cloud, and an execution followed to its end."""

import io
import json
import re
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from infra.local.cloud import LocalCloud
from infra.local.home import LocalHome
from jobs.errors import BadEnvironment

ROOT = Path(__file__).resolve().parents[2]
NIGHTLY = ROOT / "infra" / "statemachines" / "nightly.asl.json"

_POLL_S = 0.05
_SUBSTITUTION = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Execution:
    """An execution that has ended.

    Parameters
    ----------
    status : str
        SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
    output : JSON value
        What it came to, None unless it succeeded.
    error, cause : str
        Name of the error and its sentence, "" where it succeeded.
    history : tuple of dict
        Its events, as Step Functions tells them.
    """

    status: str
    output: Any
    error: str
    cause: str
    history: tuple[dict[str, Any], ...]

    def entered(self) -> list[str]:
        """Names of the states it entered, in the order of the history."""
        details = (event.get("stateEnteredEventDetails") for event in self.history)
        return [entered["name"] for entered in details if entered]


class Deployment:
    """Functions and state machines of one home, under names of their own.

    Parameters
    ----------
    cloud : LocalCloud
        Where they are created; it must be running.
    home : LocalHome, optional
        What the functions' environment leads to; the cloud's own if not given.
    """

    def __init__(self, cloud: LocalCloud, home: LocalHome | None = None) -> None:
        cloud.run_state_machines()
        self._cloud = cloud
        self._home = home or cloud.home
        self._suffix = uuid4().hex[:8]
        self._role = self._create_role()

    def function(self, name: str, handler: str, timeout_s: int = 900, environment: Mapping[str, str] = {}) -> str:
        """Create a function and return its ARN.

        Parameters
        ----------
        name : str
            Name; made unique by a suffix.
        handler : str
            Dotted name of the handler in this source tree, such as functions.plan_shards.handler.
        timeout_s : int
            Seconds that an invocation may take, at most 900.
        environment : mapping
            Variables over those of the home.
        """
        created = self._cloud.client("lambda").create_function(
            FunctionName=f"{name}-{self._suffix}",
            Role=self._role,
            Runtime="python3.12",
            Handler=handler,
            Code={"ZipFile": _empty_zip()},  # the handler runs from this source tree
            Timeout=timeout_s,
            MemorySize=3008,
            Environment={"Variables": {**self._home.environment(), **environment}},
        )
        return str(created["FunctionArn"])

    def state_machine(self, name: str, definition: Path, substitutions: Mapping[str, str]) -> str:
        """Create a state machine and return its ARN.

        Parameters
        ----------
        name : str
            Name; made unique by a suffix.
        definition : Path
            File in Amazon States Language.
        substitutions : mapping
            Values of its ``${names}``, as DefinitionSubstitutions gives them in the template.

        Raises
        ------
        BadEnvironment
            If the definition has a name that is not given.
        """
        try:
            text = _SUBSTITUTION.sub(lambda found: substitutions[found[1]], definition.read_text())
        except KeyError as error:
            raise BadEnvironment(
                f"{definition.name} has the substitution {error} which is not given: give it here and in template.yaml."
            ) from error
        created = self._cloud.client("stepfunctions").create_state_machine(
            name=f"{name}-{self._suffix}", definition=text, roleArn=self._role
        )
        return str(created["stateMachineArn"])

    def nightly(self) -> str:
        """Create the night's three functions and its state machine; return the state machine's ARN."""
        functions = ("plan_shards", "run_shard", "finish_run")
        names = {name: "".join(part.title() for part in name.split("_")) + "Arn" for name in functions}
        arns = {names[name]: self.function(name.replace("_", "-"), f"functions.{name}.handler") for name in functions}
        return self.state_machine("nightly", NIGHTLY, arns)

    def run(self, state_machine: str, event: Any, timeout_s: float = 600) -> Execution:
        """Start an execution and follow it to its end.

        Parameters
        ----------
        state_machine : str
            ARN.
        event : JSON value
            Its input.
        timeout_s : float
            Seconds after which it is stopped.

        Raises
        ------
        TimeoutError
            If it has not ended by then.
        """
        client = self._cloud.client("stepfunctions")
        arn = client.start_execution(
            stateMachineArn=state_machine, name=f"run-{uuid4().hex[:12]}", input=json.dumps(event)
        )["executionArn"]
        deadline = time.monotonic() + timeout_s
        while (ended := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
            if time.monotonic() > deadline:
                client.stop_execution(executionArn=arn, error="TimedOut", cause="stopped from outside")
                raise TimeoutError(f"execution {arn} has not ended in {timeout_s:g} s: see its functions' logs")
            time.sleep(_POLL_S)
        return Execution(
            status=ended["status"],
            output=json.loads(ended["output"]) if ended["status"] == "SUCCEEDED" else None,
            error=ended.get("error", ""),
            cause=ended.get("cause", ""),
            history=tuple(client.get_execution_history(executionArn=arn)["events"]),
        )

    def _create_role(self) -> str:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        created = self._cloud.client("iam").create_role(
            RoleName=f"netlift-local-{self._suffix}", AssumeRolePolicyDocument=json.dumps(trust)
        )
        return str(created["Role"]["Arn"])


def _empty_zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("README", "the local cloud runs handlers from the source tree")
    return packed.getvalue()
