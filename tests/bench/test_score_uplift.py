"""The benchmark prints what it promises to print; its timings are nobody's test."""

import json
import subprocess
import sys

import pytest

from tests.bench.cpu_seconds import ROOT
from tests.bench.score_uplift import LARGEST_DIFF_SD, bars

KEYS = {
    "speedup_vs_econml",
    "speedup_vs_const_marginal",
    "max_diff_sd",
    "peak_mb_500k",
    "peak_mb_2m",
    "ratio_to_parts",
    "bars",
}
GOOD = {"speedup_vs_econml": 2.5, "max_diff_sd": 1e-5, "peak_mb_500k": 400.0, "peak_mb_2m": 459.9}


def test_what_stands_on_its_bar_passes() -> None:
    assert all(bars(GOOD).values())


@pytest.mark.parametrize(
    ("bar", "missed"),
    [
        ("speedup_vs_econml", {"speedup_vs_econml": 2.49}),
        ("max_diff_sd", {"max_diff_sd": 1.1e-5}),
        ("max_diff_sd", {"max_diff_sd": float("nan")}),
        ("peak_mb_2m_to_500k", {"peak_mb_2m": 461.0}),
        ("peak_mb_2m", {"peak_mb_500k": 1000.0, "peak_mb_2m": 1000.0}),
    ],
)
def test_what_is_beyond_its_bar_is_named(bar: str, missed: dict[str, float]) -> None:
    assert [name for name, passed in bars({**GOOD, **missed}).items() if not passed] == [bar]


@pytest.mark.long
def test_its_last_line_is_one_object_with_all_keys() -> None:
    command = [sys.executable, "-m", "tests.bench.score_uplift", "--quick"]
    # It ends with 1 where a timing missed its bar, which is no failure of a test.
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    measured = json.loads(printed.strip().splitlines()[-1])
    assert measured.keys() >= KEYS
    assert measured["max_diff_sd"] <= LARGEST_DIFF_SD
    assert measured["bars"]["peak_mb_2m_to_500k"]
    assert measured["bars"]["peak_mb_2m"]
