"""The promises of uplift learners: portable scorers faster than EconML and equal to it, and light to load.

``python -m tests.bench.uplift_learners [--quick]`` prints one JSON object as its last line; docs/benchmarks.md says
what stands in it. Every measurement is a process of its own, and this one stays small.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from infra.packages.code import compile_code, copy_code
from infra.packages.declared import SCORING
from infra.packages.environments import python_of
from tests.bench.command_line import run, say
from tests.bench.cpu_seconds import child

ROWS = 32_000
QUICK = 10
"""Part of the rows that ``--quick`` takes."""

STARTS = 5
LEAST_BOOSTERS_SPEEDUP = 2.5
LEAST_LINEAR_SPEEDUP = 1.0
LARGEST_DIFF_SD = 1e-5
LARGEST_IMPORT_CPU_S = 0.6
LARGEST_IMPORT_MB = 90.0

# VmHWM begins anew with the program, ru_maxrss with the process that it was forked from.
_PROGRAM = (
    "import json, resource, jobs.science.uplift.portable\n"
    "from jobs.science.lightgbm_library import library; library()\n"
    "used = resource.getrusage(resource.RUSAGE_SELF)\n"
    "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
    "print(json.dumps([used.ru_utime + used.ru_stime, int(peak.split()[1]) / 1024]))"
)


def measure(quick: bool, folder: Path) -> dict[str, Any]:
    """Run every measurement; see docs/benchmarks.md for the keys."""
    del folder
    rows = ROWS // (QUICK if quick else 1)
    say(f"every learner fitted to {rows:,} rows, which EconML and the portable scorers then score")
    learners = child("tests.bench.uplift_learners_parts", str(rows)).printed
    say("the import of what scores, in the scoring package's own environment")
    cpu_s, mb = imported()
    return {
        "quick": quick,
        "rows": rows,
        "boosters_speedup": min(learners[name]["speedup"] for name in ("XLearner", "DRLearner")),
        "linear_speedup": learners["LinearDML"]["speedup"],
        "max_diff_sd": max(of["max_diff_sd"] for of in learners.values() if "max_diff_sd" in of),
        "score_import_cpu_s": cpu_s,
        "score_import_mb": mb,
        "learners": learners,
    }


def imported() -> tuple[float, float]:
    """Return CPU seconds from the start of the process, and the largest memory in MB: the least of a few starts."""
    python = python_of(SCORING)
    with tempfile.TemporaryDirectory() as folder:
        copy_code(Path(folder))
        compile_code(Path(folder))
        variables = {"PATH": "/usr/bin:/bin", "PYTHONPATH": folder}
        command = [python, "-c", _PROGRAM]
        said = [
            json.loads(subprocess.run(command, env=variables, check=True, capture_output=True).stdout)
            for _ in range(STARTS)
        ]
    return round(min(s for s, _ in said), 3), round(min(mb for _, mb in said), 1)


def bars(measured: dict[str, Any]) -> dict[str, bool]:
    """Hold what was measured to what is promised."""
    return {
        "boosters_speedup": measured["boosters_speedup"] >= LEAST_BOOSTERS_SPEEDUP,
        "linear_speedup": measured["linear_speedup"] >= LEAST_LINEAR_SPEEDUP,
        "max_diff_sd": measured["max_diff_sd"] <= LARGEST_DIFF_SD,
        "score_import_cpu_s": measured["score_import_cpu_s"] <= LARGEST_IMPORT_CPU_S,
        "score_import_mb": measured["score_import_mb"] <= LARGEST_IMPORT_MB,
    }


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and end with 1 if a bar was missed."""
    return run("uplift_learners", __doc__, "a tenth of the rows", measure, bars, argv)


if __name__ == "__main__":
    sys.exit(main())
