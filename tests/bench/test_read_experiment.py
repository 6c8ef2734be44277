"""The benchmark of reading prints what it promises to print; its timings are nobody's test."""

import json
import subprocess
import sys

import pytest

from tests.bench.cpu_seconds import ROOT
from tests.bench.read_experiment import bars

GOOD = {"ratio_to_sql": 1.3, "merged_apart": 1e-12}


def test_what_stands_on_its_bar_passes_and_what_is_beyond_is_named() -> None:
    assert all(bars(GOOD).values())
    for bar, value in (("ratio_to_sql", 1.31), ("merged_apart", 2e-12), ("merged_apart", float("nan"))):
        assert [name for name, passed in bars({**GOOD, bar: value}).items() if not passed] == [bar]


@pytest.mark.long
def test_its_last_line_is_one_object_with_all_keys_and_shards_merge_exactly() -> None:
    command = [sys.executable, "-m", "tests.bench.read_experiment", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    measured = json.loads(done.stdout.strip().splitlines()[-1])
    assert measured.keys() >= {"ratio_to_sql", "peak_mb", "rows_per_s", "merged_apart", "bars"}
    assert (measured["rows"], measured["effects"]) == (1_000_000, 12)
    assert measured["bars"]["merged_apart"]
