"""The promise of segments: two million customers in bounded memory, and the planted segments found again.

``python -m tests.bench.segments [--quick]`` prints one JSON object as its last line; docs/benchmarks.md
says what stands in it. The payments are made shard by shard; each measurement is a process of its own.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.cpu_seconds import child

CUSTOMERS, TRANSACTIONS, SHARDS = 2_000_000, 40_000_000, 40
QUICK = 10
"""Part of customers and transactions that ``--quick`` takes."""

THREADS = 2
MEMORY_MB = 900
SEED = 20261122
LARGEST_PEAK_MB = 2000.0
SMALLEST_ARI = 0.8


def measure(quick: bool, folder: Path) -> dict[str, Any]:
    """Make the payments, scan them, segment the customers; see docs/benchmarks.md for the keys."""
    part = QUICK if quick else 1
    customers, rows, shards = CUSTOMERS // part, TRANSACTIONS // part, max(SHARDS // part, 1)
    _say(f"{rows:,} transactions of {customers:,} customers in {shards} shards")
    child("tests.bench.segment_payments", str(folder), *map(str, (customers, rows, shards, SEED)))
    arguments = (str(folder), str(THREADS), str(MEMORY_MB), str(SEED))
    # A bare scan before and after: what the neighbours do in between meets the larger one least.
    scans = [child("tests.bench.segment_parts", "scan", *arguments).printed]
    _say("behaviour, segments and profiles of all customers")
    job = child("tests.bench.segment_parts", "segments", *arguments)
    scans.append(child("tests.bench.segment_parts", "scan", *arguments).printed)
    scan_cpu_s = min(s["cpu_s"] for s in scans)
    return {
        "quick": quick,
        "customers": job.printed["customers"],
        "transactions": scans[0]["rows"],
        "shards": shards,
        "threads": THREADS,
        "peak_mb": round(job.peak_mb, 1),
        "rows_per_s": round(scans[0]["rows"] / job.printed["wall_s"]),
        "ratio_to_scan": round(job.printed["cpu_s"] / scan_cpu_s, 2),
        **{name: job.printed[name] for name in ("segments", "ari_with_planted", "ari_of_halves")},
        "cpu_s": {"scan": round(scan_cpu_s, 2), "segments": round(job.printed["cpu_s"], 2)},
        "wall_s": {"scan": round(min(s["wall_s"] for s in scans), 2), "segments": round(job.printed["wall_s"], 2)},
    }


def bars(measured: dict[str, Any]) -> dict[str, bool]:
    """Hold what was measured to what is promised."""
    return {
        "peak_mb": measured["peak_mb"] <= LARGEST_PEAK_MB,
        "ari_with_planted": measured["ari_with_planted"] >= SMALLEST_ARI,
        "ari_of_halves": measured["ari_of_halves"] >= SMALLEST_ARI,
    }


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and end with 1 if a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.segments", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(parser.parse_args(argv).quick, Path(folder))
    passed = bars(measured)
    print(json.dumps({**measured, "bars": passed}))
    return 0 if all(passed.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
