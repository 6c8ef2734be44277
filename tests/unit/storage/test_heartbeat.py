"""Heartbeat: it beats through bad minutes, ends at the loss, and stops when told."""

import contextvars
import threading

import pytest

from jobs.errors import RunLost, StorageUnavailable
from jobs.storage.heartbeat import Heartbeat


class Renewals:
    """Does what its script says, beat by beat, and tells when a beat was done."""

    def __init__(self, *script: Exception | None) -> None:
        self.script = list(script)
        self.beats = 0
        self.done = threading.Event()

    def __call__(self) -> None:
        self.beats += 1
        step = self.script.pop(0) if self.script else None
        if not self.script:
            self.done.set()
        if step is not None:
            raise step


def test_it_beats_through_failures_that_pass() -> None:
    renewals = Renewals(None, StorageUnavailable("S3 is away"), StorageUnavailable("S3 is away"), None)
    heart = Heartbeat(renewals, 0.001, "run")
    heart.start()
    assert renewals.done.wait(20)
    heart.stop()
    heart.check()
    assert not heart.lost
    assert renewals.beats >= 4


def test_it_ends_at_the_loss_and_remembers_it() -> None:
    renewals = Renewals(None, RunLost("run is attempt 2, held by b"))
    heart = Heartbeat(renewals, 0.001, "run")
    heart.start()
    assert renewals.done.wait(20)
    heart.stop()
    assert heart.lost
    assert renewals.beats == 2
    for _ in range(2):
        with pytest.raises(RunLost, match="held by b"):
            heart.check()


def test_it_stops_without_waiting_for_the_next_beat() -> None:
    renewals = Renewals()
    heart = Heartbeat(renewals, 3600, "run")
    heart.start()
    heart.stop()
    assert renewals.beats == 0
    assert not any(t.name == "heartbeat of run" for t in threading.enumerate())


def test_it_knows_what_its_callers_log_lines_say() -> None:
    known = contextvars.ContextVar("known", default="nothing")
    seen: list[str] = []
    renewals = Renewals(None)

    def renew() -> None:
        seen.append(known.get())
        renewals()

    known.set("run r1")
    heart = Heartbeat(renew, 0.001, "run")
    heart.start()
    assert renewals.done.wait(20)
    heart.stop()
    assert set(seen) == {"run r1"}
