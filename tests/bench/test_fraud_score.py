"""The benchmark prints what it promises to print; its timings are nobody's test."""

import json
import subprocess
import sys

import pytest

from tests.bench.cpu_seconds import ROOT
from tests.bench.fraud_score import ROWS, bars

GOOD = {"ratio_to_predict": 1.4, "p50_ratio": 3.0, "p99_ratio": 6.0, "cold_cpu_s": 0.9, "cold_mb": 110.0}


def test_what_stands_on_its_bar_passes() -> None:
    assert all(bars(GOOD).values())


@pytest.mark.parametrize("key", GOOD)
def test_what_is_beyond_its_bar_or_is_no_number_is_named(key: str) -> None:
    for value in (GOOD[key] * 1.01, float("nan")):
        assert [name for name, passed in bars({**GOOD, key: value}).items() if not passed] == [key]


@pytest.mark.long
def test_its_last_line_is_one_object_with_all_keys() -> None:
    command = [sys.executable, "-m", "tests.bench.fraud_score", "--quick"]
    # It ends with 1 where a timing missed its bar, which is no failure of a test.
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    measured = json.loads(printed.strip().splitlines()[-1])
    assert measured.keys() >= {*GOOD, "bars", "rows", "peak_mb"}
    assert measured["rows"] == ROWS // 10
    assert 0 < measured["explained"] < 0.02 * measured["rows"]
