"""Lambda: list a chain's steps, plan and claim one step's run, or count a run's parts. Light: no Arrow, no models."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from functions.engine import LAMBDA, choose
from jobs.errors import BadRequest, NetliftError, NoInput
from jobs.runtime.begin import begin
from jobs.runtime.chain import NIGHT, TRAINING, Step, step
from jobs.runtime.event import field
from jobs.runtime.home import Home, open_home
from jobs.runtime.plan import listed, plan
from jobs.runtime.refusal import record_refusal
from jobs.runtime.report import Report
from jobs.runtime.sharing import missing_parts, sharing_of

CHAINS = {"nightly": NIGHT, "weekly": TRAINING}
"""What runs every night, and what makes the models every week."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Plan.

    Parameters
    ----------
    event : dict
        ``scheduled_at`` (ISO moment, the night is of the day before) or ``run_date``, by themselves or within
        ``event``, as the state machine hands on what the trigger sent; with ``verb`` and ``kind`` the run of that
        step is planned, without them the steps of ``chain`` ("nightly", unless it says "weekly") are listed.
        With ``run_id`` and ``engine``, of a run that was shared out, its parts are counted.
    context : object
        Lambda's context; its request id names the holder of the lease.

    Returns
    -------
    dict
        ``run_date`` and ``steps``, or ``state`` ("planned", "already done", "no input"), ``run_id``,
        ``attempt``, ``engine`` ("lambda" or "batch"), ``shards`` (numbers of those that are not staged by an
        earlier attempt), ``array_size`` (how many shards there are in all) and ``fan_out`` (whether the run is
        worked in parts first). Of a run that was shared out ``left`` (how many parts are to be worked), ``parts``
        (their numbers, for Lambda) and ``array_size`` (how many parts there are in all).
    """
    home = open_home()
    if "run_id" in event:
        return _parts(home, field(event, "run_id", str), field(event, "engine", str))
    run_date = _run_date(_trigger(event))
    if "verb" in event:
        verb, kind = field(event, "verb", str), field(event, "kind", str)
        return _planned(home, step(verb), kind, run_date, str(getattr(context, "aws_request_id", "local")))
    chain = CHAINS[_chain(event)]
    steps = [{"verb": s.verb, "kind": kind, "run_date": str(run_date)} for s, kind in listed(chain, home)]
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
    except NetliftError as error:
        # what a retry helps comes again in a moment
        if not error.retryable:
            record_refusal(of.verb, kind, run_date, error, home.ledger, holder)
        raise
    engine = choose(manifest, home)
    claim = begin(manifest, home.ledger, holder)
    if isinstance(claim, Report):
        return {**answer, "state": "already done", "run_id": claim.run_id}
    staged = home.ledger.staged(manifest.key) if claim.attempt > 1 else {}
    return {
        **answer,
        "state": "planned",
        "run_id": claim.key.run_id,
        "attempt": claim.attempt,
        "engine": engine,
        # the numbers travel to Lambda one by one; an array job counts by itself
        "shards": [n for n in range(manifest.shards) if n not in staged] if engine == LAMBDA else [],
        "array_size": manifest.shards,
        "fan_out": manifest.fan_out,
    }


def _parts(home: Home, run_id: str, engine: str) -> dict[str, Any]:
    sharing = sharing_of(home, run_id)
    left = missing_parts(home, sharing)
    return {"left": len(left), "parts": left if engine == LAMBDA else [], "array_size": sharing.parts}


def _chain(event: dict[str, Any]) -> str:
    chain = event.get("chain", "nightly")
    if chain not in CHAINS:
        raise BadRequest(f"the event's 'chain' is {chain!r}: give {' or '.join(CHAINS)}.")
    return str(chain)


def _trigger(event: dict[str, Any]) -> dict[str, Any]:
    sent = event.get("event", event)
    if not isinstance(sent, dict):
        raise BadRequest(f"the event is {sent!r}, must be a JSON object: see events/nightly.json.")
    return sent


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
