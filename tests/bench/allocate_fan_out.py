"""The promise of an allocation in parts: the value of one process, in the memory of one part.

``python -m tests.bench.allocate_fan_out [--quick]`` prints one JSON object as its last line; docs/benchmarks.md says
what stands in it. Every measurement is a process of its own, and this one stays small.
"""

import sys
from pathlib import Path
from typing import Any

from tests.bench.command_line import run, say
from tests.bench.cpu_seconds import child

ARMS = 10
SMALL_ROWS, LARGE_ROWS = 2_000_000, 8_000_000
PART_ROWS = FILE_ROWS = 1_000_000
QUICK = 10
"""Part of the rows that ``--quick`` takes, of the files and the parts too."""

RUN_DATE = "2026-03-01"

LARGEST_GAP = 1e-4
QUICK_GAP = 1e-3
LEAST_VALUE = 1 - 1e-4
LARGEST_GROWTH = 1.15


def measure(quick: bool, folder: Path) -> dict[str, Any]:
    """Run every measurement; see docs/benchmarks.md for the keys."""
    divide = QUICK if quick else 1
    part_rows, small, large = PART_ROWS // divide, SMALL_ROWS // divide, LARGE_ROWS // divide
    for name, rows in (("whole", small), ("small", small), ("large", large)):
        say(f"{rows:,} rows of scores in {rows * divide // FILE_ROWS} files")
        child(
            "tests.bench.offers_home", str(folder / name), *map(str, (rows // ARMS, ARMS, rows * divide // FILE_ROWS))
        )
    say("one process, then parts")
    whole = child(
        "jobs.allocate_offers",
        "--run-date",
        RUN_DATE,
        environment={"NETLIFT_HOME": str(folder / "whole"), "NETLIFT_FAN_OUT_MB": "1000000"},
    )
    parts = {n: child("tests.bench.offers_parts", str(folder / n), str(part_rows)) for n in ("small", "large")}
    [alone] = whole.printed["details"]["campaigns"].values()
    together, took = parts["small"].printed["certificate"], parts["large"].printed["cpu_s"]
    said = parts["large"].printed["certificate"]
    return {
        "quick": quick,
        "rows": large,
        "arms": ARMS,
        "parts": parts["large"].printed["parts"],
        "pick_rows_per_s": round(large / took["pick"]),
        "share_of_time_in_repair": round(took["repair"] / (took["share"] + took["pick"] + took["join"]), 4),
        "open_share": round(said["fan_out"]["customers_open"] / said["customers"], 4),
        "gap": said["gap"],
        "value_vs_one_process": together["expected_net_eur"] / alone["expected_net_eur"],
        "peak_mb_small": round(parts["small"].peak_mb, 1),
        "peak_mb_large": round(parts["large"].peak_mb, 1),
        "peak_mb_one_process_small": round(whole.peak_mb, 1),
        "cpu_s": {name: round(s, 3) for name, s in took.items()},
    }


def bars(measured: dict[str, Any]) -> dict[str, bool]:
    """Hold what was measured to what is promised."""
    return {
        "gap": measured["gap"] <= (QUICK_GAP if measured["quick"] else LARGEST_GAP),
        "value_vs_one_process": measured["value_vs_one_process"] >= LEAST_VALUE,
        "peak_mb_large_to_small": measured["peak_mb_large"] <= LARGEST_GROWTH * measured["peak_mb_small"],
    }


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and end with 1 if a bar was missed."""
    return run("allocate_fan_out", __doc__, "a tenth of the rows", measure, bars, argv)


if __name__ == "__main__":
    sys.exit(main())
