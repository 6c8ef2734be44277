"""template.yaml itself, deployed: both chains from their schedules, through the emulator and an array job."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from infra.local.cloud import LocalCloud
from infra.local.deploy_follow import Execution
from infra.local.deploy_stack import Stack
from infra.local.deploy_template import ROOT
from infra.local.load import put_parquet
from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.runtime.chain import TRAINING
from jobs.runtime.stores import Stores, open_stores
from jobs.tables.outputs import OUTPUTS
from tests.e2e.conftest import Night
from tests.trained import DAY, FIRST_NIGHT, rows_of, states

_NO_SPARK = "off by default, and there is no EMR Serverless here: `make spark` runs the job in local mode"
NOT_MADE = {f"Spark{name}": _NO_SPARK for name in ("", ".Application", ".JobRole", ".Logs")}
"""Resources that the local cloud does not make, each with the reason."""

FILES = 4
INPUTS = ("fraud_reports", "partners", "transactions", "trial")
HISTORY_DAYS = 52
"""Days of features that training asks for at least: 28 to learn from, and what comes after them."""

AT = datetime.combine(DAY + timedelta(days=1), time(2), UTC)
SPRING = "score-uplift"


@dataclass(frozen=True)
class Site:
    """The stack, with the inputs and models of the night of this process, customers in four files."""

    stack: Stack
    stores: Stores
    deaths: Path

    def dies(self, shard: int, times: int) -> None:
        (self.deaths / str(shard)).write_text(str(times))

    def run(self, chain: str, at: datetime = AT) -> Execution:
        return self.stack.run(chain, at)

    def jobs(self, run_id: str) -> list[dict[str, Any]]:
        """The children of the newest array job of a run, in order of their index."""
        batch = boto3.client("batch")
        arrays = [job for job in _jobs(batch) if job["jobName"] == run_id and ":" not in job["jobId"]]
        newest = max(arrays, key=lambda job: job["createdAt"])["jobId"]
        size = batch.describe_jobs(jobs=[newest])["jobs"][0]["arrayProperties"]["size"]
        return [batch.describe_jobs(jobs=[f"{newest}:{index}"])["jobs"][0] for index in range(size)]

    def emulator_answered(self, function: str) -> int:
        """How many invocations of a function the emulator has reported, in its own words."""
        return self.stack.function_log(function).count("REPORT RequestId")

    def told(self) -> list[str]:
        """Messages that the topic was given."""
        topic = sns_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].topics[self.stack.outputs["ReportsArn"]]
        return [f"{subject}\n{message}" for _, message, subject, *_ in topic.sent_notifications]


def _jobs(batch: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    for queue in batch.describe_job_queues()["jobQueues"]:
        for status in ("SUCCEEDED", "FAILED"):
            listed += batch.list_jobs(jobQueue=queue["jobQueueArn"], jobStatus=status)["jobSummaryList"]
    return listed


@pytest.fixture(scope="module")
def deployed(emulated: LocalCloud, ran_night: Night, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    parameters = {"MonthlyBudgetUsd": "100", "AlarmEmail": "ops@example.com"}
    with _site(emulated, ran_night, tmp_path_factory.mktemp("deaths"), "e2e", INPUTS, parameters) as site:
        first = DAY - timedelta(days=HISTORY_DAYS)
        build_fraud_features(BuildFraudFeatures(DAY - timedelta(days=1), first_date=first), site.stores)
        yield site


@pytest.fixture
def site(deployed: Site) -> Iterator[Site]:
    with deployed.stack.applied():
        yield deployed


@pytest.fixture
def lean(emulated: LocalCloud, ran_night: Night, tmp_path: Path) -> Iterator[Site]:
    """Customers and their model, and no payments: the night is the campaign's alone."""
    with _site(emulated, ran_night, tmp_path, "lean", (), {}) as site:
        yield site


@contextmanager
def _site(
    cloud: LocalCloud, night: Night, deaths: Path, stage: str, inputs: Sequence[str], parameters: dict[str, str]
) -> Iterator[Site]:
    environment = {
        "PYTHONPATH": f"{Path(__file__).parent / 'deaths'}:{ROOT}",
        "NETLIFT_TEST_DEATHS": str(deaths),
    }
    arrays = {"BatchAboveShards": str(FILES - 1)}
    with Stack(cloud, stage, {**arrays, **parameters}, environment) as stack, stack.applied():
        stores = open_stores()
        put_the_same(night, stack, inputs)
        put_in_files(night.stores, stores)
        yield Site(stack, stores, deaths)


def put_the_same(night: Night, stack: Stack, inputs: Sequence[str]) -> None:
    """Put the campaign and models of a night into a stack's home, and these of its inputs."""
    for prefix in ("campaigns/", "models/", *(f"inputs/{table}/" for table in inputs)):
        _copy(night.home.bucket, stack.home.bucket, f"netlift/{prefix}")


def _copy(source: str, target: str, prefix: str) -> None:
    s3 = boto3.client("s3")
    for found in s3.list_objects_v2(Bucket=source, Prefix=prefix)["Contents"]:
        s3.copy_object(Bucket=target, Key=found["Key"], CopySource={"Bucket": source, "Key": found["Key"]})


