"""Lambda's runtime as one process: events come in on stdin, answers go out on the stdout it was started with."""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class LambdaContext:
    """What a handler is told of its invocation; names are Lambda's.

    Parameters
    ----------
    function_name, invoked_function_arn, aws_request_id, log_group_name : str
        As in Lambda.
    memory_limit_in_mb : int
        MB.
    timeout_s : float
        Seconds that the invocation may take.
    """

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    log_group_name: str
    memory_limit_in_mb: int
    timeout_s: float
    function_version: str = "$LATEST"
    log_stream_name: str = "local"
    started: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation is ended from outside."""
        return max(0, round((self.started + self.timeout_s - time.monotonic()) * 1000))


def main(name: str) -> None:
    """Answer events until stdin ends.

    Parameters
    ----------
    name : str
        Dotted name of the handler, such as functions.plan_shards.handler.
    """
    events, answers = _private_streams()
    handler, broken = _load(name)
    for line in events:
        message = json.loads(line)
        answer = {"error": broken} if handler is None else _answer(handler, message)
        sys.stdout.flush()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _private_streams() -> tuple[TextIO, TextIO]:
    # what the handler prints, or reads, must not run into the events and answers
    events = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return events, answers


def _load(name: str) -> tuple[Handler | None, dict[str, Any] | None]:
    module_name, _, attribute = name.rpartition(".")
    try:
        handler = getattr(importlib.import_module(module_name), attribute, None)
    except ImportError as error:
        return None, _described(error, "Runtime.ImportModuleError")
    except Exception as error:
        return None, _described(error, type(error).__name__)
    if handler is None:
        return None, {"errorType": "Runtime.HandlerNotFound", "errorMessage": f"{attribute!r} is not in {module_name}"}
    return handler, None


def _answer(handler: Handler, message: dict[str, Any]) -> dict[str, Any]:
    try:
        result = handler(message["event"], LambdaContext(**message["context"]))
    except Exception as error:
        return {"error": _described(error, type(error).__name__)}
    try:
        return {"result": json.dumps(result)}
    except (TypeError, ValueError) as error:
        return {"error": _described(error, "Runtime.MarshalError")}


def _described(error: Exception, name: str) -> dict[str, Any]:
    traceback.print_exception(error, file=sys.stderr)
    # the first frame is this file's own
    frames = traceback.format_tb(error.__traceback__)[1:]
    return {"errorMessage": str(error), "errorType": name, "stackTrace": frames}


if __name__ == "__main__":
    main(sys.argv[1])
