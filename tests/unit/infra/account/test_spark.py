"""What Spark built is committed as the run that builds features would commit it, row for row, and once."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.account.spark import Cluster, StageFraudFeatures, build_on_spark, stage_rows
from infra.local.home import LocalHome
from infra.local.load import load_world
from infra.spark.local_mode import JOB, Asked
from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.errors import BadEnvironment, NoInput
from jobs.runtime.stores import Stores, open_stores
from jobs.science.fraud.engine import Limits
from jobs.science.fraud.features import fraud_features
from jobs.science.synthetic import World
from jobs.storage.tables import read_whole
from jobs.tables.outputs import FRAUD_FEATURES
from tests.trained import DAY

FIRST = DAY - timedelta(days=2)
CLUSTER = Cluster("00abc", "arn:aws:iam::123456789012:role/spark")
WORLD = World(7, 2_000, DAY, days=50, bad_rows=False)


class Emr:
    """EMR Serverless that runs the statement's own definition on DuckDB, and writes two files as Spark does."""

    def __init__(self, stores: Stores, ends: str = "SUCCESS") -> None:
        self._stores = stores
        self._states = iter(["SCHEDULED", "RUNNING", "RUNNING", ends])
        self.asked: dict[str, Any] = {}

    def start_job_run(self, **asked: Any) -> dict[str, str]:
        self.asked = asked
        words = asked["jobDriver"]["sparkSubmit"]["entryPointArguments"]
        self.words = dict(zip(words[::2], words[1::2], strict=True))
        payments = WORLD.payments(WORLD.shards()[0])
        built = pa.concat_tables(
            fraud_features(
                payments.transactions,
                payments.fraud_reports,
                first_day=FIRST,
                last_day=DAY,
                label_delay_days=7,
                limits=Limits(memory_mb=500, threads=1),
            )
        )
        # the statement's own columns: moments as microseconds, no day
        rows = built.drop_columns(["run_date", "occurred_at"]).append_column(
            "occurred_us", built["occurred_at"].cast(pa.int64())
        )
        folder = self.words["--output"].removeprefix(f"{self._stores.objects.uri}/")
        for number, part in enumerate((rows.slice(0, 700), rows.slice(700))):
            sink = pa.BufferOutputStream()
            pq.write_table(part, sink)
            self._stores.objects.put_if_absent(f"{folder}/part-{number}.parquet", sink.getvalue().to_pybytes())
        self._stores.objects.put_if_absent(f"{folder}/_SUCCESS", b"")
        return {"jobRunId": "run-1"}

    def get_job_run(self, applicationId: str, jobRunId: str) -> dict[str, Any]:
        assert (applicationId, jobRunId) == (CLUSTER.application_id, "run-1")
        return {"jobRun": {"state": next(self._states), "stateDetails": "said why"}}


@pytest.fixture
def stores(local_home: LocalHome) -> Iterator[Stores]:
    with local_home.applied():
        stores = open_stores()
        load_world(WORLD, stores.objects)
        yield stores


def test_rows_of_spark_and_rows_of_one_machine_are_the_same_rows(stores: Stores) -> None:
    asked, waits, said = Asked(FIRST, DAY), [], []
    emr = Emr(stores)
    prefix = build_on_spark(asked, CLUSTER, stores, emr, said.append, waits.append)
    assert len(waits) == 3
    assert said == [f"job run run-1 is {state}" for state in ("SCHEDULED", "RUNNING", "SUCCESS")]
    report = stage_rows(StageFraudFeatures(DAY, FIRST, prefix), stores)
    on_spark = read_whole(stores.tables, FRAUD_FEATURES).drop_columns("run_id").sort_by("transaction_id")
    assert report.rows_out == {"fraud_features": on_spark.num_rows}
    assert (
        on_spark["run_date"].unique().to_pylist() == [FIRST, FIRST + timedelta(days=1), DAY]
        or len(set(on_spark["run_date"].to_pylist())) == 3
    )
    assert stage_rows(StageFraudFeatures(DAY, FIRST, prefix), stores).state == "already done"
    build_fraud_features(BuildFraudFeatures(DAY, first_date=FIRST), stores)
    on_one = read_whole(stores.tables, FRAUD_FEATURES).drop_columns("run_id").sort_by("transaction_id")
    assert on_spark.equals(on_one)


def test_the_job_is_given_its_own_file_the_one_statement_and_the_inputs(stores: Stores) -> None:
    asked, emr = Asked(FIRST, DAY), Emr(stores)
    build_on_spark(asked, CLUSTER, stores, emr, sleep=lambda _: None)
    uri = stores.objects.uri
    given = emr.asked["jobDriver"]["sparkSubmit"]
    assert stores.objects.get(given["entryPoint"].removeprefix(f"{uri}/")) == JOB.read_bytes()
    assert stores.objects.get(emr.words["--statement"].removeprefix(f"{uri}/")).decode() == asked.statement
    assert emr.words["--transactions"] == f"{uri}/inputs/transactions/"
    assert emr.asked["executionRoleArn"] == CLUSTER.role_arn
    assert set(asked.arguments()) <= set(given["entryPointArguments"])


def test_a_job_that_fails_is_named_with_what_it_said(stores: Stores) -> None:
    with pytest.raises(BadEnvironment, match=r"job run run-1 of application 00abc is FAILED \(said why\)"):
        build_on_spark(Asked(FIRST, DAY), CLUSTER, stores, Emr(stores, "FAILED"), sleep=lambda _: None)


def test_where_no_rows_are_nothing_is_replaced(stores: Stores) -> None:
    with pytest.raises(NoInput, match="spark/gone/rows/ has no row from 2026-11-19 to 2026-11-21"):
        stage_rows(StageFraudFeatures(DAY, FIRST, "spark/gone/rows/"), stores)