def put_in_files(source: Stores, target: Stores) -> None:
    """Put the customers of a home into another one, in as many files as make an array job."""
    with_all = pa.concat_tables(
        pq.read_table(pa.BufferReader(source.objects.get(file.key)))
        for file in source.objects.list("inputs/customers/")
    )
    rows = -(-with_all.num_rows // FILES)
    for part in range(FILES):
        put_parquet(target.objects, "customers", f"part-{part:05d}", with_all.slice(part * rows, rows))


def _step(execution: Execution, verb: str) -> dict[str, Any]:
    [found] = [step for step in execution.output if step["verb"] == verb]
    return dict(found)


def test_every_resource_of_the_template_is_made(site: Site) -> None:
    declared, made = site.stack.declared(), site.stack.made()
    assert len(declared) > 60
    assert set(declared) - set(made) == set(NOT_MADE)


def test_the_night_of_the_schedule_writes_what_the_night_in_process_writes(site: Site, ran_night: Night) -> None:
    """Triggered twice at once; and one shard's machine is taken away as it begins."""
    site.dies(2, times=1)
    with ThreadPoolExecutor(2) as triggers:
        ended = list(triggers.map(lambda _: site.run("nightly"), range(2)))
    assert [execution.status for execution in ended] == ["SUCCEEDED", "SUCCEEDED"], [e.cause for e in ended]
    [idle] = [execution for execution in ended if isinstance(execution.output, dict)]
    [worked] = [execution for execution in ended if execution is not idle]
    assert idle.output["state"] == "another is at work"
    assert [(step["verb"], step["state"]) for step in worked.output] == [(s.verb, "finished") for s in FIRST_NIGHT]

    assert worked.entered().count("WorkArray") == 1
    assert worked.entered().count("WorkShard") == len(FIRST_NIGHT) - 1, "the other steps are small"
    children = site.jobs(_step(worked, SPRING)["run_id"])
    assert [[a["container"]["exitCode"] for a in child["attempts"]] for child in children] == [[0], [0], [137, 0], [0]]

    written = {"quarantine"}.union(*(s.writes for s in FIRST_NIGHT))
    here = {name: _rows(site.stores, name) for name in written}
    with ran_night.home.applied():
        for name in written:
            there = _rows(ran_night.stores, name)
            assert there.num_rows, name
            assert here[name].equals(there), name

    assert site.emulator_answered("netlift-e2e-finish-run") >= len(FIRST_NIGHT)
    [message] = site.told()
    assert message.startswith(f"netlift e2e: nightly of {DAY} is done\n")
    page = json.loads(worked.exited("WritePage"))["anything"]["page"]["address"]
    assert page in message
    assert SPRING in site.stores.objects.get(page.removeprefix(f"{site.stores.objects.uri}/")).decode()
    assert _step(worked, SPRING)["report"] == {
        **_step(worked, SPRING)["report"],
        "rows_in": 4000,
        "rows_quarantined": 0,
    }
    assert _step(worked, SPRING)["run_id"] in message


def test_the_same_trigger_again_commits_nothing_and_tells_nobody(site: Site) -> None:
    before, told = states(site.stores), site.told()
    again = site.run("nightly")
    assert again.status == "SUCCEEDED", again.cause
    assert {step["state"] for step in again.output} == {"already done"}
    assert (states(site.stores), site.told()) == (before, told)


@pytest.mark.long
def test_a_shard_that_always_dies_fails_the_night_by_name_and_the_next_trigger_works_it_alone(lean: Site) -> None:
    lean.dies(1, times=99)
    failed = lean.run("nightly")
    assert (failed.status, failed.error) == ("FAILED", "ShardDied")
    assert f"shard 1 of {SPRING}-spring-{DAY}" in failed.cause
    [run] = lean.stores.ledger.runs(DAY)
    assert (run["job"], run["state"], run["error"]["type"]) == (SPRING, "failed", "ShardDied")
    assert [len(child["attempts"]) for child in lean.jobs(run["run_id"])] == [1, 4, 1, 1]
    [message] = lean.told()
    assert message.startswith("netlift lean: nightly failed\n")
    assert "ShardDied" in message

    lean.dies(1, times=0)
    mended = lean.run("nightly")
    assert mended.status == "SUCCEEDED", mended.cause
    assert (_step(mended, SPRING)["state"], _step(mended, SPRING)["attempt"]) == ("finished", 2)
    logs = [lean.stack.job_log(child["jobId"]) for child in lean.jobs(run["run_id"])]
    assert ["is staged already" in log for log in logs] == [True, False, True, True]
    assert _rows(lean.stores, "uplift_scores").num_rows == 16_000


@pytest.mark.long
def test_the_week_of_the_schedule_trains_in_batch(site: Site) -> None:
    ended = site.run("weekly")
    assert ended.status == "SUCCEEDED", ended.cause
    assert [(step["verb"], step["state"]) for step in ended.output] == [(s.verb, "finished") for s in TRAINING]
    assert ended.entered().count("WorkOne") == len(TRAINING), "one shard each, which is a plain job"
    assert {"fraud", "partner-risk", "uplift-spring"} <= set(site.stores.models.kinds())
    assert "WritePage" not in ended.entered(), "a week has no page"


def _rows(stores: Stores, name: str) -> pa.Table:
    """Rows of the night; which run wrote them differs, since customers lie in other files."""
    rows = rows_of(stores, OUTPUTS[name], run_date=DAY)
    return rows.drop_columns([c for c in ("run_id",) if c in rows.column_names])
