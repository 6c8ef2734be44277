"""Lambda: end a run's attempt that failed, and find the failure's name. Light: no Arrow, no models."""

import json
import re
from datetime import date
from typing import Any

from jobs.errors import BadRequest, ObjectMissing
from jobs.runtime.effort import efforts
from jobs.runtime.event import field
from jobs.runtime.home import Home, open_home
from jobs.runtime.plan import Manifest, read_manifest
from jobs.runtime.sharing import PART, SHARE, left_to_work
from jobs.storage.ledger import Claim, RunKey

NAMELESS = "States.TaskFailed"
"""What Step Functions says of a job of AWS Batch, whatever ended it."""

_DAY_AND_DIGEST = re.compile(r"-(?P<day>\d{4}-\d{2}-\d{2})-(?P<digest>[0-9a-f]{12})$")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Fail a run.

    Parameters
    ----------
    event : dict
        ``run_id`` and ``attempt`` as plan_shards gave them, and ``failure``: ``Error`` and ``Cause`` as Step
        Functions caught them.
    context : object
        Lambda's context.

    Returns
    -------
    dict
        ``error``, the failure's name, and ``cause``, its sentence; the ledger holds both, and the run is free.
    """
    del context
    home = open_home()
    run_id, attempt = field(event, "run_id", str), field(event, "attempt", int)
    failure = event.get("failure")
    if not isinstance(failure, dict):
        raise BadRequest(f"the event's 'failure' is {failure!r}, must be an object: see the examples in events/.")
    try:
        manifest = read_manifest(home, run_id)
    except ObjectMissing as gone:
        return _without_plan(home, run_id, attempt, gone)
    name, sentence = _named(str(failure.get("Error", "")), str(failure.get("Cause", "")), manifest, attempt, home)
    # Step Functions keeps names that begin so to itself: States.Timeout ends the execution as Timeout
    name = name.removeprefix("States.") or "Unnamed"
    return _failed(home, manifest.key, attempt, name, sentence)


def _failed(home: Home, key: RunKey, attempt: int, name: str, sentence: str) -> dict[str, Any]:
    home.ledger.fail(Claim(key, attempt), {"type": name, "message": sentence})
    return {"run_id": key.run_id, "error": name, "cause": sentence}


def _without_plan(home: Home, run_id: str, attempt: int, gone: ObjectMissing) -> dict[str, Any]:
    """End an attempt whose plan is gone, whatever its failure was: the ledger knows the run all the same."""
    match = _DAY_AND_DIGEST.search(run_id)
    runs = home.ledger.runs(date.fromisoformat(match["day"])) if match else []
    known = [run for run in runs if run["run_id"] == run_id]
    if match is None or not known:
        raise gone
    key = RunKey(known[0]["job"], known[0]["kind"], date.fromisoformat(match["day"]), match["digest"])
    sentence = (
        f"the plan of run {run_id} is gone from {home.objects.uri}/manifests: start the chain again, it plans anew."
    )
    return _failed(home, key, attempt, type(gone).__name__, sentence)


def _named(error: str, cause: str, manifest: Manifest, attempt: int, home: Home) -> tuple[str, str]:
    try:
        details = json.loads(cause)
    except json.JSONDecodeError:
        return error, cause
    if not isinstance(details, dict):
        return error, cause
    if error == NAMELESS and "JobId" in details:
        return _of_batch(details, manifest, attempt, home)
    return error, str(details.get("errorMessage", cause))


def _of_batch(job: dict[str, Any], manifest: Manifest, attempt: int, home: Home) -> tuple[str, str]:
    """Name what ended the first shard or part that is left: Batch says that a job failed, never which error."""
    run_id = manifest.key.run_id
    phase, missing = left_to_work(manifest, home)
    ended = {
        effort.shard: effort.error
        for effort in efforts(home.objects, manifest.run_date, run_id).get(run_id, [])
        if effort.attempt == attempt and effort.phase == phase and effort.error is not None
    }
    for shard in missing:
        error = ended.get(shard)
        if error is not None:
            return error["type"], f"{_name(phase, shard)} of {run_id}: {error['message']}"
    if not missing:
        return (
            "BatchJobFailed",
            f"{run_id}: AWS Batch failed job {job['JobId']} though all shards are staged: run it again.",
        )
    why = str(job.get("StatusReason") or "it ended without a word")
    return (
        "ShardDied",
        f"{_name(phase, missing[0])} of {run_id} died in AWS Batch, job {job['JobId']} ({why}): see the job's log, "
        f"and give it more memory if it was killed.",
    )


def _name(phase: str, number: int) -> str:
    return {SHARE: "the sharing out", PART: f"part {number}"}.get(phase, f"shard {number}")
