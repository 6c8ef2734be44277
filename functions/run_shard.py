"""Lambda: work one shard of a planned run; what it makes is staged, nothing is committed."""

from typing import Any

from jobs.runtime.event import field
from jobs.runtime.planned import work_planned_shard
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
    run_id, attempt, shard = field(event, "run_id", str), field(event, "attempt", int), field(event, "shard", int)
    record = work_planned_shard(run_id, attempt, shard, open_stores())
    return {"run_id": run_id, "shard": shard, "rows": sum(s.rows for s in record.staged)}
