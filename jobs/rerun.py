"""Complete a run that failed: only shards that are not staged are worked, then everything is committed once."""

import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from jobs.errors import BadRequest, ObjectMissing
from jobs.runtime.begin import begin
from jobs.runtime.chain import step
from jobs.runtime.command import flag, guarded, parse, print_report, request_from
from jobs.runtime.logs import about, to_stderr
from jobs.runtime.parts import work_all_parts
from jobs.runtime.plan import Manifest, read_manifest
from jobs.runtime.planned import job_of
from jobs.runtime.report import Report
from jobs.runtime.row_check import require_all_rows
from jobs.runtime.run import finish_run, request_values, work_shard
from jobs.runtime.stores import Stores, open_stores

log = logging.getLogger(__name__)

Shown = Callable[[str], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Rerun:
    """Complete a run that failed or died: work the shards that are left, commit once."""

    run_id: str = flag(
        "which run, as netlift runs names it", unit="RUN", example="score-uplift-spring-2026-11-21-0123456789ab"
    )


def rerun(request: Rerun, stores: Stores, shown: Shown = lambda _: nullcontext()) -> Report:
    """Claim a new attempt at a planned run, work the shards that are not staged, and commit.

    Parameters
    ----------
    request : Rerun
        Which run.
    stores : Stores
        Where rows come from and go to.
    shown : callable
        Called with each shard's name; its context is open while the shard is worked.

    Returns
    -------
    Report
        With state "already done" if the run is finished; then nothing was committed.

    Raises
    ------
    BadRequest
        If there is no such run, or a later run wrote the same rows since: theirs are newer.
    RunBusy
        If somebody works it.
    BadFile
        If an input file has changed since the plan: then the verb itself must be run, which plans anew.
    NetliftError
        Whatever the job itself names.
    """
    manifest = _planned(request.run_id, stores)
    _refuse_if_superseded(manifest, stores)
    claim = begin(manifest, stores.ledger, f"netlift rerun on {socket.gethostname()}:{os.getpid()}")
    if isinstance(claim, Report):
        return claim
    with about(run_id=request.run_id, verb=manifest.verb):
        try:
            with stores.ledger.heartbeat(claim):
                job = job_of(step(manifest.verb))
                asked = request_from(job.request, request_values(manifest, job))
                staged = stores.ledger.staged(manifest.key)
                left = [shard for shard in range(manifest.shards) if shard not in staged]
                log.info("%d of %d shards are left", len(left), manifest.shards)
                if manifest.fan_out and left:
                    work_all_parts(job.parts_of(manifest), manifest, asked, stores, shown)
                for shard in left:
                    with about(shard=shard), shown(f"shard {shard} of {manifest.shards}"):
                        work_shard(job, manifest, claim, shard, asked, stores)
                require_all_rows(manifest, stores)
                return finish_run(manifest, claim, stores)
        except Exception as error:
            stores.ledger.fail(claim, {"type": type(error).__name__, "message": str(error)})
            raise


def _planned(run_id: str, stores: Stores) -> Manifest:
    try:
        return read_manifest(stores, run_id)
    except ObjectMissing as missing:
        raise BadRequest(f"run {run_id!r} was never planned: netlift runs lists those that were.") from missing


def _refuse_if_superseded(manifest: Manifest, stores: Stores) -> None:
    """Refuse to put a run's rows in the place of newer ones.

    A run that failed because of its input is often followed by one on better input, which has another id and
    writes the same rows of the same tables.
    """
    same = [
        run
        for run in stores.ledger.runs(manifest.run_date)
        if (run["job"], run["kind"]) == (manifest.verb, manifest.kind)
    ]
    own = manifest.key.run_id
    started = max((run["started_at"] for run in same if run["run_id"] == own), default="")
    if any(run["run_id"] == own and run["state"] == "finished" for run in same):
        return
    later = [r for r in same if r["run_id"] != own and r["state"] == "finished" and r["ended_at"] > started]
    if later:
        newest = max(later, key=lambda run: str(run["ended_at"]))
        raise BadRequest(
            f"run {own} was followed by {newest['run_id']}, which finished at {newest['ended_at']} and wrote the same "
            f"rows from newer input: leave it, or run netlift {manifest.verb} to plan anew."
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``netlift rerun RUN``.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after the verb; those of the process by default. The run may stand without ``--run-id``.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words and not words[0].startswith("-"):
        words.insert(0, "--run-id")
    request = parse(Rerun, "netlift rerun", words)
    to_stderr()
    return guarded(lambda: print_report(rerun(request, open_stores())))


if __name__ == "__main__":
    sys.exit(main())
