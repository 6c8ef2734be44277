"""The promise of the allocator: near the optimum for certain, many times quicker than HiGHS, in bounded memory.

``python -m tests.bench.allocate [--quick]`` prints one JSON object as its last line; docs/benchmarks.md says what
stands in it. Every measurement is a process of its own, and this one stays small.
"""

import sys
from pathlib import Path
from typing import Any

from tests.bench.command_line import run, say
from tests.bench.cpu_seconds import Child, child

QUICK = 10
"""Part of each size that ``--quick`` takes."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""A second thread that waits for the first counts as CPU seconds too."""

AGAINST_HIGHS, LARGE, STREAMED, SPARSE, WITH_MINIMUMS = 100_000, 1_000_000, 10_000_000, 1_000_000, 10_000

MOST = {
    "gap_100k": 2e-4,
    "gap_1m": 1e-4,
    "cpu_s_1m": 6.0,
    "mb_over_data_1m": 100.0,
    "gap_10m": 1e-3,
    "cpu_s_10m": 60.0,
    "peak_mb_10m": 400.0,
    "gap_sparse": 5e-3,
    "under_linear_minimums": 5e-4,
}
LEAST_SPEEDUP, QUICK_SPEEDUP = 10.0, 1.0
"""Over HiGHS, whose time grows faster than the customers: a tenth of them is no match."""


def measure(quick: bool, folder: Path) -> dict[str, Any]:
    """Run every measurement; see docs/benchmarks.md for the keys."""
    divide = QUICK if quick else 1

    def part(what: str, customers: int, *more: str) -> Child:
        say(f"{what}: {customers // divide:,} customers")
        return child("tests.bench.allocate_parts", what, str(customers // divide), *more, environment=ONE_THREAD)

    rival = part("highs", AGAINST_HIGHS).printed
    large = part("dense", LARGE)
    part("write", STREAMED, str(folder))
    stream = part("stream", STREAMED, str(folder))
    sparse = part("sparse", SPARSE)
    minimums = part("minimums", WITH_MINIMUMS).printed
    everything = (rival, large.printed, stream.printed, sparse.printed, minimums)
    return {
        "quick": quick,
        "gap_100k": rival["gap"],
        "cpu_s_100k": round(rival["cpu_s"], 3),
        "cpu_s_highs_100k": round(rival["highs_cpu_s"], 3),
        "speedup_vs_highs_100k": round(rival["highs_cpu_s"] / rival["cpu_s"], 1),
        "under_linear_100k": rival["under_linear"],
        "gap_1m": large.printed["gap"],
        "cpu_s_1m": round(large.printed["cpu_s"], 3),
        "mb_over_data_1m": round(large.peak_mb - large.printed["data_mb"], 1),
        "caps_binding_1m": large.printed["binding"],
        "gap_10m": stream.printed["gap"],
        "cpu_s_10m": round(stream.printed["cpu_s"], 3),
        "peak_mb_10m": round(stream.peak_mb, 1),
        "opened_10m": stream.printed["opened"],
        "gap_sparse": sparse.printed["gap"],
        "cpu_s_sparse": round(sparse.printed["cpu_s"], 3),
        "peak_mb_sparse": round(sparse.peak_mb, 1),
        "budgets_binding_sparse": sparse.printed["binding"],
        "under_linear_minimums": minimums["under_linear"],
        "cpu_s_minimums": round(minimums["cpu_s"], 3),
        "feasible": all(part["feasible"] for part in everything),
    }


def bars(measured: dict[str, Any]) -> dict[str, bool]:
    """Hold what was measured to what is promised."""
    kept = {key: measured[key] <= bar for key, bar in MOST.items()}
    speedup = QUICK_SPEEDUP if measured["quick"] else LEAST_SPEEDUP
    kept["speedup_vs_highs_100k"] = measured["speedup_vs_highs_100k"] >= speedup
    return kept | {"feasible": measured["feasible"] is True}


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and end with 1 if a bar was missed."""
    return run("allocate", __doc__, "a tenth of each size", measure, bars, argv)


if __name__ == "__main__":
    sys.exit(main())
