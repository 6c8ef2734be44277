"""Lambda: commit what all shards of a run staged, once, and write its report."""

from typing import Any

from jobs.runtime.event import field
from jobs.runtime.planned import finish_planned_run
from jobs.runtime.stores import open_stores


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Finish a run.

    Parameters
    ----------
    event : dict
        ``run_id`` and ``attempt`` as plan_shards gave them.
    context : object
        Lambda's context.

    Returns
    -------
    dict
        The run's report, without its details; of a run that is finished already, the one it has.
    """
    del context
    # A run that is finished already answers again: Lambda's answer may be lost, and the state machine asks again.
    report = finish_planned_run(field(event, "run_id", str), field(event, "attempt", int), open_stores())
    return {name: value for name, value in report.items() if name != "details"}
