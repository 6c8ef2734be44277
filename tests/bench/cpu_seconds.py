"""CPU seconds of a call, and of a child process with its peak memory: neighbours on the machine do not count."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Timed:
    """What one or several equal calls took: the least of each, in seconds."""

    cpu_s: float
    wall_s: float

    def least(self, other: "Timed") -> "Timed":
        """Return the lesser of each: what is above it was somebody else's."""
        return Timed(min(self.cpu_s, other.cpu_s), min(self.wall_s, other.wall_s))


@dataclass(frozen=True)
class Child:
    """What a child process printed, and the most memory it held."""

    printed: dict[str, Any]
    peak_mb: float


def timed(call: Callable[[], object]) -> Timed:
    """Call once and measure; CPU seconds are those of all threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Timed(time.process_time() - cpu, time.perf_counter() - wall)


def alternating(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Timed]:
    """Measure calls in turn, several rounds, so that a busy minute meets all of them; the least of each counts."""
    best: dict[str, Timed] = {}
    for _ in range(rounds):
        for name, call in calls.items():
            took = timed(call)
            best[name] = took.least(best.get(name, took))
    return best


def child(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Child:
    """Run a module in a process of its own, which prints one JSON object last.

    The caller must be small: on Linux a child's peak begins with its parent's.
    """
    command = [sys.executable, "-m", module, *arguments]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NETLIFT_")}
    with subprocess.Popen(
        command, cwd=ROOT, env={**inherited, **(environment or {})}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{module} {' '.join(arguments)} ended with {process.returncode}")
    bytes_a_unit = 1 if sys.platform == "darwin" else 1024
    return Child(_last_object(printed), usage.ru_maxrss * bytes_a_unit / 1e6)


def _last_object(printed: str) -> dict[str, Any]:
    """Read the JSON object that a process printed last, on one line or on many."""
    lines: Sequence[str] = printed.strip().splitlines()
    start = max(i for i, line in enumerate(lines) if line.startswith("{"))
    found: dict[str, Any] = json.loads("\n".join(lines[start:]))
    return found
