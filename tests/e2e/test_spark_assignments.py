"""Spark draws what Python draws, of every id: the statement of the experiment, run by Spark itself."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.spark.local_mode import spark_python
from jobs.errors import BadEnvironment
from jobs.science.experiment.assignment import Assignment, Holdout, Slot, assign
from jobs.science.experiment.assignment_sql import assignment_sql

IDS = 20_000
PROGRAM = """
import sys
from pyspark.sql import SparkSession

units, statement, output = sys.argv[1:]
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
spark.read.parquet(units).createOrReplaceTempView("units")
spark.sql(open(statement).read()).write.parquet(output)
spark.stop()
"""
RULE = Assignment(
    "spring's \\ 2027",
    {"none": 0.5, "mail": 0.3, "it's \\ a letter": 0.2},
    exposure=0.8,
    slot=Slot("offers", 0.1, 0.9),
    holdouts=(Holdout("everything", 0.05), Holdout("campaign-7", 0.1)),
    strata={"gold": {"none": 0.2, "mail": 0.2, "it's \\ a letter": 0.6}},
    version=3,
)


@pytest.mark.long
def test_spark_gives_every_arm_and_propensity_that_python_gives(tmp_path: Path) -> None:
    try:
        python = spark_python()
    except BadEnvironment as missing:
        pytest.skip(f"SKIPPED FOR WANT OF SPARK: {missing}")
    ids = [f"c{n:08d}" if n % 2 else f"müller+{n}@example.com" for n in range(IDS)]
    strata = np.array(["gold", "silver", None], object)[np.arange(IDS) % 3]
    units, statement, output = tmp_path / "units.parquet", tmp_path / "statement.sql", tmp_path / "drawn"
    pq.write_table(pa.table({"n": np.arange(IDS), "unit id": ids, "stratum": pa.array(strata)}), units)
    statement.write_text(assignment_sql(RULE, "units", "unit id", "stratum", engine="spark"))
    ran = subprocess.run(
        [str(python), "-c", PROGRAM, str(units), str(statement), str(output)],
        env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    drawn = pq.read_table(output).sort_by("n")
    ours = assign(RULE, pa.array(ids), pa.array(strata))
    assert drawn["arm"].to_pylist() == ours.arm.tolist()
    np.testing.assert_array_equal(np.array(drawn["propensity"].to_pylist(), np.float64), ours.propensity)
    assert (set(drawn["salt"].to_pylist()), set(drawn["version"].to_pylist())) == ({RULE.salt}, {3})
