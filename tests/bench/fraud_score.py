"""The promises of fraud scoring: a day hardly slower than its bare predictions, a quick request, a small cold start.

``python -m tests.bench.fraud_score [--quick]`` prints one JSON object as its last line; docs/benchmarks.md says what
stands in it. Every measurement is a process of its own, and this one stays small.
"""

import sys
from pathlib import Path
from typing import Any

from tests.bench.command_line import run, say
from tests.bench.cpu_seconds import child

ROWS = 2_500_000
QUICK = 10
"""Part of the rows and of the requests that ``--quick`` takes."""

THREADS = 1

LARGEST_RATIO_TO_PREDICT = 1.4
LARGEST_P50_RATIO = 3.0
LARGEST_P99_RATIO = 6.0
LARGEST_COLD_CPU_S = 0.9
LARGEST_COLD_MB = 110.0


def measure(quick: bool, folder: Path) -> dict[str, Any]:
    """Run every measurement; see docs/benchmarks.md for the keys."""
    rows = ROWS // (QUICK if quick else 1)
    home = str(folder / "home")
    say(f"a day of {rows:,} payments")
    made = child("tests.bench.fraud_score_parts", "home", home, str(rows)).printed
    say("the whole job")
    job = child("tests.bench.fraud_score_parts", "job", home, str(THREADS))
    if job.printed["transactions"] != rows:
        raise SystemExit(f"the job scored {job.printed['transactions']} of {rows} rows")
    say("the bare predictions")
    bare = child("tests.bench.fraud_score_parts", "bare", home, str(THREADS)).printed
    say("the endpoint")
    endpoint = child("tests.bench.fraud_endpoint", *(["--quick"] if quick else [])).printed
    return {
        "quick": quick,
        "rows": rows,
        "trees": made["trees"],
        "threads": THREADS,
        "explained": job.printed["reviewed"] + job.printed["declined"],
        "ratio_to_predict": round(job.printed["cpu_s"] / bare["cpu_s"], 3),
        "peak_mb": round(job.peak_mb, 1),
        "cpu_s": {"job": round(job.printed["cpu_s"], 2), "predict": round(bare["cpu_s"], 2)},
        "wall_s": {"job": round(job.printed["wall_s"], 2), "predict": round(bare["wall_s"], 2)},
        **endpoint,
    }


def bars(measured: dict[str, Any]) -> dict[str, bool]:
    """Hold what was measured to what is promised."""
    return {
        "ratio_to_predict": measured["ratio_to_predict"] <= LARGEST_RATIO_TO_PREDICT,
        "p50_ratio": measured["p50_ratio"] <= LARGEST_P50_RATIO,
        "p99_ratio": measured["p99_ratio"] <= LARGEST_P99_RATIO,
        "cold_cpu_s": measured["cold_cpu_s"] <= LARGEST_COLD_CPU_S,
        "cold_mb": measured["cold_mb"] <= LARGEST_COLD_MB,
    }


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and end with 1 if a bar was missed."""
    return run("fraud_score", __doc__, "a tenth of the rows and of the requests", measure, bars, argv)


if __name__ == "__main__":
    sys.exit(main())
