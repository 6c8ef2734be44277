"""The benchmark of the features prints what it promises to print; its timings are nobody's test."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.cpu_seconds import ROOT
from tests.bench.fraud_features import bars

GOOD = {"speedup_vs_pandas": 8.0, "peak_mb": 700.0, "increment_cpu_s": 3.0, "increment_mb": 300.0}


def test_what_stands_on_its_bar_passes() -> None:
    assert all(bars(GOOD).values())


@pytest.mark.parametrize(
    ("bar", "value"),
    [("speedup_vs_pandas", 7.99), ("peak_mb", 700.1), ("increment_cpu_s", 3.01), ("increment_mb", float("nan"))],
)
def test_what_is_beyond_its_bar_is_named(bar: str, value: float) -> None:
    assert [name for name, passed in bars({**GOOD, bar: value}).items() if not passed] == [bar]


@pytest.mark.long
def test_it_prints_its_keys_last_and_computes_every_row(data_dir: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench.fraud_features", "--quick"],
        cwd=ROOT, env={**os.environ, "NETLIFT_DATA": str(data_dir)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    measured = json.loads(ran.stdout.splitlines()[-1])
    assert {*GOOD, "bars", "rows"} <= {*measured}
    assert ran.returncode == (0 if all(measured["bars"].values()) else 1)
    assert measured["rows"] > 100_000
    assert measured["increment_rows"] > 500
