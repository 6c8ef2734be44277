"""A planned run in processes of its own: a shard worked, the whole finished; what Lambda and Batch call.

The same steps as :func:`jobs.runtime.run.run_job`, each with its log lines, its metrics and its cost.
"""

import importlib
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jobs.errors import NetliftError
from jobs.runtime.begin import resume
from jobs.runtime.chain import Step, step
from jobs.runtime.command import request_from
from jobs.runtime.effort import Effort, efforts, keep, spent
from jobs.runtime.logs import about, to_stderr
from jobs.runtime.metrics import Measured, write_metrics
from jobs.runtime.parts import share_out, work_part
from jobs.runtime.place import place
from jobs.runtime.plan import Manifest, read_manifest
from jobs.runtime.report import Report, peak_mb
from jobs.runtime.row_check import require_all_rows
from jobs.runtime.run import Job, finish_run, request_values, work_shard
from jobs.runtime.shard import Counts, ShardRecord
from jobs.runtime.sharing import PART, SHARE, WORK
from jobs.runtime.stores import Stores
from jobs.storage.ledger import Claim

log = logging.getLogger(__name__)


def job_of(of: Step) -> Job[Any]:
    """Return the job of a step; its module is imported when it is first asked for."""
    job: Job[Any] = importlib.import_module(of.module).JOB
    return job


def work_planned_shard(
    run_id: str, attempt: int, shard: int, stores: Stores, environment: Mapping[str, str] = os.environ
) -> ShardRecord:
    """Work one shard of a planned and claimed run; what it makes is staged, nothing is committed.

    Parameters
    ----------
    run_id, attempt : str, int
        As the plan gave them.
    shard : int
        Number of the shard, 0 is the first.
    stores : Stores
        Where rows come from and go to.
    environment : mapping
        Says whether this is Lambda or Batch, which get log lines, metrics and a record of what it cost.

    Raises
    ------
    RunLost
        If the attempt is not the newest any more.
    BadRequest
        If the run has no such shard.
    NetliftError
        Whatever the job itself names.
    """
    manifest = read_manifest(stores, run_id)
    with _measured(manifest, attempt, shard, stores, environment) as at:
        job, claim, request = _taken_up(manifest, attempt, stores)
        with stores.ledger.heartbeat(claim):
            record = work_shard(job, manifest, claim, shard, request, stores)
        counts = sum(record.counts.values(), Counts())
        at.values |= {**vars(counts), "rows_out": sum(s.rows for s in record.staged)}
    return record


def share_planned_run(run_id: str, attempt: int, stores: Stores, environment: Mapping[str, str] = os.environ) -> int:
    """Share a planned run that fans out into its parts; return how many they are.

    Parameters and failures are those of :func:`work_planned_shard`.
    """
    manifest = read_manifest(stores, run_id)
    with _measured(manifest, attempt, 0, stores, environment, SHARE):
        job, claim, request = _taken_up(manifest, attempt, stores)
        with stores.ledger.heartbeat(claim):
            return share_out(job.parts_of(manifest), manifest, request, stores).parts


def work_planned_part(
    run_id: str, attempt: int, part: int, stores: Stores, environment: Mapping[str, str] = os.environ
) -> int:
    """Work one part of a run that was shared out; return how many bytes it handed over.

    Parameters and failures are those of :func:`work_planned_shard`.
    """
    manifest = read_manifest(stores, run_id)
    with _measured(manifest, attempt, part, stores, environment, PART):
        job, claim, request = _taken_up(manifest, attempt, stores)
        with stores.ledger.heartbeat(claim):
            return work_part(job.parts_of(manifest), manifest, part, request, stores)


