"""An execution of a state machine followed to its end, step by step."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_POLL_S = 0.05
_DOING = {
    "FinishRun": "commits what the shards staged",
    "WaitForHolder": "waits for the end of another execution, which has this date",
    "WorkArray": "waits for an array job of AWS Batch",
    "WorkOne": "waits for a job of AWS Batch",
    "WritePage": "writes the night's page",
}
"""What a state does or waits for, where its name does not say it."""
_LONGEST_POLL_S = 0.5
"""A look takes longer the longer the history is, and in the local cloud it stands in the way of what it looks at."""


@dataclass(frozen=True)
class Execution:
    """An execution that has ended.

    Parameters
    ----------
    status : str
        SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
    output : JSON value
        What it came to, None unless it succeeded.
    error, cause : str
        Name of the error and its sentence, "" where it succeeded.
    history : tuple of dict
        Its events, as Step Functions tells them.
    """

    status: str
    output: Any
    error: str
    cause: str
    history: tuple[dict[str, Any], ...]

    def entered(self) -> list[str]:
        """Names of the states it entered, in the order of the history."""
        details = (event.get("stateEnteredEventDetails") for event in self.history)
        return [entered["name"] for entered in details if entered]

    def exited(self, state: str) -> str:
        """Output of the last state of a name, as JSON; "" where none was left."""
        details = (event.get("stateExitedEventDetails") for event in reversed(self.history))
        return next((str(left["output"]) for left in details if left and left["name"] == state), "")

    def failures(self) -> list[str]:
        """Names of the errors that its tasks ended with, also of those that were tried again."""
        details = (event.get("taskFailedEventDetails") for event in self.history)
        return [failed["error"] for failed in details if failed]


def follow(client: Any, arn: str, timeout_s: float = 600, told: Callable[[str], object] = lambda _: None) -> Execution:
    """Wait for the end of an execution.

    Parameters
    ----------
    client : boto3 client
        Of Step Functions.
    arn : str
        ARN of the execution.
    timeout_s : float
        Seconds after which it is stopped.
    told : callable
        Called with a line for each step that it takes.

    Raises
    ------
    TimeoutError
        If it has not ended by then.
    """
    deadline = time.monotonic() + timeout_s
    seen, pause_s = 0, _POLL_S
    while True:
        ended = client.describe_execution(executionArn=arn)
        history = client.get_execution_history(executionArn=arn)["events"]
        for event in history[seen:]:
            line = in_words(event)
            if line:
                told(line)
        if ended["status"] != "RUNNING":
            break
        if time.monotonic() > deadline:
            client.stop_execution(executionArn=arn, error="TimedOut", cause="stopped from outside")
            raise TimeoutError(f"execution {arn} has not ended in {timeout_s:g} s: see its functions' logs")
        pause_s = _POLL_S if len(history) > seen else min(2 * pause_s, _LONGEST_POLL_S)
        seen = len(history)
        time.sleep(pause_s)
    return Execution(
        status=ended["status"],
        output=json.loads(ended["output"]) if ended["status"] == "SUCCEEDED" else None,
        error=ended.get("error", ""),
        cause=ended.get("cause", ""),
        history=tuple(history),
    )


def in_words(event: dict[str, Any]) -> str:
    """Return an event of the history as a line, "" for one that tells nothing new.

    Examples
    --------
    >>> details = {"name": "WorkShard", "input": '{"run_id": "score-uplift-spring-x", "attempt": 1, "shard": 2}'}
    >>> in_words({"type": "TaskStateEntered", "stateEnteredEventDetails": details})
    'WorkShard: score-uplift-spring-x, attempt 1, shard 2'
    """
    entered = event.get("stateEnteredEventDetails")
    if entered and event.get("type") == "ChoiceStateEntered":
        return ""
    if entered:
        about = ", ".join(filter(None, (_about(entered.get("input", "{}")), _DOING.get(entered["name"]))))
        return f"{entered['name']}: {about}" if about else str(entered["name"])
    failed = event.get("taskFailedEventDetails") or event.get("taskTimedOutEventDetails")
    if failed:
        return f"  failed: {failed['error']}: {_short(failed.get('cause', ''))}"
    ended = event.get("executionFailedEventDetails")
    if ended:
        return f"the execution failed: {ended.get('error')}: {_short(ended.get('cause', ''))}"
    return ""


def _about(text: str) -> str:
    values = json.loads(text)
    if not isinstance(values, dict):
        return ""
    run = values.get("run_id") or " ".join(str(values[n]) for n in ("verb", "kind") if n in values)
    parts = [run, *(f"{name} {values[name]}" for name in ("attempt", "engine", "shard") if name in values)]
    if values.get("engine") == "batch" and values.get("array_size", 0) > 1:
        parts.append(f"{values['array_size']} children")
    return ", ".join(part for part in parts if part)


def _short(cause: str) -> str:
    try:
        details = json.loads(cause)
    except json.JSONDecodeError:
        return cause
    return (
        str(details.get("errorMessage") or details.get("StatusReason") or cause) if isinstance(details, dict) else cause
    )
