"""The night in one process: the declared chain, step by step."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jobs.errors import NoInput
from jobs.runtime.chain import NIGHT, Step
from jobs.runtime.command import flag, request_from
from jobs.runtime.plan import asked, listed
from jobs.runtime.planned import job_of
from jobs.runtime.report import Report
from jobs.runtime.run import run_job
from jobs.runtime.stores import Stores

Shown = Callable[[str], AbstractContextManager[Any]]
Told = Callable[[Report], object]


@dataclass(frozen=True)
class Nightly:
    """Run the night of a day: fraud, partners, uplift, offers, lists, drift."""

    run_date: date = flag("day that has just ended", unit="YYYY-MM-DD", example="2026-11-22")
    page: Path | None = flag(
        "file that gets a copy of the night's page, which is kept among the published files in any case",
        unit="FILE",
        default=None,
        example="out/night.html",
    )


def nightly(
    request: Nightly,
    stores: Stores,
    shown: Shown = lambda _: nullcontext(),
    told: Told = lambda _: None,
) -> tuple[Report, ...]:
    """Run the declared chain in this process.

    A step without new input is left out; its report says "no input". A step that fails ends the night. Experiments
    come last, when the offers are out.

    Parameters
    ----------
    request : Nightly
        Which night.
    stores : Stores
        Where rows come from and go to.
    shown : callable
        Called with each step's name; its context is open while the step runs.
    told : callable
        Called with each step's report as it ends, also with that of a step that failed, whose state is "failed".

    Returns
    -------
    tuple of Report
        One for each step and campaign or experiment, in order.

    Raises
    ------
    NetliftError
        Whatever a step names; what earlier steps committed stays.
    """
    reports = []
    for step, kind in steps(stores):
        name = f"{step.verb} {kind}" if step.kind is None else step.verb
        try:
            with shown(name):
                reports.append(_run(step, kind, request.run_date, stores))
        except Exception as error:
            told(Report.failed(step.verb, kind, str(request.run_date), error))
            raise
        told(reports[-1])
    return tuple(reports)


def steps(stores: Stores) -> tuple[tuple[Step, str], ...]:
    """Return each step of the night with each kind that it runs for, in their order."""
    return listed(NIGHT, stores)


def _run(step: Step, kind: str, run_date: date, stores: Stores) -> Report:
    job = job_of(step)
    try:
        return run_job(job, request_from(job.request, {"run_date": run_date, **asked(step, kind, stores)}), stores)
    except NoInput as missing:
        return Report.without_input(step.verb, kind, str(run_date), str(missing))
