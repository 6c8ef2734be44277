"""The promise of a catalogue: a night of 1,000,000 customers x 20 candidates out of 5,000 offers, in one process.

``python -m tests.bench.allocate_catalogue [--quick]`` prints one JSON object as its last line. It reads purchases and
scores, chooses candidates, solves under 5,000 caps and 500 partner budgets, and commits the list.
"""

import os
import sys
from pathlib import Path
from typing import Any

from tests.bench.allocate_fan_out import RUN_DATE
from tests.bench.command_line import run, say
from tests.bench.cpu_seconds import child

CUSTOMERS, OFFERS = 1_000_000, 5_000
QUICK = 20
"""Part of the customers that ``--quick`` takes, and of the offers a tenth."""

LARGEST_GAP = 5e-3
LARGEST_PEAK_MB = 2_500


def measure(quick: bool, folder: Path) -> dict[str, Any]:
    """Allocate once; see docs/benchmarks.md for the keys."""
    customers, offers = (CUSTOMERS // QUICK, OFFERS // 10) if quick else (CUSTOMERS, OFFERS)
    say(f"{customers:,} customers, {offers:,} offers")
    child("tests.bench.catalogue_home", str(folder / "home"), str(customers), str(offers))
    say("the night")
    before = os.times()
    took = child("jobs.allocate_offers", "--run-date", RUN_DATE, environment={"NETLIFT_HOME": str(folder / "home")})
    after = os.times()
    [said] = took.printed["details"]["campaigns"].values()
    return {
        "quick": quick,
        "customers": customers,
        "offers": offers,
        "offers_made": said["catalogue"]["offers_made"],
        "offered": said["offered"],
        "gap": took.printed["details"]["night"]["gap"],
        "resources": len(took.printed["details"]["night"]["resources"]),
        "cpu_s": round(sum(after[2:4]) - sum(before[2:4]), 1),
        "peak_mb": round(took.peak_mb, 1),
    }


def bars(measured: dict[str, Any]) -> dict[str, bool]:
    """Hold what was measured to what is promised."""
    return {
        "gap": measured["gap"] <= LARGEST_GAP,
        "peak_mb": measured["peak_mb"] <= LARGEST_PEAK_MB,
    }


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and end with 1 if a bar was missed."""
    return run("allocate_catalogue", __doc__, "a twentieth of the customers", measure, bars, argv)


if __name__ == "__main__":
    sys.exit(main())
