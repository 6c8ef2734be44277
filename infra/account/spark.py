"""Features of a long history on EMR Serverless: the job submitted, followed, and its rows committed by netlift.

A night needs no Spark: it builds one day. Spark is for months anew. It writes Parquet among the objects, under
``spark/``; a run of build-fraud-features stages and commits these rows as it would its own.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from infra.spark.local_mode import JOB, Asked
from jobs.build_fraud_features import by_day
from jobs.errors import BadEnvironment, NoInput
from jobs.runtime.chain import Step
from jobs.runtime.layout import input_prefix
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.fraud.features import declared
from jobs.tables.outputs import FRAUD_FEATURES

_ENDED = {"SUCCESS", "FAILED", "CANCELLED"}
_POLL_S = 10.0


@dataclass(frozen=True)
class Cluster:
    """Where the job runs: outputs of a stack whose SparkFeatures are ENABLED.

    Parameters
    ----------
    application_id : str
        The application.
    role_arn : str
        The role that the job runs as.
    """

    application_id: str
    role_arn: str


@dataclass(frozen=True)
class StageFraudFeatures:
    """Commit features that Spark built.

    Parameters
    ----------
    run_date, first_date : datetime.date
        Last and first day whose features are replaced.
    rows : str
        Prefix of the Parquet files among the objects.
    """

    run_date: date
    first_date: date
    rows: str


def build_on_spark(
    asked: Asked,
    cluster: Cluster,
    stores: Stores,
    client: Any,
    told: Callable[[str], object] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Run the job on EMR Serverless to its end.

    Parameters
    ----------
    asked : Asked
        Which features.
    cluster : Cluster
        Where it runs.
    stores : Stores
        Their objects hold the inputs, good rows only, and take the job, its statement and its rows.
    client : boto3 client
        Of emr-serverless.
    told : callable
        Called with a line when the job's state changes.
    sleep : callable
        Waits the seconds it is given.

    Returns
    -------
    str
        Prefix of the rows among the objects.

    Raises
    ------
    BadEnvironment
        If the job does not succeed; the sentence has what it said.
    """
    folder = f"spark/{asked.last_day}-{uuid4().hex[:12]}"
    job, statement = f"{folder}/{JOB.name}", f"{folder}/statement.sql"
    stores.objects.put_if_absent(job, JOB.read_bytes())
    stores.objects.put_if_absent(statement, asked.statement.encode())
    uri = stores.objects.uri
    words = ["--statement", f"{uri}/{statement}", "--output", f"{uri}/{folder}/rows"]
    words += ["--transactions", f"{uri}/{input_prefix('transactions')}"]
    words += ["--fraud-reports", f"{uri}/{input_prefix('fraud_reports')}"]
    started = client.start_job_run(
        applicationId=cluster.application_id,
        executionRoleArn=cluster.role_arn,
        name=f"build-fraud-features-{asked.last_day}",
        clientToken=uuid4().hex,
        jobDriver={
            "sparkSubmit": {"entryPoint": f"{uri}/{job}", "entryPointArguments": [*words, *asked.arguments()]},
        },
    )
    _follow(client, cluster, started["jobRunId"], told, sleep)
    return f"{folder}/rows/"


def stage_rows(request: StageFraudFeatures, stores: Stores) -> Report:
    """Stage what Spark wrote and commit it, as a run of build-fraud-features; once, however often it is asked.

    Raises
    ------
    NoInput
        If there are no rows under the prefix, or none of a day that is asked for.
    BadRequest
        If a row is of another day.
    """
    return run_job(_JOB, request, stores)


def _follow(
    client: Any, cluster: Cluster, run: str, told: Callable[[str], object], sleep: Callable[[float], None]
) -> None:
    state = ""
    while True:
        found = client.get_job_run(applicationId=cluster.application_id, jobRunId=run)["jobRun"]
        if found["state"] != state:
            state = found["state"]
            told(f"job run {run} is {state}")
        if state in _ENDED:
            break
        sleep(_POLL_S)
    if state != "SUCCESS":
        raise BadEnvironment(
            f"job run {run} of application {cluster.application_id} is {state} ({found.get('stateDetails', '')}): "
            f"its log in CloudWatch says why."
        )


def _work(request: StageFraudFeatures, stores: Stores, shard: OpenShard) -> None:
    files = [info.key for info in stores.objects.list(request.rows) if info.key.endswith(".parquet")]
    staged = 0
    for key in files:
        written = pq.ParquetFile(pa.BufferReader(stores.objects.get(key)))
        for group in range(written.num_row_groups):
            for day, rows in by_day(declared(written.read_row_group(group))):
                if request.first_date <= day <= request.run_date:
                    shard.stage(FRAUD_FEATURES, rows, run_date=day)
                    staged += rows.num_rows
    if not staged:
        raise NoInput(
            f"{stores.objects.uri}/{request.rows} has no row from {request.first_date} to {request.run_date}: "
            f"these are rows of Spark for 7 days; build them again."
        )


# Of the verb that builds them on one machine, so that what comes after it finds its run.
_JOB = Job(Step("build-fraud-features", kind="fraud", writes=(FRAUD_FEATURES.name,)), StageFraudFeatures, _work)
