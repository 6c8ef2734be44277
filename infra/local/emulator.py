"""Lambda functions on AWS's own Runtime Interface Emulator, each in the environment that its package declares."""

import io
import json
import logging
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from infra.local.function_processes import Answer, Function, FunctionProcesses, WarmFunction, log_tail
from infra.packages.declared import ROOT, package_of
from infra.packages.environments import python_of
from jobs.errors import BadEnvironment

_BINARIES = "lib/python3.*/site-packages/samcli/local/rapid"
_MACHINES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64"}
_INVOCATION = "/2015-03-31/functions/function/invocations"
_STARTS = 5
_START_S = 30.0
_GRACE_S = 15.0

log = logging.getLogger(__name__)


def why_no_emulator(tools: Path = ROOT / ".venv-tools", system: str = sys.platform) -> str:
    """Return why functions cannot run on the emulator here, "" where they can.

    Parameters
    ----------
    tools : Path
        Environment that holds the AWS SAM CLI, which ships the emulator.
    system : str
        Name of the operating system, as sys.platform has it.
    """
    if system != "linux":
        return f"Lambda's Runtime Interface Emulator runs on Linux only, this is {system}"
    if platform.machine() not in _MACHINES:
        return f"there is no Runtime Interface Emulator for {platform.machine()}"
    if _find(tools) is None:
        return f"the Runtime Interface Emulator is not in {tools.name}: run `make tools`"
    return ""


def _find(tools: Path) -> Path | None:
    found = sorted(tools.glob(f"{_BINARIES}/aws-lambda-rie-{_MACHINES[platform.machine()]}"))
    return found[-1] if found else None


class Emulators(FunctionProcesses):
    """Warm emulators of functions; each holds one runtime and serves one invocation at a time.

    A function whose deployed zip holds its handler runs from that zip; any other, an image or a placeholder, from
    this source tree. Libraries are those of its package in both cases, and those of Lambda's runtime behind them.

    Parameters
    ----------
    environment : mapping
        Variables of every function; a function's own come over them.
    concurrency : int
        How many emulators a function may have; further invocations wait.
    tools : Path
        Environment that holds the AWS SAM CLI.

    Raises
    ------
    BadEnvironment
        If there is no emulator here; the message says why.
    """

    def __init__(
        self, environment: Mapping[str, str], concurrency: int = 2, tools: Path = ROOT / ".venv-tools"
    ) -> None:
        reason = why_no_emulator(tools)
        if reason:
            raise BadEnvironment(f'{reason}; LocalCloud(functions="processes") needs none.')
        super().__init__(environment, concurrency)
        self._tools = tools

    @cached_property
    def _binary(self) -> Path:
        found = _find(self._tools)
        assert found is not None  # looked for before
        return found

    def _start(self, function: Function) -> WarmFunction:
        python = python_of(package_of(function.package_type, function.handler))
        variables = {
            **self._variables(function),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(max(1, round(function.timeout_s))),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        }
        return _Emulator(function, [str(self._binary)], python, variables, self._log_file(function.name))


class _Emulator:
    """One emulator and the runtime under it."""

    def __init__(
        self, function: Function, program: list[str], python: Path, variables: dict[str, str], log_file: Path
    ) -> None:
        self.function = function
        self._log_file = log_file
        self._task = tempfile.TemporaryDirectory(prefix="netlift-task-", ignore_cleanup_errors=True)
        root = _unpacked(function, Path(self._task.name)) or ROOT
        self._variables = {**variables, "PYTHONPATH": str(root), "LAMBDA_TASK_ROOT": str(root)}
        self._runtime = [str(python), "-m", "awslambdaric", function.handler]
        self._program = program
        self._root = root
        self._port, self._child = self._listening()

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def ask(self, event: Any) -> Answer:
        # the emulator itself ends an invocation at the function's timeout: the socket's is for a hanging emulator
        connection = HTTPConnection("127.0.0.1", self._port, timeout=self.function.timeout_s + _GRACE_S)
        try:
            connection.request("POST", _INVOCATION, json.dumps(event).encode())
            answer = connection.getresponse()
            return self._told(answer.status, answer.read().decode())
        except (OSError, HTTPException) as error:
            self.end()
            sentence = f"the Runtime Interface Emulator gave no answer ({type(error).__name__}: {error})"
            payload = json.dumps({"errorType": "Runtime.EmulatorError", "errorMessage": sentence})
            return Answer(payload, True, log_tail(self._log_file))
        finally:
            connection.close()

    def end(self) -> None:
        # the runtime is in a process group of its own, but in the emulator's session; the emulator goes first, since
        # it would start another runtime
        if self.alive:
            self._child.kill()
        for process in _session(self._child.pid):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                log.debug("process %d of %s ended by itself", process, self.function.name)
        self._child.wait()
        self._task.cleanup()

    def _listening(self) -> tuple[int, "subprocess.Popen[bytes]"]:
        for _ in range(_STARTS):
            port, runtime_port = _free_ports()
            child = self._started(port, runtime_port)
            if _answers(port, child):
                return port, child
            child.kill()
            child.wait()
        self._task.cleanup()
        raise BadEnvironment(
            f"the Runtime Interface Emulator of {self.function.name} did not start in {_STARTS} attempts: "
            f"it said {log_tail(self._log_file)[-200:]!r}."
        )

    def _started(self, port: int, runtime_port: int) -> "subprocess.Popen[bytes]":
        where = ("--runtime-interface-emulator-address", f"127.0.0.1:{port}")
        runtime = ("--runtime-api-address", f"127.0.0.1:{runtime_port}")
        with self._log_file.open("ab") as printed:
            return subprocess.Popen(
                [*self._program, "--log-level", "error", *where, *runtime, *self._runtime],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                env=self._variables,
                cwd=self._root,
                start_new_session=True,
            )

    def _told(self, status: int, body: str) -> Answer:
        tail = log_tail(self._log_file)
        try:
            value = json.loads(body)
        except ValueError:
            # "Task timed out after 2.00 seconds": the emulator's own words are no JSON
            return Answer(json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": body}), True, tail)
        named = isinstance(value, dict) and {"errorType", "errorMessage"} <= set(value)
        # an error of the runtime comes with status 200 too; a handler's own answer may look like one but for this
        failed = status != 200 or (named and bool({"requestId", "stackTrace"} & set(value)))
        return Answer(body, failed, tail)


def _unpacked(function: Function, folder: Path) -> Path | None:
    """Unpack the deployed zip if it holds the handler; return its folder, or None."""
    if not function.code:
        return None
    module = function.handler.rpartition(".")[0].replace(".", "/")
    with zipfile.ZipFile(io.BytesIO(function.code)) as archive:
        if not {f"{module}.py", f"{module}/__init__.py"} & set(archive.namelist()):
            return None
        archive.extractall(folder)
    return folder


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _answers(port: int, child: "subprocess.Popen[bytes]") -> bool:
    waited = 0.0
    while child.poll() is None and waited < _START_S:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return True
        try:
            child.wait(0.02)
        except subprocess.TimeoutExpired:
            waited += 0.02
    return False


def _session(leader: int) -> list[int]:
    """Processes of a session, from /proc."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # the name in brackets may hold anything; after it: state, parent, group, session
            fields = status.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == leader:
            found.append(int(status.parent.name))
    return found
