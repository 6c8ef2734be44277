"""moto runs a job of AWS Batch in a container, or says that it succeeded without running it: run it as a process.

SubmitJob answers at once; children of an array run side by side, each tried again by itself, and the array ends
when the last of them has.
"""

import threading
from datetime import datetime
from functools import cache
from typing import Any

from moto.batch.models import Job as MotoJob
from moto.batch.utils import JobStatus
from moto.batch_simple.models import BatchSimpleBackend
from moto.core.config import default_user_config

from infra.local.job_processes import Attempt, Job, JobProcesses, tried_again
from infra.local.mends.pinned import expect_moto
from infra.local.serial import MOTO
from infra.local.serving import Serving

_original = BatchSimpleBackend._mark_job_as_finished
_PARAMETER = "Ref::"

SERVING = Serving[JobProcesses]("a job of AWS Batch")
"""What runs jobs."""


@cache
def apply() -> None:
    """Run jobs in processes.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or runs jobs without a container.
    """
    expect_moto(__name__, "getenv" in _original.__code__.co_names and "Popen" not in _original.__code__.co_names)
    default_user_config["batch"] = {"use_docker": False}
    BatchSimpleBackend._mark_job_as_finished = _begin


def _begin(self: BatchSimpleBackend, include_start_attempt: bool, job: MotoJob) -> None:
    """Begin a plain job, a child of an array, or, where no attempt is its own, the array itself."""
    processes = SERVING.newest()
    self.backend._jobs[job.job_id] = job
    job.job_started_at = datetime.now()  # noqa: DTZ005  moto's own clock has no zone
    job.log_stream_name = job._stream_name
    job.status = JobStatus.RUNNABLE
    target = _run if include_start_attempt else _await_children
    job.ended = threading.Event()
    threading.Thread(target=target, args=(job, processes), name=f"job-{job.job_id}", daemon=True).start()


def _run(job: MotoJob, processes: JobProcesses) -> None:
    asked = _asked(job)
    number = 0
    ended = Attempt(1, "it was never begun")
    try:
        while not job.stop:
            number += 1
            with MOTO.held():
                job._start_attempt()
                job.status = JobStatus.RUNNING
            ended = processes.attempt(asked, number)
            with MOTO.held():
                job.latest_attempt["container"]["exitCode"] = ended.exit_code
                job.latest_attempt["statusReason"] = ended.reason
                job._stop_attempt()
            if not tried_again(asked, number, ended):
                break
    finally:
        with MOTO.held():
            job.exit_code = ended.exit_code
            job.job_stopped_reason = job.job_stopped_reason or ended.reason
            job._mark_stopped(success=ended.exit_code == 0)
        job.ended.set()


def _await_children(job: MotoJob, processes: JobProcesses) -> None:
    del processes
    with MOTO.held():
        children = [j for i, j in job.backend._jobs.items() if i.startswith(f"{job.job_id}:")]
        job.status = JobStatus.PENDING
    for child in children:
        child.ended.wait()
    with MOTO.held():
        succeeded = all(child.exit_code == 0 for child in children)
        job.job_stopped_reason = None if succeeded else "Array Child Job failed"
        job._mark_stopped(success=succeeded)
    job.ended.set()


def _asked(job: MotoJob) -> Job:
    container: dict[str, Any] = job.job_definition.container_properties
    overrides: dict[str, Any] = job.container_overrides
    retry = job.job_definition.retry_strategy or {}
    command = overrides.get("command") or container["command"]
    variables = [*container.get("environment", []), *overrides.get("environment", [])]
    return Job(
        id=job.job_id,
        command=[_filled(word, job.parameters) for word in command],
        environment={v["name"]: v["value"] for v in variables},
        index=job.array_properties.get("index"),
        attempts=int(retry.get("attempts", 1)),
        evaluate_on_exit=retry.get("evaluateOnExit", ()),
        timeout_s=float(job._get_attempt_duration() or 86_400),
    )


def _filled(word: str, parameters: dict[str, str]) -> str:
    return parameters.get(word.removeprefix(_PARAMETER), word) if word.startswith(_PARAMETER) else word
