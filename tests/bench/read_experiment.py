"""The promise of reading an experiment: ten million rows, six metrics, three arms, in one pass near a bare aggregate.

``python -m tests.bench.read_experiment [--quick]`` prints one JSON object as its last line; docs/experiments.md
says what stands in it.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.cpu_seconds import child

ROWS, SHARDS, THREADS = 10_000_000, 10, 2
QUICK = 10
"""Part of the rows that ``--quick`` takes."""

LARGEST_RATIO = 1.3
LARGEST_MERGED_APART = 1e-12


def measure(quick: bool, folder: Path) -> dict[str, Any]:
    """Make the trial, read it out; see docs/experiments.md for the keys."""
    rows = ROWS // QUICK if quick else ROWS
    arguments = (str(folder), str(rows), str(SHARDS), str(THREADS))
    sys.stderr.write(f"{rows:,} rows in {SHARDS} files\n")
    child("tests.bench.read_experiment_parts", "make", *arguments)
    times = child("tests.bench.read_experiment_parts", "times", *arguments).printed
    peak = child("tests.bench.read_experiment_parts", "peak", *arguments)
    cpu = times["cpu_s"]
    return {
        "quick": quick,
        "rows": times["rows"],
        "metrics": 6,
        "arms": 3,
        "effects": peak.printed["effects"],
        "threads": THREADS,
        "ratio_to_sql": round(cpu["read"] / cpu["sql"], 2),
        "ratio_to_sums": round(cpu["read"] / cpu["sums"], 2),
        "merged_apart": times["merged_apart"],
        "peak_mb": round(peak.peak_mb, 1),
        "rows_per_s": round(times["rows"] / times["wall_s"]["read"]),
        "cpu_s": {name: round(value, 3) for name, value in cpu.items()},
        "wall_s": {name: round(value, 3) for name, value in times["wall_s"].items()},
    }


def bars(measured: dict[str, Any]) -> dict[str, bool]:
    """Hold what was measured to what is promised."""
    return {
        "ratio_to_sql": measured["ratio_to_sql"] <= LARGEST_RATIO,
        "merged_apart": measured["merged_apart"] <= LARGEST_MERGED_APART,
    }


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and end with 1 if a bar was missed."""
    about = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m tests.bench.read_experiment", description=about)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(parser.parse_args(argv).quick, Path(folder))
    passed = bars(measured)
    print(json.dumps({**measured, "bars": passed}))
    return 0 if all(passed.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
