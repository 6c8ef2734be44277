"""One run from claim to commit, whole in one process or shard by shard in many.

``run_job`` does all of it; the state machine calls ``begin``, ``work_shard`` and ``finish_run``, which are
the same steps.
"""

import dataclasses
import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Generic, Protocol, TypeVar

from jobs.errors import BadRequest, RowsLost
from jobs.runtime.begin import begin
from jobs.runtime.chain import Step, step
from jobs.runtime.logs import about
from jobs.runtime.parts import Parts, join, work_all_parts
from jobs.runtime.plan import Manifest, plan
from jobs.runtime.report import Report, peak_mb
from jobs.runtime.shard import Counts, OpenShard, ShardRecord, total
from jobs.runtime.stores import Stores
from jobs.storage.ledger import Claim
from jobs.tables.declare import Table
from jobs.tables.outputs import OUTPUTS, QUARANTINE

log = logging.getLogger(__name__)


class Request(Protocol):
    """What every request holds; a verb that runs for each campaign or experiment has that too."""

    @property
    def run_date(self) -> date:
        """Day the run speaks of."""


RequestT = TypeVar("RequestT", bound=Request)


@dataclasses.dataclass(frozen=True)
class Job(Generic[RequestT]):
    """A verb that can be run.

    Parameters
    ----------
    step : Step
        Its place in the chain.
    request : type
        What it is asked.
    work : callable
        Works one shard: reads its rows, stages what it makes of them.
    parts : Parts or None
        How a run that fans out is worked instead; None where the chain says that the verb has no parts.
    """

    step: Step
    request: type[RequestT]
    work: Callable[[RequestT, Stores, OpenShard], None]
    parts: Parts[RequestT] | None = None

    def parts_of(self, manifest: Manifest) -> Parts[RequestT]:
        """Return how a run that fans out is worked.

        Raises
        ------
        BadRequest
            If the job has no parts, or the plan says that the run is worked whole.
        """
        if self.parts is None or not manifest.fan_out:
            raise BadRequest(f"run {manifest.key.run_id} is worked whole, it has no parts: work its shards.")
        return self.parts


def run_job(job: Job[RequestT], request: RequestT, stores: Stores) -> Report:
    """Run a job from plan to commit in this process.

    Parameters
    ----------
    job : Job
        The job.
    request : object
        What it is asked.
    stores : Stores
        Where rows come from and go to.

    Returns
    -------
    Report
        With state "already done" if an equal run was finished before; then nothing was committed.

    Raises
    ------
    RunBusy
        If another process holds the lease of the same run.
    RunLost
        If another attempt took the run over.
    NetliftError
        Whatever the job itself names.
    """
    manifest = plan_request(job.step, request, stores)
    claim = begin(manifest, stores.ledger, _holder())
    if isinstance(claim, Report):
        return claim
    with about(run_id=claim.key.run_id, verb=manifest.verb):
        try:
            with stores.ledger.heartbeat(claim):
                if manifest.fan_out and stores.ledger.staged_shard(manifest.key, 0) is None:
                    work_all_parts(job.parts_of(manifest), manifest, request, stores)
                for index in range(manifest.shards):
                    with about(shard=index):
                        work_shard(job, manifest, claim, index, request, stores)
                return finish_run(manifest, claim, stores)
        except Exception as error:
            stores.ledger.fail(claim, {"type": type(error).__name__, "message": str(error)})
            raise


def plan_request(of: Step, request: RequestT, stores: Stores) -> Manifest:
    """Plan the run that a request asks for."""
    kind = of.kind if of.kind is not None else next(filter(None, (getattr(request, per, "") for per in of.per)), "")
    first_date = getattr(request, "first_date", None) or request.run_date
    return plan(of, stores, request.run_date, kind, first_date, _not_default(request))


def request_values(manifest: Manifest, job: Job[Any]) -> dict[str, Any]:
    """Values of the request that a plan was made from, for :func:`jobs.runtime.command.request_from`."""
    names = {f.name for f in dataclasses.fields(job.request)}
    fixed: dict[str, Any] = {"run_date": manifest.run_date, "first_date": manifest.first_date}
    fixed["experiment" if manifest.kind in manifest.experiments else "campaign"] = manifest.kind
    return {**manifest.request, **{name: value for name, value in fixed.items() if name in names}}


