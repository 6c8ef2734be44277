"""The reports of a night that a state machine ran: its steps say which runs, the ledger holds what they reported."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from jobs.errors import BadRequest
from jobs.runtime.home import Home
from jobs.runtime.report import Report


def kept_reports(run_date: date, steps: Sequence[Mapping[str, Any]], home: Home) -> tuple[Report, ...]:
    """Return the report of each step, with its details, which do not pass through a state machine.

    Parameters
    ----------
    run_date : datetime.date
        Which night.
    steps : sequence of mapping
        In their order: ``verb``, ``kind`` and ``state``, with ``run_id`` where something was run, and ``why`` where
        there was no input.
    home : Home
        Where the ledger is.

    Raises
    ------
    BadRequest
        If a step names a run that is not finished.
    """
    finished = {run["run_id"]: run["report"] for run in home.ledger.runs(run_date) if run["state"] == "finished"}
    return tuple(_kept(run_date, step, finished) for step in steps)


def _kept(run_date: date, step: Mapping[str, Any], finished: Mapping[str, Mapping[str, Any]]) -> Report:
    if step["state"] == "no input":
        return Report.without_input(step["verb"], step["kind"], str(run_date), str(step.get("why", "")))
    run_id = str(step.get("run_id"))
    if run_id not in finished:
        raise BadRequest(
            f"run {run_id!r} of {step['verb']} is none that finished for {run_date}: give the steps as the "
            "execution's output holds them."
        )
    return Report.from_dict({**finished[run_id], "state": step["state"]})
