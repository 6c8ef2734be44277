"""Lambda functions and state machines created in the local cloud, one by one, without the template."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from infra.local.cloud import LocalCloud
from infra.local.deploy_follow import Execution, follow
from infra.local.home import LocalHome
from infra.local.mends import stepfunctions_names
from infra.local.mends.cloudformation_state_machines import substituted

ROOT = Path(__file__).resolve().parents[2]
CHAIN = ROOT / "infra" / "statemachines" / "chain.asl.json"
"""The definition of both chains, nightly and weekly."""

_FUNCTIONS = ("plan_shards", "run_shard", "finish_run", "fail_run", "write_page")


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
        stepfunctions_names.apply()
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
        text = substituted(definition.read_text(), dict(substitutions))
        created = self._cloud.client("stepfunctions").create_state_machine(
            name=f"{name}-{self._suffix}", definition=text, roleArn=self._role
        )
        return str(created["stateMachineArn"])

    def nightly(self) -> str:
        """Create the night's functions and its state machine; return the state machine's ARN."""
        return self.state_machine("nightly", CHAIN, self.substitutions())

    def substitutions(self, functions: Mapping[str, str] = {}) -> dict[str, str]:
        """Create all that a chain's definition names, but AWS Batch: large runs are for the template's own stack.

        Parameters
        ----------
        functions : mapping
            Handlers in the place of plan_shards, run_shard, finish_run, fail_run and write_page.

        Returns
        -------
        dict
            Values for `state_machine`.
        """
        handlers = {name: functions.get(name, f"functions.{name}.handler") for name in _FUNCTIONS}
        arns = {
            "".join(part.title() for part in name.split("_")) + "Arn": self.function(name.replace("_", "-"), handler)
            for name, handler in handlers.items()
        }
        table = self._cloud.client("dynamodb").create_table(
            TableName=f"idempotency-{self._suffix}-{uuid4().hex[:4]}",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        topic = self._cloud.client("sns").create_topic(Name=f"reports-{self._suffix}")
        return {
            **arns,
            "Chain": "nightly",
            "Stage": "local",
            "LocksTable": str(table["TableDescription"]["TableName"]),
            "TopicArn": str(topic["TopicArn"]),
            "JobQueueArn": "no-queue",
            "JobDefinitionArn": "no-job-definition",
        }

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
        return follow(client, arn, timeout_s)

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
