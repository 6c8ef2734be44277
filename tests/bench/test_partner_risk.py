"""The benchmark of partners prints what it promises to print; its timings are nobody's test."""

import json
import subprocess
import sys

import pytest

from tests.bench.cpu_seconds import ROOT
from tests.bench.partner_risk import bars

GOOD = {"peak_mb": 2000.0, "ratio_to_scan": 8.0}


def test_what_stands_on_its_bar_passes() -> None:
    assert all(bars(GOOD).values())


@pytest.mark.parametrize(("bar", "value"), [("peak_mb", 2000.1), ("ratio_to_scan", 8.01), ("peak_mb", float("nan"))])
def test_what_is_beyond_its_bar_is_named(bar: str, value: float) -> None:
    assert [name for name, passed in bars({**GOOD, bar: value}).items() if not passed] == [bar]


@pytest.mark.long
def test_its_last_line_is_one_object_with_all_keys() -> None:
    command = [sys.executable, "-m", "tests.bench.partner_risk", "--quick"]
    # It ends with 1 where a timing missed its bar, which is no failure of a test.
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    measured = json.loads(printed.strip().splitlines()[-1])
    assert measured.keys() >= {"peak_mb", "rows_per_s", "ratio_to_scan", "partners", "transactions", "bars"}
    assert measured["bars"]["peak_mb"]
