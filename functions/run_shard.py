"""Lambda: work one shard of a planned run; what it makes is staged, nothing is committed."""

from typing import Any

from jobs.nightly import job_of
from jobs.runtime.begin import resume
from jobs.runtime.chain import step
from jobs.runtime.command import request_from
from jobs.runtime.event import field
from jobs.runtime.plan import read_manifest
from jobs.runtime.run import request_values, work_shard
from jobs.runtime.stores import open_stores


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Work a shard.

    Parameters
    ----------
    event : dict
        ``run_id`` and ``attempt`` as plan_shards gave them, and ``shard``, the shard's number.
    context : object
        Lambda's context.

    Returns
    -------
    dict
        ``run_id``, ``shard`` and the ``rows`` that were staged.
    """
    del context
    stores = open_stores()
    manifest = read_manifest(stores, field(event, "run_id", str))
    job = job_of(step(manifest.verb))
    claim = resume(manifest, field(event, "attempt", int), stores.ledger)
    request = request_from(job.request, request_values(manifest, job))
    with stores.ledger.heartbeat(claim):
        record = work_shard(job, manifest, claim, field(event, "shard", int), request, stores)
    return {"run_id": claim.key.run_id, "shard": event["shard"], "rows": sum(s.rows for s in record.staged)}
