"""Runs the handlers of Lambda functions, each in processes of its own, no container engine needed."""

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[2]
_INHERITED = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")
_LOG_TAIL_BYTES = 4096

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Function:
    """A function as it is configured.

    Parameters
    ----------
    name, arn : str
        Name and ARN.
    handler : str
        Dotted name of the handler in this source tree.
    environment : mapping
        Variables of the function.
    timeout_s : float
        Seconds that an invocation may take.
    memory_mb : int
        Told to the handler; nothing limits it here.
    package_type : str
        "Zip" or "Image".
    code : bytes
        The zip that was deployed, nothing where it is an image.
    """

    name: str
    arn: str
    handler: str
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 3
    memory_mb: int = 128
    package_type: str = "Zip"
    code: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Answer:
    """What an invocation came to.

    Parameters
    ----------
    payload : str
        JSON: the handler's result, or errorType, errorMessage and stackTrace.
    failed : bool
        Whether it is the latter.
    log_tail : str
        Last 4 KB of what the function has printed.
    """

    payload: str
    failed: bool
    log_tail: str


class WarmFunction(Protocol):
    """A function that is ready for an event; it serves one at a time."""

    function: Function

    @property
    def alive(self) -> bool:
        """Whether it can be asked again."""

    def ask(self, event: Any) -> Answer:
        """Run the handler on an event."""

    def end(self) -> None:
        """End it, whatever it does; ending it twice is ending it once."""


class FunctionProcesses:
    """Warm processes of functions; a process serves one invocation at a time.

    Parameters
    ----------
    environment : mapping
        Variables of every function; a function's own come over them.
    concurrency : int
        How many processes a function may have; further invocations wait.
    """

    def __init__(self, environment: Mapping[str, str], concurrency: int = 2) -> None:
        self._environment = dict(environment)
        self._concurrency = concurrency
        self._folder = tempfile.TemporaryDirectory(prefix="netlift-functions-", ignore_cleanup_errors=True)
        self._lock = threading.Lock()
        self._idle: dict[str, list[WarmFunction]] = {}
        self._slots: dict[str, threading.BoundedSemaphore] = {}
        self._all: set[WarmFunction] = set()

    def invoke(self, function: Function, event: Any) -> Answer:
        """Run the function's handler on an event.

        Parameters
        ----------
        function : Function
            Which function.
        event : JSON value
            The event.
        """
        with self._lock:
            slot = self._slots.setdefault(function.arn, threading.BoundedSemaphore(self._concurrency))
        with slot:
            process = self._take(function)
            answer = process.ask(event)
            if process.alive:
                with self._lock:
                    self._idle.setdefault(function.arn, []).append(process)
            else:
                self._forget(process)
        return answer

    def log(self, name: str) -> str:
        """Return all that a function has printed."""
        file = self._log_file(name)
        return file.read_text(errors="replace") if file.exists() else ""

    def close(self) -> None:
        """End all processes and forget what they printed."""
        with self._lock:
            processes, self._all = self._all, set()
            self._idle.clear()
        for process in processes:
            process.end()
        self._folder.cleanup()

    def _start(self, function: Function) -> WarmFunction:
        return _Process(function, self._variables(function), self._log_file(function.name))

    def _log_file(self, name: str) -> Path:
        return Path(self._folder.name) / f"{name}.log"

    def _take(self, function: Function) -> WarmFunction:
        with self._lock:
            idle = self._idle.get(function.arn, [])
            while idle:
                process = idle.pop()
                # a function that was configured anew starts cold
                if process.function == function and process.alive:
                    return process
                self._all.discard(process)
                process.end()
        process = self._start(function)
        with self._lock:
            self._all.add(process)
        return process

    def _forget(self, process: WarmFunction) -> None:
        with self._lock:
            self._all.discard(process)
        process.end()

    def _variables(self, function: Function) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            **self._environment,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "_HANDLER": function.handler,
            "PYTHONPATH": str(ROOT),
            **function.environment,
        }


class _Process:
    def __init__(self, function: Function, variables: dict[str, str], log_file: Path) -> None:
        self.function = function
        self._log_file = log_file
        with log_file.open("ab") as printed:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "infra.local.function_worker", function.handler],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=printed,
                env=variables,
                cwd=ROOT,
                encoding="utf-8",
            )
        self._stdin, self._stdout = self._child.stdin, self._child.stdout
        self._timed_out = False

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def ask(self, event: Any) -> Answer:
        request_id = str(uuid4())
        timer = threading.Timer(self.function.timeout_s, self._time_out)
        timer.start()
        try:
            line = self._exchange(json.dumps({"event": event, "context": self._context(request_id)}))
        finally:
            timer.cancel()
        if not line:
            return self._died(request_id)
        answer = json.loads(line)
        if "error" in answer:
            return Answer(json.dumps({**answer["error"], "requestId": request_id}), True, self._tail())
        return Answer(answer["result"], False, self._tail())

    def end(self) -> None:
        self._child.kill()
        self._child.wait()
        for stream in (self._stdin, self._stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    log.debug("%s died with an event unread", self.function.name)

    def _exchange(self, message: str) -> str:
        assert self._stdin is not None  # it was asked to be a pipe
        assert self._stdout is not None
        try:
            self._stdin.write(message + "\n")
            self._stdin.flush()
        except BrokenPipeError:
            return ""
        return self._stdout.readline()

    def _context(self, request_id: str) -> dict[str, Any]:
        return {
            "function_name": self.function.name,
            "invoked_function_arn": self.function.arn,
            "aws_request_id": request_id,
            "log_group_name": f"/aws/lambda/{self.function.name}",
            "memory_limit_in_mb": self.function.memory_mb,
            "timeout_s": self.function.timeout_s,
        }

    def _time_out(self) -> None:
        self._timed_out = True
        self._child.kill()

    def _died(self, request_id: str) -> Answer:
        status = self._child.wait()
        if self._timed_out:
            name = "Sandbox.Timedout"
            sentence = f"RequestId: {request_id} Error: Task timed out after {self.function.timeout_s:.2f} seconds"
        else:
            name = "Runtime.ExitError"
            how = f"signal {-status}" if status < 0 else f"exit status {status}"
            sentence = f"RequestId: {request_id} Error: Runtime exited with error: {how}"
        return Answer(json.dumps({"errorType": name, "errorMessage": sentence}), True, self._tail())

    def _tail(self) -> str:
        return log_tail(self._log_file)


def log_tail(file: Path) -> str:
    """Return the last 4 KB of a log, as Lambda's answer may carry them."""
    with file.open("rb") as printed:
        printed.seek(max(0, os.fstat(printed.fileno()).st_size - _LOG_TAIL_BYTES))
        return printed.read().decode(errors="replace")
