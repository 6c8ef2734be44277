"""The promise of fan-out: eight shards on two cores take little more than half of what one process takes.

``python -m tests.bench.fanout [--quick]`` scores the same customers in 1, 2, 4 and 8 files and prints one JSON object
as its last line. The rival is the whole job in one process with one thread. The fanned-out run is what the cloud does:
a plan and a claim, two worker processes that take shard after shard through the very handler of the Lambda function,
one commit. What is held to the bar is the time from the plan to the report with all processes up, as warm functions
are, the least of several rounds in turn; ``_cold`` is one run of each that begins with the start of the processes, and
so holds every interpreter's imports.

A machine that others use makes wall ratios too large. Two more ratios leave the others out: ``_undisturbed`` takes off
the wall time what the kernel says that processes were ready and waited for a core (Linux; of the two workers the one
that waited less), ``_cpu`` compares the CPU seconds that nothing ran beside (plan, commit, the worker that used most).
``waited_share`` is the part of the rival's time that it waited for a core: where it is not near 0, run it again later.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PARTS = "tests.bench.fanout_parts"
CUSTOMERS, QUICK = 1_000_000, 10
VARIANTS = (1, 2, 4, 8)
WORKERS = 2
ROUNDS = 3
LARGEST_RATIO = 1.35

ONE_THREAD = {"OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Took:
    """What one run took, in seconds.

    Parameters
    ----------
    wall_s : float
        From the plan to the report.
    single_cpu_s : float
        CPU seconds of the process that plans and commits.
    waited_s : float
        Part of the wall seconds in which the run could not go on because others had the cores.
    worker_cpu_s : tuple of float
        CPU seconds of each worker.
    """

    wall_s: float
    single_cpu_s: float
    waited_s: float
    worker_cpu_s: tuple[float, ...] = ()

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all processes."""
        return self.single_cpu_s + sum(self.worker_cpu_s)

    @property
    def undisturbed_s(self) -> float:
        """Wall seconds without those that others took."""
        return self.wall_s - self.waited_s

    @property
    def longest_path_cpu_s(self) -> float:
        """CPU seconds that nothing ran beside: plan and commit, and the busiest worker."""
        return self.single_cpu_s + max(self.worker_cpu_s, default=0.0)


