"""A job is a process: its code, its signal, its time and its words are the container's."""

import sys
import threading
from collections.abc import Iterator

import pytest

from infra.local.job_processes import EXITED, TIMED_OUT, Attempt, Job, JobProcesses, tried_again

KILL = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture
def processes() -> Iterator[JobProcesses]:
    running = JobProcesses({"WHERE": "cloud", "WHAT": "of all"})
    yield running
    running.close()


def _python(text: str, **fields: object) -> Job:
    return Job("job-1", ["python", "-c", text], **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "code"), [("", 0), ("raise SystemExit(10)", 10), (KILL, 137)])
def test_the_code_is_the_containers(processes: JobProcesses, text: str, code: int) -> None:
    assert processes.attempt(_python(text), 1) == Attempt(code, EXITED)


def test_a_job_sees_its_variables_its_index_and_its_attempt(processes: JobProcesses) -> None:
    names = ("WHERE", "WHAT", "AWS_BATCH_JOB_ID", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ATTEMPT")
    text = f"import os; print([os.environ.get(n) for n in {names}])"
    processes.attempt(_python(text, environment={"WHAT": "its own"}, index=3), 2)
    assert processes.log("job-1") == "['cloud', 'its own', 'job-1', '3', '2']\n"


def test_a_plain_job_has_no_index(processes: JobProcesses) -> None:
    processes.attempt(_python("import os; print(os.environ.get('AWS_BATCH_JOB_ARRAY_INDEX'))"), 1)
    assert processes.log("job-1") == "None\n"
    assert processes.log("job-2") == ""


def test_an_attempt_ends_when_its_time_does(processes: JobProcesses) -> None:
    ended = processes.attempt(_python("import time; time.sleep(60)", timeout_s=0.2), 1)
    assert ended == Attempt(137, TIMED_OUT)


def test_what_runs_is_ended_with_the_cloud() -> None:
    processes = JobProcesses({})
    ended: list[Attempt] = []
    job = _python("print('begun', flush=True); import time; time.sleep(60)")
    running = threading.Thread(target=lambda: ended.append(processes.attempt(job, 1)))
    running.start()
    while "begun" not in processes.log("job-1"):
        assert running.is_alive()
    processes.close()
    running.join(30)
    assert ended == [Attempt(137, EXITED)]
    assert processes.attempt(_python(""), 1).exit_code != 0, "nothing is begun any more"


RETRY = (
    {"onExitCode": "30", "action": "retry"},
    {"onStatusReason": "Your Spot*", "action": "retry"},
    {"onReason": "*", "action": "exit"},
)


@pytest.mark.parametrize(
    ("ended", "number", "again"),
    [
        (Attempt(0, EXITED), 1, False),
        (Attempt(30, EXITED), 1, True),
        (Attempt(30, EXITED), 3, False),
        (Attempt(10, EXITED), 1, False),
        (Attempt(1, "Your Spot Task was interrupted."), 1, True),
        (Attempt(30, TIMED_OUT), 1, False),
    ],
)
def test_the_retry_strategy_decides(ended: Attempt, number: int, again: bool) -> None:
    job = Job("j", [sys.executable], attempts=3, evaluate_on_exit=RETRY)
    assert tried_again(job, number, ended) is again


def test_without_conditions_all_failures_are_tried_again() -> None:
    assert tried_again(Job("j", ["x"], attempts=2), 1, Attempt(10, EXITED))
