"""Jobs as their command line runs them, each in a process of its own that dies or waits where a test says.

The processes are forked from a server that has imported the jobs and done nothing else: a hundred deaths cost
one import.
"""

import functools
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Any

from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.catalog.sql import SqlCatalog

from jobs import allocate_offers, score_fraud, score_uplift
from jobs.runtime import command, parts, run, stores
from jobs.runtime.home import now
from jobs.storage.iceberg_stage import IcebergStageWriter
from jobs.storage.iceberg_tables import IcebergTables
from jobs.storage.ledger import Ledger

AFTER_THE_LEASE_S = 61.0
"""Seconds after which the lease of a dead process is over."""

KILLED = -signal.SIGKILL

JOBS = {job.JOB.step.verb: job.JOB for job in (allocate_offers, score_fraud, score_uplift)}

PLACES: dict[str, tuple[tuple[Any, str], ...]] = {
    "a sharing out is kept": ((parts, "keep_sharing"),),
    "a part is worked": ((parts, "work_part"),),
    "the parts are joined": ((run, "join"),),
    "a stage is opened": ((IcebergTables, "open_stage"),),
    "a staged file is completed": ((IcebergStageWriter, "close"),),
    "a shard is recorded": ((Ledger, "record_staged"),),
    "the finish": ((run, "finish_run"),),
    "a commit": ((SqlCatalog, "commit_table"), (RestCatalog, "commit_table")),
    "the end is recorded": ((Ledger, "finish"),),
}
"""Where a job can be stopped: the functions that do it, on either home."""

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Moment:
    """A moment in a job: just before or just after the n-th time that it comes to a place."""

    place: str
    call: int = 1
    after: bool = False

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.place}, {self.call}"


@dataclass(frozen=True)
class Hold:
    """Where to wait, instead of dying: says that it is reached, then waits for the word."""

    reached: Event
    go_on: Event


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it said on stdout and stderr."""

    code: int
    said: str


@dataclass(frozen=True)
class Started:
    """A process that is running a job."""

    process: BaseProcess
    output: Path

    def ended(self) -> Ended:
        """Wait for the end."""
        self.process.join()
        assert self.process.exitcode is not None
        return Ended(self.process.exitcode, self.output.read_text())


def start(
    verb: str,
    words: list[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    later_s: float = 0.0,
    at: Moment | None = None,
    hold: Hold | None = None,
    together: Barrier | None = None,
) -> Started:
    """Run a verb in a process of its own.

    Parameters
    ----------
    verb : str
        Which job.
    words : list of str
        Words of the command line after the verb.
    environment : mapping
        Variables that lead to the home.
    folder : pathlib.Path
        Where to keep what it says.
    later_s : float
        Seconds that its clock is ahead.
    at : Moment, optional
        Where it stops: killed, or held if `hold` is given.
    hold : Hold, optional
        How it is held.
    together : Barrier, optional
        Passed just before the job begins.
    """
    output = folder / f"said-{len(list(folder.glob('said-*')))}.txt"
    output.touch()
    process = FORKS.Process(
        target=_run, args=(verb, words, dict(environment), output, later_s, at, hold, together), daemon=True
    )
    process.start()
    return Started(process, output)


def _run(
    verb: str,
    words: list[str],
    environment: dict[str, str],
    output: Path,
    later_s: float,
    at: Moment | None,
    hold: Hold | None,
    together: Barrier | None,
) -> None:
    # The server was forked with whatever the first test was led to.
    for name in [name for name in os.environ if name.startswith(("AWS_", "NETLIFT_"))]:
        del os.environ[name]
    os.environ.update(environment)
    sink = os.open(output, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)

    def clock() -> datetime:
        return now() + timedelta(seconds=later_s)

    stores.open_stores = functools.partial(stores.open_stores, clock=clock)
    if at is not None:
        for owner, name in PLACES[at.place]:
            _stop_in(owner, name, at, _die if hold is None else functools.partial(_wait, hold))
    if together is not None:
        together.wait()
    sys.exit(command.main(JOBS[verb], words))


def _stop_in(owner: Any, name: str, at: Moment, stop: Callable[[], None]) -> None:
    """Count the calls of a function, and stop at the one that was asked for."""
    original, calls = getattr(owner, name), 0

    @functools.wraps(original)
    def counted(*args: Any, **values: Any) -> Any:
        nonlocal calls
        calls += 1
        mine = calls == at.call
        if mine and not at.after:
            stop()
        result = original(*args, **values)
        if mine and at.after:
            stop()
        return result

    setattr(owner, name, counted)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _wait(hold: Hold) -> None:
    hold.reached.set()
    hold.go_on.wait()
