"""Jobs of AWS Batch as processes: each attempt one process, tried again as the job's retry strategy says."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_INHERITED = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")

EXITED = "Essential container in task exited"
TIMED_OUT = "Job attempt duration exceeded timeout"


@dataclass(frozen=True)
class Job:
    """A job as AWS Batch would give it to a container.

    Parameters
    ----------
    id : str
        Number of the job; a child's ends in a colon and its index.
    command : sequence of str
        Words of the command, parameters filled in.
    environment : mapping
        Variables of the container.
    index : int or None
        Place in the array, None of a plain job.
    attempts : int
        How often it is tried at most.
    evaluate_on_exit : sequence of dict
        Conditions under which it is tried again or not, as Batch has them.
    timeout_s : float
        Seconds after which an attempt is ended; it is not tried again then.
    """

    id: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    index: int | None = None
    attempts: int = 1
    evaluate_on_exit: Sequence[Mapping[str, str]] = ()
    timeout_s: float = 3600


@dataclass(frozen=True)
class Attempt:
    """How an attempt ended.

    Parameters
    ----------
    exit_code : int
        Code of the container; 128 and the signal's number where it was killed.
    reason : str
        What Batch says of it.
    """

    exit_code: int
    reason: str


class JobProcesses:
    """Runs jobs, a few at once.

    Parameters
    ----------
    environment : mapping
        Variables of every job; a job's own come over them.
    concurrency : int
        How many run at once; further ones wait.
    """

    def __init__(self, environment: Mapping[str, str], concurrency: int = 2) -> None:
        self._environment = dict(environment)
        self._slots = threading.BoundedSemaphore(concurrency)
        self._folder = tempfile.TemporaryDirectory(prefix="netlift-jobs-", ignore_cleanup_errors=True)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def attempt(self, job: Job, number: int) -> Attempt:
        """Run an attempt of a job to its end, when there is room for it.

        Parameters
        ----------
        job : Job
            Which job.
        number : int
            Number of the attempt, 1 is the first.
        """
        with self._slots:
            with self._lock:
                if self._closed:
                    return Attempt(128 + signal.SIGTERM, "the local cloud has ended")
                with self._log_file(job.id).open("ab") as printed:
                    child = subprocess.Popen(
                        [sys.executable if word == "python" else word for word in job.command],
                        stdin=subprocess.DEVNULL,
                        stdout=printed,
                        stderr=printed,
                        env=self._variables(job, number),
                        cwd=ROOT,
                    )
                self._running.add(child)
            try:
                status = child.wait(job.timeout_s)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                return Attempt(128 + signal.SIGKILL, TIMED_OUT)
            finally:
                with self._lock:
                    self._running.discard(child)
        return Attempt(status if status >= 0 else 128 - status, EXITED)

    def log(self, job_id: str) -> str:
        """Return all that a job has printed, in all attempts."""
        file = self._log_file(job_id)
        return file.read_text(errors="replace") if file.exists() else ""

    def close(self) -> None:
        """End all jobs and forget what they printed."""
        with self._lock:
            self._closed = True
            running = set(self._running)
        for child in running:
            child.kill()
        self._folder.cleanup()

    def _log_file(self, job_id: str) -> Path:
        return Path(self._folder.name) / f"{job_id.replace(':', '-')}.log"

    def _variables(self, job: Job, number: int) -> dict[str, str]:
        index = {} if job.index is None else {"AWS_BATCH_JOB_ARRAY_INDEX": str(job.index)}
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "PYTHONPATH": str(ROOT),
            **self._environment,
            **job.environment,
            "AWS_BATCH_JOB_ID": job.id,
            "AWS_BATCH_JOB_ATTEMPT": str(number),
            **index,
        }


def tried_again(job: Job, number: int, ended: Attempt) -> bool:
    """Whether a job is tried again after its attempt `number`.

    The first entry of which all conditions hold decides; where none does, it is tried again.

    Examples
    --------
    >>> retry = ({"onExitCode": "30", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"})
    >>> job = Job("j", ["true"], attempts=2, evaluate_on_exit=retry)
    >>> [tried_again(job, 1, Attempt(code, EXITED)) for code in (30, 10)]
    [True, False]
    >>> tried_again(job, 2, Attempt(30, EXITED))
    False
    """
    if ended.exit_code == 0 or number >= job.attempts or ended.reason == TIMED_OUT:
        return False
    seen = {"onexitcode": str(ended.exit_code), "onstatusreason": ended.reason, "onreason": ""}
    for entry in job.evaluate_on_exit:
        asked = {name.lower(): pattern for name, pattern in entry.items()}
        action = asked.pop("action").lower()
        if all(_fits(seen[name], pattern) for name, pattern in asked.items()):
            return action == "retry"
    return True


def _fits(text: str, pattern: Any) -> bool:
    """Batch's patterns end in a star, or have none."""
    wanted = str(pattern)
    return text.startswith(wanted[:-1]) if wanted.endswith("*") else text == wanted