def finish_planned_run(
    run_id: str, attempt: int, stores: Stores, environment: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """Commit what all shards staged, once, after a look whether all rows of the plan's files came in.

    Parameters
    ----------
    run_id, attempt : str, int
        As the plan gave them.
    stores : Stores
        Where rows come from and go to.
    environment : mapping
        As in :func:`work_planned_shard`.

    Returns
    -------
    dict
        The run's report; of a run that is finished already, the one it has.

    Raises
    ------
    RowsLost
        If a shard is missing, or took in more or fewer rows than its file holds.
    RunLost
        If the attempt is not the newest any more.
    """
    manifest = read_manifest(stores, run_id)
    known = stores.ledger.report(manifest.key)
    # The answer may be lost after the commit, and the state machine asks again.
    if known is not None:
        return known
    with _measured(manifest, attempt, None, stores, environment) as at:
        claim = resume(manifest, attempt, stores.ledger)
        with stores.ledger.heartbeat(claim):
            require_all_rows(manifest, stores)
            report = finish_run(manifest, claim, stores)
        at.values |= _of_run(report)
    return report.to_dict()


def _taken_up(manifest: Manifest, attempt: int, stores: Stores) -> tuple[Job[Any], Claim, Any]:
    job = job_of(step(manifest.verb))
    claim = resume(manifest, attempt, stores.ledger)
    return job, claim, request_from(job.request, request_values(manifest, job))


@dataclass
class _Open:
    """What is known of the work at its end."""

    values: dict[str, float | None] = field(default_factory=dict)


@contextmanager
def _measured(
    manifest: Manifest,
    attempt: int,
    shard: int | None,
    stores: Stores,
    environment: Mapping[str, str],
    phase: str = WORK,
) -> Iterator[_Open]:
    """Log, measure and remember the block, where a service bills for it; also when it fails."""
    here = place(environment)
    run_id = manifest.key.run_id
    known: dict[str, Any] = {"run_id": run_id, "verb": manifest.verb}
    if shard is not None:
        known["part" if phase == PART else "shard"] = shard
    at = _Open()
    with about(**known):
        if here is None:
            yield at
            return
        to_stderr(logging.INFO)
        log.info("begun: attempt %d", attempt)
        started = time.monotonic()
        error: dict[str, str] | None = None
        try:
            yield at
        except BaseException as failure:
            error = {"type": type(failure).__name__, "message": str(failure)}
            raise
        finally:
            seconds = time.monotonic() - started
            effort = Effort(
                run_id,
                attempt,
                shard,
                here.service,
                round(seconds, 3),
                round(peak_mb(), 1),
                _rounded(here.gb_seconds(seconds)),
                _rounded(here.vcpu_seconds(seconds)),
                error,
                phase,
            )
            _remember(effort, manifest, stores, at)


def _remember(effort: Effort, manifest: Manifest, stores: Stores, at: _Open) -> None:
    said = {"run_id": effort.run_id, "kind": manifest.kind, "attempt": effort.attempt, "error": effort.error}
    values: dict[str, float | None] = {
        "seconds": effort.seconds,
        "gb_seconds": effort.gb_seconds,
        "vcpu_seconds": effort.vcpu_seconds,
        **at.values,
        "peak_memory_mb": effort.peak_mb,
        "failures": float(effort.error is not None),
    }
    if effort.error:
        log.error("failed after %.1f s: %s: %s", effort.seconds, effort.error["type"], effort.error["message"])
    else:
        log.info("done in %.1f s", effort.seconds)
    try:
        keep(effort, manifest, stores.objects)
        if effort.shard is None:
            everything = efforts(stores.objects, manifest.run_date, effort.run_id).get(effort.run_id, [effort])
            values |= _cost(spent(everything))
    except NetliftError as unkept:
        # What it cost is worth a line, not the work itself.
        log.warning("what this cost is not kept: %s", unkept)
    part = "run" if effort.shard is None else "shard"
    if effort.shard is not None:
        said["part" if effort.phase == PART else "shard"] = effort.shard
    if effort.phase != WORK:
        said["phase"] = effort.phase
    write_metrics(Measured(part, manifest.verb, values, said), stores.clock())


def _of_run(report: Report) -> dict[str, float | None]:
    return {
        "rows_in": report.rows_in,
        "rows_used": report.rows_used,
        "rows_quarantined": report.rows_quarantined,
        "quarantined_percent": 100.0 * report.rows_quarantined / report.rows_in if report.rows_in else None,
        "rows_out": sum(report.rows_out.values()),
        "seconds": report.seconds,
        # Only drift says how many variables are at each level; of another verb there is nothing to say.
        "drift_alarms": report.details.get("raised", 0) if report.verb == "monitor-drift" else None,
    }


def _cost(total: Mapping[str, Mapping[str, float | None]]) -> dict[str, float | None]:
    """GB seconds and vCPU seconds of all services; None where one of them does not say."""
    cost: dict[str, float | None] = {}
    for name in ("gb_seconds", "vcpu_seconds"):
        billed = [of[name] for service, of in total.items() if name == "gb_seconds" or service == "batch"]
        known = [value for value in billed if value is not None]
        cost[name] = sum(known) if known and len(known) == len(billed) else None
    return cost


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
