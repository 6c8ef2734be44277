"""The promise of fitting: two million rows of thirty features in the memory of a laptop.

``python -m tests.bench.uplift_fit [--quick]`` prints one JSON object as its last line; docs/benchmarks.md says what
stands in it. The fit is a process of its own, and this one stays small.
"""

import sys
from pathlib import Path
from typing import Any

from tests.bench.command_line import run, say
from tests.bench.cpu_seconds import child

ROWS, FEATURES = 2_000_000, 30
QUICK = 10
"""Part of the rows that ``--quick`` takes."""

THREADS = 1
LARGEST_PEAK_MB = 6000.0
LARGEST_QUICK_PEAK_MB = 1500.0


def measure(quick: bool, folder: Path) -> dict[str, Any]:
    """Run the measurement; see docs/benchmarks.md for the keys."""
    del folder
    rows = ROWS // (QUICK if quick else 1)
    say(f"the default learner fitted to {rows:,} rows of {FEATURES} features")
    fit = child("tests.bench.uplift_fit_parts", str(rows), str(FEATURES), str(THREADS))
    return {
        "quick": quick,
        "rows": rows,
        "features": FEATURES,
        "threads": THREADS,
        "peak_mb": round(fit.peak_mb, 1),
        **fit.printed,
    }


def bars(measured: dict[str, Any]) -> dict[str, bool]:
    """Hold what was measured to what is promised."""
    return {"peak_mb": measured["peak_mb"] <= (LARGEST_QUICK_PEAK_MB if measured["quick"] else LARGEST_PEAK_MB)}


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and end with 1 if a bar was missed."""
    return run("uplift_fit", __doc__, "a tenth of the rows", measure, bars, argv)


if __name__ == "__main__":
    sys.exit(main())
