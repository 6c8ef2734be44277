"""The trial that every job has to stand: killed while somebody reads, taken over, and nothing lost or twice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import RunBusy
from jobs.runtime.report import Report
from jobs.runtime.run import run_job
from jobs.runtime.stores import Stores, open_stores
from jobs.tables.declare import Table
from tests.faults.dying_jobs import AFTER_THE_LEASE_S, JOBS, KILLED, Ended, Moment, start
from tests.faults.small_worlds import DAY
from tests.faults.watching import Reader, State, state, without_run


@dataclass(frozen=True)
class Scenario:
    """A job on a home where an earlier run of the same day has committed already.

    Parameters
    ----------
    verb : str
        The job.
    words : list of str
        Its command line.
    request : object
        The same as a request.
    tables : tuple of Table
        What it commits.
    prepare : callable
        Makes an empty home ready, with an earlier run whose rows the job will replace.
    """

    verb: str
    words: list[str]
    request: Any
    tables: tuple[Table, ...]
    prepare: Callable[[Stores], None]

    def run(self, stores: Stores) -> Report:
        """Run the job in this process."""
        return run_job(JOBS[self.verb], self.request, stores)

    def undisturbed(self, folder: Path) -> dict[str, State]:
        """Return the rows of a run that nobody kills, in a home of its own."""
        stores = open_stores({"NETLIFT_HOME": str(folder)})
        self.prepare(stores)
        self.run(stores)
        return {table.name: without_run(state(stores.tables, table, DAY), table) for table in self.tables}


def kill_and_rerun(
    scenario: Scenario, home: Mapping[str, str], at: Moment, undisturbed: Mapping[str, State], folder: Path
) -> Report:
    """Kill the job at a moment, take it over, and hold everything that readers saw to the two whole states.

    Returns
    -------
    Report
        Of the run, as a third start finds it.
    """
    stores = open_stores(home)
    scenario.prepare(stores)
    old = {table.name: state(stores.tables, table, DAY) for table in scenario.tables}
    assert all(old.values())
    reader = Reader(home, scenario.tables, DAY)

    def run(later_s: float = 0, at: Moment | None = None) -> Ended:
        return start(scenario.verb, scenario.words, home, folder, later_s=later_s, at=at).ended()

    ended = at == Moment("the end is recorded", after=True)
    with reader.at_work():
        assert run(at=at).code == KILLED
        if not ended:
            with pytest.raises(RunBusy, match="is held by"):
                scenario.run(stores)
        again = run(later_s=AFTER_THE_LEASE_S)
    assert again.code == 0, again.said
    assert reader.reads > 2, "nobody read while the job was killed and run again"

    for table in scenario.tables:
        new = state(stores.tables, table, DAY)
        assert reader.seen[table.name] == [old[table.name], new], "a reader saw a part of the rows"
        assert without_run(new, table) == undisturbed[table.name]
    report = scenario.run(stores)
    assert (report.state, report.attempt) == ("already done", 1 if ended else 2)
    for table in scenario.tables:
        assert commits_of(report.run_id, table, stores) == 1
    return report


def committed(scenario: Scenario, stores: Stores) -> list[str]:
    """Return the tables whose rows of the day are those of a run that is not finished."""
    finished = {run["run_id"] for run in stores.ledger.runs(DAY) if run["state"] == "finished"}
    return [
        table.name
        for table in scenario.tables
        if not {row[table.names.index("run_id")] for row in state(stores.tables, table, DAY)} <= finished
    ]


def commits_of(run_id: str, table: Table, stores: Stores) -> int:
    """Count the states of a table that a run made."""
    kept = stores.tables._catalog.load_table(("netlift", table.name))  # type: ignore[attr-defined]
    return sum(s.summary is not None and s.summary.get("netlift.run-id") == run_id for s in kept.snapshots())


def cases(moments: Mapping[str, Moment], fast: set[tuple[str, str]]) -> list[Any]:
    """Return every moment on either home; all but the `fast` ones are long."""
    return [
        pytest.param(home, when, id=f"{home}, {when}", marks=() if (home, when) in fast else pytest.mark.long)
        for home in ("folder", "cloud")
        for when in moments
    ]
