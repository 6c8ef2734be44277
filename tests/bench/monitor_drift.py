"""The promise of drift: every variable of a batch measured for little more than a look at its columns.

``python -m tests.bench.monitor_drift [--quick]`` prints one JSON object as its last line; docs/drift.md says
what stands in it. Each measurement is a process of its own, three of each in turn.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.cpu_seconds import child

ROWS, VARIABLES = 1_000_000, 50
QUICK = 10
"""Part of the rows that ``--quick`` takes."""

ROUNDS = 3
SEED = 20261122
LARGEST_RATIO = 3.0
LARGEST_PEAK_MB = 500.0
LARGEST_PAGE_MB = 1.0


def measure(quick: bool, folder: Path) -> dict[str, Any]:
    """Write a batch and the profile of another, scan the batch, measure its drift."""
    rows = ROWS // (QUICK if quick else 1)
    sys.stderr.write(f"{rows:,} rows of {VARIABLES} variables\n")
    child("tests.bench.drift_parts", "make", str(folder), str(rows), str(VARIABLES), str(SEED))
    # In turn, and the least of each: what the neighbours do in between is in neither.
    turns = [[child("tests.bench.drift_parts", what, str(folder)) for what in ("scan", "drift")] for _ in range(ROUNDS)]
    scans, jobs = [scan.printed for scan, _ in turns], [job for _, job in turns]
    scan_cpu_s = min(s["cpu_s"] for s in scans)
    job = min(jobs, key=lambda j: j.printed["cpu_s"])
    return {
        "quick": quick,
        "rows": job.printed["rows"],
        "variables": job.printed["variables"],
        "drifted": job.printed["drifted"],
        "ratio_to_scan": round(job.printed["cpu_s"] / scan_cpu_s, 2),
        "peak_mb": round(max(j.peak_mb for j in jobs), 1),
        "page_mb": job.printed["page_mb"],
        "rows_per_s": round(job.printed["rows"] / job.printed["wall_s"]),
        "cpu_s": {"scan": round(scan_cpu_s, 3), "drift": round(job.printed["cpu_s"], 3)},
        "wall_s": {"scan": round(min(s["wall_s"] for s in scans), 3), "drift": round(job.printed["wall_s"], 3)},
    }


def bars(measured: dict[str, Any]) -> dict[str, bool]:
    """Hold what was measured to what is promised."""
    return {
        "ratio_to_scan": measured["ratio_to_scan"] <= LARGEST_RATIO,
        "peak_mb": measured["peak_mb"] <= LARGEST_PEAK_MB,
        "page_mb": measured["page_mb"] <= LARGEST_PAGE_MB,
    }


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and end with 1 if a bar was missed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.monitor_drift", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(parser.parse_args(argv).quick, Path(folder))
    passed = bars(measured)
    print(json.dumps({**measured, "bars": passed}))
    return 0 if all(passed.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
