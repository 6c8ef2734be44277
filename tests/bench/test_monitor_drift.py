"""The benchmark of drift prints what it promises to print; its timings are nobody's test."""

import json
import subprocess
import sys

import pytest

from tests.bench.cpu_seconds import ROOT
from tests.bench.monitor_drift import bars

GOOD = {"ratio_to_scan": 3.0, "peak_mb": 500.0, "page_mb": 1.0}


def test_what_stands_on_its_bar_passes() -> None:
    assert all(bars(GOOD).values())


@pytest.mark.parametrize(
    ("bar", "value"), [("ratio_to_scan", 3.01), ("peak_mb", 500.1), ("page_mb", 1.01), ("peak_mb", float("nan"))]
)
def test_what_is_beyond_its_bar_is_named(bar: str, value: float) -> None:
    assert [name for name, passed in bars({**GOOD, bar: value}).items() if not passed] == [bar]


@pytest.mark.long
def test_its_last_line_is_one_object_and_the_two_planted_drifts_are_found_alone() -> None:
    command = [sys.executable, "-m", "tests.bench.monitor_drift", "--quick"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    measured = json.loads(printed.strip().splitlines()[-1])
    assert measured.keys() >= {"ratio_to_scan", "peak_mb", "page_mb", "rows", "variables", "bars"}
    assert (measured["rows"], measured["variables"]) == (100_000, 50)
    assert measured["drifted"] == ["name_00", "number_00"]
    assert measured["bars"]["page_mb"]
