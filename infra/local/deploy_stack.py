"""template.yaml deployed to the local cloud: its functions, jobs and state machines run here."""

import importlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Any, Literal, Self

from infra.local import resource_types
from infra.local.api_door import ApiDoor
from infra.local.cloud import NAMESPACE, LocalCloud
from infra.local.deploy_follow import Execution, follow
from infra.local.deploy_parameters import check_parameters
from infra.local.deploy_template import resources_of, transformed
from infra.local.home import LocalHome
from infra.local.job_processes import JobProcesses
from infra.local.mends import batch_processes
from infra.local.schedules import start_schedule
from jobs.errors import BadEnvironment

IMAGE_URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/netlift:local"
"""An address that no registry has: functions and jobs that are images run from the source tree."""

_TYPES = (
    "alarms",
    "batch",
    "budgets",
    "functions",
    "http_apis",
    "nested_stacks",
    "permissions",
    "policies",
    "schedules",
    "state_machines",
    "table_buckets",
)
_MENDS = (
    *(f"cloudformation_{kind}" for kind in _TYPES),
    "batch_processes",
    "policies_transport",
    "stepfunctions_names",
)


class Stack:
    """A stack of template.yaml, from `deploy` to `close`.

    Parameters
    ----------
    cloud : LocalCloud
        Where it is made; it must be running.
    stage : str
        Name of the deployment.
    parameters : mapping
        Values of the template's parameters; ImageUri and Stage are given here.
    environment : mapping
        Variables of every job, over those that lead it to the cloud.

    Examples
    --------
    >>> with LocalCloud() as cloud, Stack(cloud, "doc") as stack:
    ...     sorted(stack.machines())
    ['nightly', 'weekly']
    """

    def __init__(
        self,
        cloud: LocalCloud,
        stage: str = "dev",
        parameters: Mapping[str, str] = {},
        environment: Mapping[str, str] = {},
    ) -> None:
        self.stage = stage
        self._cloud = cloud
        self._parameters = {"ImageUri": IMAGE_URI, **parameters, "Stage": stage}
        self._jobs = JobProcesses({**cloud.environment(), **environment})
        self._template: dict[str, Any] = {}
        self._serving = False

    @property
    def name(self) -> str:
        """Name of the stack, as samconfig.toml has it."""
        return f"netlift-{self.stage}"

    def deploy(self) -> None:
        """Make all that the template declares.

        Raises
        ------
        BadRequest
            If a parameter is not what the template allows, or a schedule is none.
        BadEnvironment
            If a resource could not be made.
        """
        self._cloud.run_state_machines()
        for mend in _MENDS:
            importlib.import_module(f"infra.local.mends.{mend}").apply()
        resource_types.SERVING.begin(self._cloud)
        batch_processes.SERVING.begin(self._jobs)
        self._serving = True
        self._template = transformed(self._upload, self._cloud.region)
        check_parameters(self._template["Parameters"], self._parameters)
        stacks = self._cloud.client("cloudformation")
        stacks.create_stack(
            StackName=self.name,
            TemplateBody=json.dumps(self._template),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in self._parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        stack = stacks.describe_stacks(StackName=self.name)["Stacks"][0]
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise BadEnvironment(f"stack {self.name} is {stack['StackStatus']}: {stack.get('StackStatusReason', '')}.")

    def close(self) -> None:
        """End all jobs, and run none any more; what the stack made stays as long as the cloud."""
        if self._serving:
            batch_processes.SERVING.end(self._jobs)
            resource_types.SERVING.end(self._cloud)
            self._serving = False
        self._jobs.close()

    def __enter__(self) -> Self:
        try:
            self.deploy()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def outputs(self) -> dict[str, str]:
        """What the stack says of itself."""
        stack = self._cloud.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @cached_property
    def home(self) -> LocalHome:
        """The home that the stack made; functions and jobs are led there."""
        bucket = self.outputs["HomeUri"].removeprefix("s3://").partition("/")[0]
        return LocalHome(
            self._cloud.region,
            self._cloud.endpoint_url,
            self._cloud.catalog_url,
            bucket,
            self.outputs["TableBucketArn"],
            self._parameters.get("Namespace", NAMESPACE),
        )

    def api_door(self, port: int = 0, endpoint: Literal["Fraud", "Assign"] = "Fraud") -> ApiDoor:
        """Return a door to an endpoint on the loopback address; it answers once it is started."""
        return ApiDoor(self._cloud.client, self.outputs[f"{endpoint}ApiId"], port)

    def declared(self) -> dict[str, str]:
        """Return the type of each resource that the template declares; a nested one as Parent.Name."""
        found = resources_of(self._template)
        s3 = self._cloud.client("s3")
        for name, resource in self._template["Resources"].items():
            if resource["Type"] == "AWS::CloudFormation::Stack":
                url = resource["Properties"]["TemplateURL"]
                body = s3.get_object(Bucket=self._cloud.bucket, Key=url.split(".amazonaws.com/")[1])["Body"].read()
                found |= {f"{name}.{inner}": kind for inner, kind in resources_of(json.loads(body)).items()}
        return found

    def made(self) -> dict[str, str]:
        """Return the id of each resource that was made; a nested one as Parent.Name."""
        found = {}
        for name, resource in self._resources(self.name).items():
            found[name] = str(resource["PhysicalResourceId"])
            if resource["ResourceType"] == "AWS::CloudFormation::Stack":
                inner = self._resources(found[name].split("/")[1])
                found |= {f"{name}.{n}": str(r["PhysicalResourceId"]) for n, r in inner.items()}
        return found

    def _resources(self, stack: str) -> dict[str, dict[str, Any]]:
        listed = self._cloud.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        # moto lists a resource whose condition does not hold as one without a name
        return {resource["LogicalResourceId"]: resource for resource in listed if "LogicalResourceId" in resource}

    def machines(self) -> dict[str, str]:
        """Return the ARN of each state machine by the name of its chain."""
        return {chain: self.outputs[f"{chain.title()}Arn"] for chain in ("nightly", "weekly")}

    def start(self, chain: str, at: datetime) -> str:
        """Start the target of a chain's schedule with the schedule's input, as Scheduler would at a moment.

        Returns
        -------
        str
            ARN of the execution.
        """
        return start_schedule(self._cloud.client, self.name, chain, at)

    def run(self, chain: str, at: datetime, timeout_s: float = 600) -> Execution:
        """Start a chain and wait for its end."""
        return self.follow(self.start(chain, at), timeout_s)

    def follow(self, arn: str, timeout_s: float = 600) -> Execution:
        """Wait for the end of an execution."""
        return follow(self._cloud.client("stepfunctions"), arn, timeout_s)

    def function_log(self, name: str) -> str:
        """Return all that a function has printed."""
        return self._cloud.function_log(name)

    def job_log(self, job_id: str) -> str:
        """Return all that a job has printed."""
        return self._jobs.log(job_id)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Lead this process to the stack's home for a block."""
        with self.home.applied():
            yield

    def _upload(self, name: str, body: bytes) -> str:
        key = f"packages/{self.name}/{name}"
        self._cloud.client("s3").put_object(Bucket=self._cloud.bucket, Key=key, Body=body)
        return f"s3://{self._cloud.bucket}/{key}"