def work_shard(
    job: Job[RequestT], manifest: Manifest, claim: Claim, index: int, request: RequestT, stores: Stores
) -> ShardRecord:
    """Work one shard and record what it staged; a shard that is recorded already is not worked again.

    Raises
    ------
    BadRequest
        If the run has no such shard.
    """
    if not 0 <= index < manifest.shards:
        raise BadRequest(
            f"shard {index} is none of run {claim.key.run_id}, which has {manifest.shards} shards, numbered from 0: "
            f"take a number that the plan gave."
        )
    earlier = stores.ledger.staged_shard(claim.key, index)
    if earlier is not None:
        log.info("shard %d of %s is staged already", index, claim.key.run_id)
        return ShardRecord.from_dict(earlier)
    shard = OpenShard(manifest, index, claim.attempt, stores)
    if manifest.fan_out:
        join(job.parts_of(manifest), request, shard, stores)
    else:
        job.work(request, stores, shard)
    record = shard.close()
    stores.ledger.record_staged(claim, index, record.to_dict())
    return record


def finish_run(manifest: Manifest, claim: Claim, stores: Stores) -> Report:
    """Commit what all shards staged, quarantine first, and write the report.

    Raises
    ------
    RowsLost
        If a shard is missing, or rows in are not rows used plus rows quarantined.
    RunLost
        If another attempt took the run over.
    """
    staged = stores.ledger.staged(claim.key)
    missing = sorted(set(range(manifest.shards)) - set(staged))
    if missing:
        raise RowsLost(f"run {claim.key.run_id}: shard {missing[0]} of {manifest.shards} staged nothing: run it again.")
    records = [ShardRecord.from_dict(staged[i]) for i in range(manifest.shards)]
    inputs, rows_out = total(records)
    counts = sum(inputs.values(), Counts())
    if counts.rows_in != counts.rows_used + counts.rows_quarantined:
        raise RowsLost(
            f"run {claim.key.run_id}: {counts.rows_in} rows in, but {counts.rows_used} used and "
            f"{counts.rows_quarantined} quarantined: nothing was committed, report this as a defect."
        )
    for table in _commit_order(manifest):
        files = [f for record in records for f in record.staged if f.table == table.name]
        stores.tables.finish(
            table,
            files,
            _scope(table, manifest),
            run_id=claim.key.run_id,
            attempt=claim.attempt,
            fence=lambda: stores.ledger.require_newest(claim),
        )
    details = _merged([r.details for r in records])
    # Between the commit and the report: a death here leaves the run unfinished, and its next attempt does this again.
    if stores.online is not None and "online_state" in details:
        from jobs.runtime.online_night import write_online  # noqa: PLC0415  one verb of the chain needs DuckDB here

        details |= write_online(stores.online, stores.objects, details["online_state"])
    report = Report(
        run_id=claim.key.run_id,
        verb=manifest.verb,
        kind=manifest.kind,
        run_date=str(manifest.run_date),
        state="finished",
        attempt=claim.attempt,
        rows_in=counts.rows_in,
        rows_used=counts.rows_used,
        rows_quarantined=counts.rows_quarantined,
        rows_out=rows_out,
        seconds=round((stores.clock() - stores.ledger.claimed_at(claim)).total_seconds(), 3),
        peak_mb=round(peak_mb(), 1),
        inputs={table: vars(of_table) for table, of_table in inputs.items()},
        models={
            kind: version for used in (manifest.models, *(r.models for r in records)) for kind, version in used.items()
        },
        details=details,
    )
    stores.ledger.finish(claim, report.to_dict())
    return report


def _commit_order(manifest: Manifest) -> list[Table]:
    return [QUARANTINE, *(OUTPUTS[name] for name in step(manifest.verb).writes)]


def _scope(table: Table, manifest: Manifest) -> dict[str, Any]:
    """What of a table the run replaces: its days, and its own campaign or kind where it has one."""
    scope: dict[str, Any] = {"run_date": manifest.run_date}
    if manifest.first_date != manifest.run_date and table is not QUARANTINE:
        scope["run_date"] = (manifest.first_date, manifest.run_date)
    if table is QUARANTINE:
        scope |= {"job": manifest.verb, "kind": manifest.kind}
    elif manifest.kind in {*manifest.experiments, *manifest.campaigns}:
        # Also where it wrote none of a table's rows: those of others are not its to replace.
        scope |= {column: manifest.kind for column in ("campaign_id", "experiment_id") if column in table.partition}
    return scope


def _merged(details: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Details of all shards: counts add up, of anything else the last one stands."""
    merged: dict[str, Any] = {}
    for part in details:
        for name, value in part.items():
            adds = isinstance(value, int) and not isinstance(value, bool) and name in merged
            merged[name] = merged[name] + value if adds else value
    return merged


def _not_default(request: Any) -> dict[str, Any]:
    """Values of a request that are not its defaults: what a plan has to remember."""
    values = {}
    for f in dataclasses.fields(request):
        value = getattr(request, f.name)
        if f.name not in {"run_date", "campaign", "experiment", "first_date"} and value != f.default:
            values[f.name] = str(value) if isinstance(value, date) else value
    return values


def _holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
