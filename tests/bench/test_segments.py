"""The benchmark of segments prints what it promises to print; its timings are nobody's test."""

import json
import subprocess
import sys

import pytest

from tests.bench.cpu_seconds import ROOT
from tests.bench.segments import bars

GOOD = {"peak_mb": 2000.0, "ari_with_planted": 0.8, "ari_of_halves": 0.8}


def test_what_stands_on_its_bar_passes() -> None:
    assert all(bars(GOOD).values())


@pytest.mark.parametrize(
    ("bar", "value"),
    [("peak_mb", 2000.1), ("ari_with_planted", 0.79), ("ari_of_halves", 0.79), ("peak_mb", float("nan"))],
)
def test_what_is_beyond_its_bar_is_named(bar: str, value: float) -> None:
    assert [name for name, passed in bars({**GOOD, bar: value}).items() if not passed] == [bar]


@pytest.mark.long
def test_its_last_line_is_one_object_with_all_keys_and_every_bar_is_reached() -> None:
    """None of its bars is a timing: the same data and seed give the same groups."""
    command = [sys.executable, "-m", "tests.bench.segments", "--quick"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    measured = json.loads(printed.strip().splitlines()[-1])
    assert measured.keys() >= {"peak_mb", "rows_per_s", "ratio_to_scan", "customers", "transactions", "bars"}
    assert all(measured["bars"].values())
    assert measured["customers"] == 200_000
