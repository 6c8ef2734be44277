"""Run the Spark job on this machine, in the environment that ``infra/tools/spark.lock`` describes."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.errors import BadEnvironment, BadRequest
from jobs.science.fraud.engine import AMOUNT_UNITS_PER_EUR
from jobs.science.fraud.features import declared, span, statement

ROOT = Path(__file__).resolve().parents[2]
JOB = Path(__file__).with_name("fraud_features.py")


@dataclass(frozen=True)
class Asked:
    """Which features.

    Parameters
    ----------
    first_day, last_day : datetime.date
        First and last day (UTC, both included) of the transactions that come out.
    label_delay_days : int
        Days, at least 1, after which a transaction without a report counts as genuine.
    refresh_hours : int
        Hours between two refreshes of what is known of partners, a divisor of 24.
    """

    first_day: date
    last_day: date
    label_delay_days: int = 7
    refresh_hours: int = 24

    @property
    def statement(self) -> str:
        """The SQL, the same for every engine."""
        first_s, end_s, _ = span(self.first_day, self.last_day, self.label_delay_days)
        return statement(first_s, end_s, self.label_delay_days, self.refresh_hours)

    def arguments(self) -> list[str]:
        """Arguments of the Spark job that say which rows its views hold."""
        _, end_s, oldest_s = span(self.first_day, self.last_day, self.label_delay_days)
        return ["--oldest-s", str(oldest_s), "--end-s", str(end_s), "--units", str(AMOUNT_UNITS_PER_EUR)]


def spark_python() -> Path:
    """Return the Python that has PySpark.

    Raises
    ------
    BadEnvironment
        If the environment or Java is missing.
    """
    python = Path(os.environ.get("NETLIFT_SPARK_PYTHON", ROOT / ".venv-spark" / "bin" / "python"))
    if not python.is_file():
        raise BadEnvironment(f"{python} is not there: run 'make spark', which makes it from infra/tools/spark.lock.")
    if not shutil.which("java") and "JAVA_HOME" not in os.environ:
        raise BadEnvironment("Spark needs Java 17 or later, and there is no 'java' on PATH: install a JRE.")
    return python


def build(
    asked: Asked, transactions: Sequence[Path], fraud_reports: Sequence[Path], folder: Path, threads: int = 2
) -> pa.Table:
    """Build features on Spark in local mode.

    Parameters
    ----------
    asked : Asked
        Which features.
    transactions, fraud_reports : sequence of Path
        Parquet files of the declared inputs, good rows only.
    folder : Path
        Where the statement and the rows are written; it exists.
    threads : int
        Threads of Spark.

    Returns
    -------
    pyarrow.Table
        Columns ``BUILT_COLUMNS``, in the order of time and transaction id.

    Raises
    ------
    BadEnvironment
        If there is no PySpark or no Java.
    BadRequest
        If Spark refuses; the sentence is the last that it said.
    """
    sql, output = folder / "statement.sql", folder / "rows"
    sql.write_text(asked.statement)
    words = [str(spark_python()), str(JOB), "--statement", str(sql), "--output", str(output)]
    for name, files in (("--transactions", transactions), ("--fraud-reports", fraud_reports)):
        words += [word for file in files for word in (name, str(file))]
    ran = subprocess.run(  # noqa: S603  our own job, started with our own arguments
        [*words, *asked.arguments(), "--master", f"local[{threads}]"],
        env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        said = [line for line in ran.stderr.splitlines() if line.startswith(("spark:", "pyspark."))]
        raise BadRequest(said[-1] if said else ran.stderr[-2000:])
    rows = pq.read_table(output).sort_by([("occurred_us", "ascending"), ("transaction_id", "ascending")])
    return declared(rows).combine_chunks()
