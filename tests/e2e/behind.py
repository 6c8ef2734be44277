"""template.yaml deployed behind a server that can go wrong, with a small campaign, for tests of bad nights."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

import boto3
import pyarrow as pa
import pytest

from infra.local.cloud import LocalCloud
from infra.local.deploy_follow import Execution
from infra.local.deploy_stack import Stack
from infra.local.function_processes import FunctionProcesses
from infra.local.load import put_parquet
from jobs.runtime.effort import efforts
from jobs.runtime.stores import Stores, open_stores
from jobs.science.drift.profile import arm_score, profile_of
from tests.faults.small_worlds import ARMS, CAMPAIGN, customers, scorer_files
from tests.faults.unreliable import Faults, unreliable

FUNCTIONS = ("plan-shards", "run-shard", "finish-run", "fail-run", "write-page")
SPRING = "score-uplift"
FIRST_DAY = date(2026, 3, 1)


@dataclass(frozen=True)
class Site:
    """The stack; a test takes a day to itself, whose customers it puts."""

    stack: Stack
    stores: Stores
    faults: Faults

    def night(self, day: date) -> Execution:
        """Run the night of a day as its schedule does."""
        return self.stack.run("nightly", at(day))

    def spent(self, day: date) -> list[str]:
        """Service of each process that worked on the runs of a day."""
        return [effort.service for of_run in efforts(self.stores.objects, day).values() for effort in of_run]

    def put_customers(self, day: date, *parts: pa.Table) -> list[str]:
        """Put files of customers as of a day; return their keys."""
        names = [f"date={day}/part-{number}" for number in range(len(parts))]
        for name, rows in zip(names, parts, strict=True):
            put_parquet(self.stores.objects, "customers", name, rows)
        return [f"inputs/customers/{name}.parquet" for name in names]

    def run_of(self, day: date, verb: str = SPRING) -> dict[str, Any]:
        """What the ledger holds of a verb's only run of a day."""
        [run] = [run for run in self.stores.ledger.runs(day) if run["job"] == verb]
        return run

    def delete(self, key: str) -> None:
        """Delete an object of the home, which netlift itself never does."""
        boto3.client("s3").delete_object(Bucket=self.stack.home.bucket, Key=f"netlift/{key}")

    def replace(self, key: str, body: bytes) -> bytes:
        """Put another body in the place of an object's; return the one that was there."""
        before = self.stores.objects.get(key)
        boto3.client("s3").put_object(Bucket=self.stack.home.bucket, Key=f"netlift/{key}", Body=body)
        return before

    @contextmanager
    def refusing(self, pattern: str) -> Iterator[None]:
        """Answer "access denied" to requests of functions and jobs, for a block."""
        self.faults.refused = pattern
        try:
            yield
        finally:
            self.faults.refused = ""

    def configure(self, function: str, **variables: str) -> None:
        """Set variables of a function over those it has, as somebody with the console would."""
        name = f"netlift-{self.stack.stage}-{function}"
        client = boto3.client("lambda")
        known = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        client.update_function_configuration(FunctionName=name, Environment={"Variables": {**known, **variables}})


def at(day: date) -> datetime:
    """Moment that the schedule starts the night of a day at."""
    return datetime.combine(day + timedelta(days=1), time(2), UTC)


_deployed = count(1)


@contextmanager
def deployed_behind(cloud: LocalCloud, stage: str, faults: Faults, parameters: dict[str, str]) -> Iterator[Site]:
    """Deploy; functions and jobs find S3, also that of tables, behind `faults`; this process does not."""
    with (
        unreliable(cloud.endpoint_url, faults) as url,
        unreliable(cloud.catalog_url, Faults(0.0, seed=1), {cloud.endpoint_url: url}) as catalog,
    ):
        led = {"AWS_ENDPOINT_URL": url, "NETLIFT_CATALOG_URL": catalog}
        # A worker that is handed tests of a module again deploys again, into the same cloud.
        with Stack(cloud, f"{stage}{next(_deployed)}", {**parameters}, led) as stack, stack.applied():
            site = Site(stack, open_stores(), faults)
            for function in FUNCTIONS:
                site.configure(function, **led)
            yield site


def put_campaign(stores: Stores) -> None:
    """Put the small campaign and its scorer, with the profile of some customers."""
    stores.objects.put_if_absent("campaigns/spring.toml", CAMPAIGN)
    profiled = customers(5_000, 200).select(["age", "zone"])
    for number, arm in enumerate(ARMS):
        profiled = profiled.append_column(arm_score(arm), pa.array([(number + i) % 7 / 2.0 for i in range(200)]))
    version = stores.models.register("uplift-spring", scorer_files(), {"profile": profile_of(profiled).to_dict()})
    stores.models.promote("uplift-spring", version, "test", "the first")


def some_customers(first: int, rows: int = 40) -> pa.Table:
    """Customers of the small world, features as of its first day."""
    return customers(first, rows)


def before(patch: pytest.MonkeyPatch, function: str, act: Callable[[], object]) -> None:
    """Do something the moment before a function is first invoked: after what came before it, for certain."""
    honest = FunctionProcesses.invoke
    left = [act]

    def invoke(self: FunctionProcesses, of: Any, event: Any) -> Any:
        if of.name.endswith(function) and left:
            left.pop()()
        return honest(self, of, event)

    patch.setattr(FunctionProcesses, "invoke", invoke)
