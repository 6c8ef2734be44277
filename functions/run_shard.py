"""Lambda: work one shard of a planned run, or one phase of a run that fans out; nothing is committed."""

from typing import Any

from jobs.runtime.event import field
from jobs.runtime.planned import share_planned_run, work_planned_part, work_planned_shard
from jobs.runtime.sharing import PART, SHARE, WORK, phase_of
from jobs.runtime.stores import open_stores


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Work a shard.

    Parameters
    ----------
    event : dict
        ``run_id`` and ``attempt`` as plan_shards gave them, and ``shard``, the shard's number. With ``phase``
        "share" a run that fans out is shared out, with "part" the number is that of a part.
    context : object
        Lambda's context.

    Returns
    -------
    dict
        ``run_id``, ``shard`` and the ``rows`` that were staged; of a sharing out the number of ``parts``, of a
        ``part`` the ``bytes`` that it handed over.
    """
    del context
    run_id, attempt, shard = field(event, "run_id", str), field(event, "attempt", int), field(event, "shard", int)
    phase, stores = phase_of(event.get("phase", WORK)), open_stores()
    if phase == SHARE:
        return {"run_id": run_id, "parts": share_planned_run(run_id, attempt, stores)}
    if phase == PART:
        return {"run_id": run_id, "part": shard, "bytes": work_planned_part(run_id, attempt, shard, stores)}
    record = work_planned_shard(run_id, attempt, shard, stores)
    return {"run_id": run_id, "shard": shard, "rows": sum(s.rows for s in record.staged)}
