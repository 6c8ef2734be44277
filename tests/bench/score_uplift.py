"""The promise of uplift scoring: faster than EconML, equal to it, in the memory of one file.

``python -m tests.bench.score_uplift [--quick]`` prints one JSON object as its last line; docs/benchmarks.md
says what stands in it. Every measurement is a process of its own, and this one stays small.
"""

import sys
from pathlib import Path
from typing import Any

from tests.bench.command_line import run, say
from tests.bench.cpu_seconds import child

ROWS = 1_000_000
SMALL_HOME_ROWS, LARGE_HOME_ROWS = 500_000, 2_000_000
ROWS_A_FILE = 100_000
QUICK = 10
"""Part of the rows that ``--quick`` takes, of the files too."""

THREADS = 2
SEED = 20261122
RUN_DATE, CAMPAIGN = "2026-03-01", "bench"

LEAST_SPEEDUP = 2.5
LARGEST_DIFF_SD = 1e-5
LARGEST_GROWTH = 1.15
LARGEST_PEAK_MB = 1000.0


def measure(quick: bool, folder: Path) -> dict[str, Any]:
    """Run every measurement; see docs/benchmarks.md for the keys."""
    part = QUICK if quick else 1
    model = folder / "model"
    model.mkdir()
    say(f"EconML and the portable scorer on {ROWS // part:,} rows")
    speed = child(
        "tests.bench.uplift_speed", *map(str, (ROWS // part, 4 if quick else 2, THREADS, SEED, model))
    ).printed
    small, large = folder / "small", folder / "large"
    peaks = {}
    for home, rows in ((small, SMALL_HOME_ROWS // part), (large, LARGE_HOME_ROWS // part)):
        child("tests.bench.uplift_home", str(home), str(model), *map(str, (rows, ROWS_A_FILE // part, SEED)))
        say(f"the whole job on {rows:,} customers in {rows * part // ROWS_A_FILE} files")
        peaks[home] = _job_peak_mb(home, rows)
    say("the whole job beside its bare parts")
    job, bare = (child("tests.bench.uplift_parts", what, str(small), str(THREADS)).printed for what in ("job", "parts"))
    took = speed["took"]
    return {
        "quick": quick,
        "rows": ROWS // part,
        "threads": THREADS,
        "speedup_vs_econml": _ratio(took["econml_effect"], took["portable"]),
        "speedup_vs_const_marginal": _ratio(took["econml_const_marginal_effect"], took["portable"]),
        "max_diff_sd": speed["max_diff_sd"],
        "peak_mb_500k": round(peaks[small], 1),
        "peak_mb_2m": round(peaks[large], 1),
        "ratio_to_parts": _ratio(job, bare),
        "cpu_s": {name: round(t["cpu_s"], 3) for name, t in {**took, "job_500k": job, "parts_500k": bare}.items()},
        "wall_s": {name: round(t["wall_s"], 3) for name, t in {**took, "job_500k": job, "parts_500k": bare}.items()},
    }


def bars(measured: dict[str, Any]) -> dict[str, bool]:
    """Hold what was measured to what is promised."""
    return {
        "speedup_vs_econml": measured["speedup_vs_econml"] >= LEAST_SPEEDUP,
        "max_diff_sd": measured["max_diff_sd"] <= LARGEST_DIFF_SD,
        "peak_mb_2m_to_500k": measured["peak_mb_2m"] <= LARGEST_GROWTH * measured["peak_mb_500k"],
        "peak_mb_2m": measured["peak_mb_2m"] < LARGEST_PEAK_MB,
    }


def _job_peak_mb(home: Path, rows: int) -> float:
    arguments = ("--run-date", RUN_DATE, "--campaign", CAMPAIGN, "--threads", str(THREADS))
    job = child("jobs.score_uplift", *arguments, environment={"NETLIFT_HOME": str(home)})
    if job.printed["rows_used"] != rows:
        raise SystemExit(f"the job used {job.printed['rows_used']} of {rows} rows")
    return job.peak_mb


def _ratio(one: dict[str, float], other: dict[str, float]) -> float:
    return round(one["cpu_s"] / other["cpu_s"], 3)


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and end with 1 if a bar was missed."""
    return run("score_uplift", __doc__, "a tenth of the rows", measure, bars, argv)


if __name__ == "__main__":
    sys.exit(main())
