"""Lambda: commit what all shards of a run staged, once, and write its report."""

from typing import Any

from jobs.runtime.begin import resume
from jobs.runtime.event import field
from jobs.runtime.plan import read_manifest
from jobs.runtime.run import finish_run
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
    stores = open_stores()
    manifest = read_manifest(stores, field(event, "run_id", str))
    attempt = field(event, "attempt", int)
    report = stores.ledger.report(manifest.key)
    # Lambda's answer may be lost after the commit, and the state machine asks again.
    if report is None:
        claim = resume(manifest, attempt, stores.ledger)
        with stores.ledger.heartbeat(claim):
            report = finish_run(manifest, claim, stores).to_dict()
    return {name: value for name, value in report.items() if name != "details"}
