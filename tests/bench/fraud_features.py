"""The promise of the fraud features: all of them for half a year in bounded memory, one day in seconds.

``python -m tests.bench.fraud_features [--quick]`` prints one JSON object as its last line; docs/benchmarks.md
says what stands in it. Every measurement is a process of its own, and this one stays small.
"""

import os
import sys
from pathlib import Path
from typing import Any

from tests.bench.command_line import run, say
from tests.bench.cpu_seconds import child

PARTS = "tests.bench.fraud_features_parts"
QUICK = 10
"""Part of the customers that ``--quick`` takes."""

RIVAL_SHARE = 50
"""Part of the customers, and of the partners, that pandas is measured on."""

BUILD_MB, DAY_MB = 300, 100
"""Memory that the SQL engine may use."""

DAY = "2018-08-14"

LEAST_SPEEDUP = 8.0
LARGEST_PEAK_MB = 700.0
LARGEST_INCREMENT_CPU_S = 3.0
LARGEST_INCREMENT_MB = 300.0


def measure(quick: bool, folder: Path) -> dict[str, Any]:
    """Run every measurement; see docs/benchmarks.md for the keys."""
    given = {name: value for name, value in os.environ.items() if name == "NETLIFT_DATA"}
    history = child(PARTS, "history", str(folder), str(QUICK if quick else 1), environment=given).printed
    say(f"all features of {history['rows']:,} transactions")
    whole = child(PARTS, "build", str(folder), history["first"], history["last"], str(BUILD_MB))
    say(f"the features of {DAY} alone")
    day = child(PARTS, "build", str(folder), DAY, DAY, str(DAY_MB), "3")
    say("the same with pandas on a part of the rows")
    rival = child(PARTS, "pandas", str(folder), str(RIVAL_SHARE // QUICK if quick else RIVAL_SHARE)).printed
    if whole.printed["rows"] != history["rows"]:
        raise SystemExit(f"features of {whole.printed['rows']} rows came out of {history['rows']}")
    return {
        "quick": quick,
        "rows": history["rows"],
        "speedup_vs_pandas": round(rival["by_group"] / whole.printed["cpu_s"], 2),
        "speedup_vs_pandas_whole": round(rival["whole"] / whole.printed["cpu_s"], 2),
        "peak_mb": round(whole.peak_mb, 1),
        "increment_rows": day.printed["rows"],
        "increment_cpu_s": round(day.printed["cpu_s"], 3),
        "increment_mb": round(day.peak_mb, 1),
        "cpu_s": {
            "build": round(whole.printed["cpu_s"], 2),
            "pandas_by_group": round(rival["by_group"], 1),
            "pandas_whole": round(rival["whole"], 1),
        },
        "wall_s": {"build": round(whole.printed["wall_s"], 2), "increment": round(day.printed["wall_s"], 2)},
    }


def bars(measured: dict[str, Any]) -> dict[str, bool]:
    """Hold what was measured to what is promised."""
    return {
        "speedup_vs_pandas": measured["speedup_vs_pandas"] >= LEAST_SPEEDUP,
        "peak_mb": measured["peak_mb"] <= LARGEST_PEAK_MB,
        "increment_cpu_s": measured["increment_cpu_s"] <= LARGEST_INCREMENT_CPU_S,
        "increment_mb": measured["increment_mb"] <= LARGEST_INCREMENT_MB,
    }


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and end with 1 if a bar was missed."""
    return run("fraud_features", __doc__, "a tenth of the customers", measure, bars, argv)


if __name__ == "__main__":
    sys.exit(main())
