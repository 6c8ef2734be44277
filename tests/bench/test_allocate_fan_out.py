"""The benchmark of an allocation in parts prints what it promises, and its memory does not grow with the files."""

import json
import subprocess
import sys

import pytest

from tests.bench.allocate_fan_out import LARGEST_GAP, bars
from tests.bench.cpu_seconds import ROOT

GOOD = {
    "quick": False,
    "gap": LARGEST_GAP,
    "value_vs_one_process": 1 - 1e-4,
    "peak_mb_small": 400.0,
    "peak_mb_large": 459.9,
}


def test_what_stands_on_its_bar_passes() -> None:
    assert all(bars(GOOD).values())


@pytest.mark.parametrize(
    ("bar", "missed"),
    [
        ("gap", {"gap": 1.1e-4}),
        ("value_vs_one_process", {"value_vs_one_process": 0.9998}),
        ("peak_mb_large_to_small", {"peak_mb_large": 461.0}),
    ],
)
def test_what_is_beyond_its_bar_is_named(bar: str, missed: dict[str, float]) -> None:
    assert [name for name, passed in bars({**GOOD, **missed}).items() if not passed] == [bar]


@pytest.mark.long
def test_four_times_the_files_take_no_more_memory_and_lose_no_value() -> None:
    """Facts only: it ends with 1 where one of its bars is missed, none of which is a timing."""
    command = [sys.executable, "-m", "tests.bench.allocate_fan_out"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    measured = json.loads(done.stdout.strip().splitlines()[-1])
    assert measured["bars"] == {"gap": True, "value_vs_one_process": True, "peak_mb_large_to_small": True}
    assert measured["parts"] == 8
