"""The benchmark prints what it promises to print; its timings are nobody's test."""

import json
import subprocess
import sys

import pytest

from tests.bench.cpu_seconds import ROOT
from tests.bench.uplift_fit import LARGEST_PEAK_MB, LARGEST_QUICK_PEAK_MB, ROWS, bars


@pytest.mark.parametrize(("quick", "most"), [(False, LARGEST_PEAK_MB), (True, LARGEST_QUICK_PEAK_MB)])
def test_memory_is_held_to_the_bar_of_its_size(quick: bool, most: float) -> None:
    assert bars({"quick": quick, "peak_mb": most}) == {"peak_mb": True}
    for value in (most + 1, float("nan")):
        assert bars({"quick": quick, "peak_mb": value}) == {"peak_mb": False}


@pytest.mark.long
def test_its_last_line_is_one_object_with_all_keys() -> None:
    command = [sys.executable, "-m", "tests.bench.uplift_fit", "--quick"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    measured = json.loads(printed.strip().splitlines()[-1])
    assert measured["rows"] == ROWS // 10
    assert measured["features"] == 30
    assert measured["wall_s"] > 0
    assert measured["correlation_with_truth"] > 0.9
    assert measured["bars"]["peak_mb"]
