"""Lambda: list the night's steps, or plan and claim one step's run. Light: no Arrow, no models."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from jobs.errors import BadRequest, NoInput
from jobs.runtime.begin import begin
from jobs.runtime.chain import NIGHT, Step, step
from jobs.runtime.event import field
from jobs.runtime.home import Home, open_home
from jobs.runtime.plan import kinds, plan
from jobs.runtime.report import Report


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Plan.

    Parameters
    ----------
    event : dict
        ``scheduled_at`` (ISO moment, the night is of the day before) or ``run_date``; with ``verb`` and
        ``kind`` the run of that step is planned, without them the night's steps are listed.
    context : object
        Lambda's context; its request id names the holder of the lease.

    Returns
    -------
    dict
        ``run_date`` and ``steps``, or ``state`` ("planned", "already done", "no input"), ``run_id``,
        ``attempt`` and ``shards`` (their numbers).
    """
    home = open_home()
    run_date = _run_date(event)
    if "verb" in event:
        verb, kind = field(event, "verb", str), field(event, "kind", str)
        return _planned(home, step(verb), kind, run_date, str(getattr(context, "aws_request_id", "local")))
    steps = [{"verb": s.verb, "kind": kind, "run_date": str(run_date)} for s in NIGHT for kind in kinds(s, home)]
    return {"run_date": str(run_date), "steps": steps}


def _planned(home: Home, of: Step, kind: str, run_date: date, holder: str) -> dict[str, Any]:
    if of.kind not in {None, kind}:
        raise BadRequest(
            f"kind {kind!r} is not one that {of.verb} runs for: give {of.kind!r}, as the list of steps does."
        )
    answer: dict[str, Any] = {"verb": of.verb, "kind": kind, "run_date": str(run_date), "shards": []}
    try:
        manifest = plan(of, home, run_date, kind, run_date, {})
    except NoInput as missing:
        return {**answer, "state": "no input", "why": str(missing)}
    claim = begin(manifest, home.ledger, holder)
    if isinstance(claim, Report):
        return {**answer, "state": "already done", "run_id": claim.run_id}
    return {
        **answer,
        "state": "planned",
        "run_id": claim.key.run_id,
        "attempt": claim.attempt,
        "shards": list(range(manifest.shards)),
    }


def _run_date(event: dict[str, Any]) -> date:
    try:
        if "run_date" in event:
            return date.fromisoformat(event["run_date"])
        scheduled = datetime.fromisoformat(event["scheduled_at"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequest(
            f"the event has no readable 'run_date' (YYYY-MM-DD) or 'scheduled_at' (ISO moment), {error!r}: "
            f"see events/plan_shards.json."
        ) from error
    return scheduled.date() - timedelta(days=1)