class Process:
    """A process that reads a JSON line, answers with one, and tells its CPU seconds when it has ended."""

    def __init__(self, part: str) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("NETLIFT_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", PARTS, part],
            cwd=ROOT,
            env={**inherited, **ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._part = part

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Send a question and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._part} gave no answer to {question}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def used(self) -> tuple[float, float]:
        """CPU seconds so far, all modules being imported, and seconds that it waited for a core."""
        answer = self.ask({"cpu": True})
        return answer["cpu_s"], answer["waited_s"]

    def end(self) -> None:
        """Let the process end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait():
            raise SystemExit(f"{self._part} ended with {self._process.returncode}")


def one_process(alone: Process, home: Path, run_date: str) -> Took:
    """Run the whole job in one process with one thread."""
    before, started = alone.used(), time.perf_counter()
    alone.ask({"home": str(home), "run": run_date})
    wall_s, after = time.perf_counter() - started, alone.used()
    return Took(wall_s, after[0] - before[0], after[1] - before[1])


def fanned_out(everyone: Sequence[Process], home: Path, run_date: str) -> Took:
    """Plan and claim in the first process, let the others take shard after shard, commit in the first."""
    before = _at_once([process.used for process in everyone])
    coordinator, *workers = everyone
    started = time.perf_counter()
    planned = coordinator.ask({"home": str(home), "plan": run_date})
    run = {"run_id": planned["run_id"], "attempt": planned["attempt"]}
    waiting = iter(planned["shards"])
    _at_once([lambda w=worker: _work(w, {"home": str(home), **run}, waiting) for worker in workers])
    coordinator.ask({"home": str(home), "finish": run})
    wall_s = time.perf_counter() - started
    after = [process.used() for process in everyone]
    cpu_s, waited_s = ([a[i] - b[i] for a, b in zip(after, before, strict=True)] for i in (0, 1))
    return Took(wall_s, cpu_s[0], waited_s[0] + min(waited_s[1:]), tuple(cpu_s[1:]))


def _work(worker: Process, run: dict[str, Any], waiting: Iterator[int]) -> None:
    # next() of one list iterator is atomic: each shard is taken once.
    for shard in waiting:
        worker.ask({**run, "shard": shard})


def _at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result() for done in [pool.submit(call) for call in calls]]


def measure(customers: int, folder: Path) -> dict[str, Any]:
    """Make the homes, run every variant in turn, compare the tables; see the module's first lines."""
    homes = {"one_process": folder / "alone", **{f"shards_{n}": folder / f"shards-{n}" for n in VARIANTS}}
    _say(f"homes with {customers:,} customers and a trained model, in {', '.join(map(str, VARIANTS))} files")
    maker = Process("make")
    files = {str(homes["one_process"]): 1, **{str(homes[f"shards_{n}"]): n for n in VARIANTS}}
    cold_date, *run_dates = maker.ask({"folder": str(folder), "customers": customers, "homes": files})["run_dates"]
    maker.end()
    _say("cold: from the start of the processes")
    started = time.perf_counter()
    alone = Process("alone")
    imports_s = {"alone": alone.used()[0]}
    one_process(alone, homes["one_process"], cold_date)
    cold_s = {"one_process": time.perf_counter() - started}
    started = time.perf_counter()
    everyone = [Process(part) for part in ("coordinate", *["work"] * WORKERS)]
    imports_s |= dict(zip(("coordinator", "worker"), [p.used()[0] for p in everyone[:2]], strict=True))
    fanned_out(everyone, homes["shards_8"], cold_date)
    cold_s["shards_8"] = time.perf_counter() - started
    took: dict[str, list[Took]] = {name: [] for name in homes}
    for number, run_date in enumerate(run_dates[:ROUNDS]):
        _say(f"warm: round {number + 1} of {ROUNDS}")
        # Back and forth, so that no variant always follows the same one.
        for name, home in sorted(homes.items(), reverse=bool(number % 2)):
            of_one = name == "one_process"
            took[name].append(one_process(alone, home, run_date) if of_one else fanned_out(everyone, home, run_date))
    for process in (alone, *everyone):
        process.end()
    _say("the tables, row by row")
    reader = Process("digest")
    digests = {name: reader.ask({"home": str(home), "digest": run_dates[0]}) for name, home in homes.items()}
    reader.end()
    return {
        "rows_out": digests["one_process"]["rows"],
        "ratio_to_ideal_8_cold": _to_ideal(cold_s),
        **_figures(took),
        "imports_cpu_s": {name: round(seconds, 2) for name, seconds in imports_s.items()},
        "equal": all(found == digests["one_process"] for found in digests.values()),
    }


def _figures(took: dict[str, list[Took]]) -> dict[str, Any]:
    wall, undisturbed, cpu, longest = (
        {name: round(min(getattr(run, what) for run in runs), 3) for name, runs in took.items()}
        for what in ("wall_s", "undisturbed_s", "cpu_s", "longest_path_cpu_s")
    )
    return {
        "ratio_to_ideal_8": _to_ideal(wall),
        "ratio_to_ideal_8_undisturbed": _to_ideal(undisturbed),
        "ratio_to_ideal_8_cpu": _to_ideal(longest),
        # Both keep two workers busy, so all that differs is how often a shard is begun and ended.
        "overhead_s_per_shard": round((cpu["shards_8"] - cpu["shards_2"]) / 6, 3),
        "waited_share": round(max(0.0, 1 - undisturbed["one_process"] / wall["one_process"]), 3),
        "wall_s": wall,
        "undisturbed_s": undisturbed,
        "cpu_s": cpu,
        "longest_path_cpu_s": longest,
    }


def _to_ideal(seconds: dict[str, float]) -> float:
    return round(seconds["shards_8"] / (seconds["one_process"] / WORKERS), 3)


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and end with 1 if a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fanout", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    quick = parser.parse_args(argv).quick
    customers = CUSTOMERS // QUICK if quick else CUSTOMERS
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(customers, Path(folder))
    bars = {"ratio_to_ideal_8": measured["ratio_to_ideal_8"] <= LARGEST_RATIO, "equal": measured["equal"]}
    print(json.dumps({"quick": quick, "customers": customers, "workers": WORKERS, **measured, "bars": bars}))
    return 0 if all(bars.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
