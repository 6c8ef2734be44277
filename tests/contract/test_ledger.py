"""Ledger: a run is claimed once, finished once, and never by a holder who lost it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from jobs.errors import BadRequest, RunBusy, RunLost
from jobs.storage.ledger import STAGED_LIFE_S, Claim, Ledger, RunKey
from jobs.storage.objects import Objects
from tests.clock import Clock

KEY = RunKey("score-uplift", "spring", date(2026, 11, 1), "a1" * 32)
OTHER = RunKey("score-uplift", "spring", date(2026, 11, 1), "b2" * 32)


@pytest.fixture
def ledger(objects: Objects, clock: Clock) -> Ledger:
    return Ledger(objects, clock)


def test_equal_keys_have_one_name() -> None:
    assert KEY.run_id == "score-uplift-spring-2026-11-01-a1a1a1a1a1a1"
    assert RunKey("score-uplift", "spring", date(2026, 11, 1), "a1" * 32) == KEY


@pytest.mark.parametrize(("job", "kind", "digest"), [("a/b", "k", "ab" * 6), ("j", "..", "ab" * 6), ("j", "k", "xyz")])
def test_a_key_that_would_leave_its_folder_is_refused(job: str, kind: str, digest: str) -> None:
    with pytest.raises(BadRequest, match="run key has"):
        RunKey(job, kind, date(2026, 11, 1), digest)


def test_the_first_claim_is_attempt_one_and_holds_others_off(ledger: Ledger) -> None:
    assert ledger.claim(KEY, "host-a:1") == Claim(KEY, 1)
    with pytest.raises(RunBusy, match=r"held by host-a:1 until 2026-11-01T03:01:00\+00:00"):
        ledger.claim(KEY, "host-b:2")
    assert ledger.claim(OTHER, "host-b:2").attempt == 1


def test_of_16_claims_at_once_one_holds(ledger: Ledger) -> None:
    start = threading.Barrier(16)

    def claim(i: int) -> bool:
        start.wait()
        try:
            ledger.claim(KEY, f"host-{i}")
        except RunBusy:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(claim, range(16))).count(True) == 1


def test_a_renewed_lease_lasts_from_the_renewal(ledger: Ledger, clock: Clock) -> None:
    claim = ledger.claim(KEY, "a")
    clock.advance(50)
    ledger.renew(claim)
    clock.advance(50)
    with pytest.raises(RunBusy):
        ledger.claim(KEY, "b")
    clock.advance(11)
    assert ledger.claim(KEY, "b").attempt == 2


def test_renewals_of_many_shards_write_no_more_than_one_shards(objects: Objects, ledger: Ledger, clock: Clock) -> None:
    """Every shard of an array job has a heartbeat of its own; the ledger's log must not grow with their number."""
    claim = ledger.claim(KEY, "a")

    def entries() -> int:
        return len([o for o in objects.list("ledger/") if "/log/" in o.key])

    for _ in range(3):
        before = entries()
        clock.advance(20)
        for _ in range(20):
            ledger.renew(claim)
        assert entries() == before + 1
    clock.advance(59)
    with pytest.raises(RunBusy):
        ledger.claim(KEY, "b")


def test_renewals_at_the_same_moment_write_one_entry(objects: Objects, ledger: Ledger, clock: Clock) -> None:
    """Twelve processes with ledgers of their own: who loses the race for an entry sees that it is renewed."""
    claim = ledger.claim(KEY, "a")
    ledgers = [Ledger(objects, clock) for _ in range(12)]
    start = threading.Barrier(len(ledgers))

    def renew(mine: Ledger) -> None:
        start.wait()
        mine.renew(claim)

    with ThreadPoolExecutor(len(ledgers)) as threads:
        for entries in (2, 3, 4):
            clock.advance(20)
            list(threads.map(renew, ledgers))
            assert len(objects.list("ledger/")) == entries


def test_a_ledger_that_looked_before_sees_what_others_wrote_since(
    objects: Objects, ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks for the entries behind the one it knows, and lists the log no more."""
    claim = ledger.claim(KEY, "a")
    other = Ledger(objects, clock)
    for _ in range(4):
        clock.advance(20)
        other.renew(claim)
    listed: list[str] = []
    monkeypatch.setattr(type(objects), "list", lambda _, prefix: listed.append(prefix))
    ledger.require_newest(claim)
    clock.advance(59)
    with pytest.raises(RunBusy):
        ledger.claim(KEY, "b")
    clock.advance(2)
    heir = other.claim(KEY, "b")
    with pytest.raises(RunLost, match="attempt 2, held by b"):
        ledger.require_newest(claim)
    other.finish(heir, {"rows": 1})
    assert ledger.report(KEY) == {"rows": 1}
    assert listed == []


def test_a_dead_holder_is_taken_over_and_can_do_nothing_more(ledger: Ledger, clock: Clock) -> None:
    zombie = ledger.claim(KEY, "a")
    ledger.require_newest(zombie)
    clock.advance(60)
    heir = ledger.claim(KEY, "b")
    assert heir == Claim(KEY, 2)
    for act in (ledger.require_newest, ledger.renew, lambda c: ledger.finish(c, {})):
        with pytest.raises(RunLost, match="attempt 1 may not go on, the run is attempt 2, held by b"):
            act(zombie)
    assert ledger.fail(zombie, {"type": "X"}) is False
    ledger.require_newest(heir)
    ledger.finish(heir, {"rows": 5})
    assert ledger.report(KEY) == {"rows": 5}


def test_a_late_holder_that_nobody_took_over_goes_on(ledger: Ledger, clock: Clock) -> None:
    claim = ledger.claim(KEY, "a")
    clock.advance(3600)
    ledger.renew(claim)
    ledger.finish(claim, {})
    assert ledger.report(KEY) == {}


def test_finish_and_take_over_exclude_each_other(objects: Objects, clock: Clock) -> None:
    """Whichever comes first, never both: 8 rounds of a late finish against a take-over."""
    ledger = Ledger(objects, clock, lease_s=1)
    for i in range(8):
        key = RunKey("race", "x", date(2026, 11, 1), f"{i:064x}"[::-1])
        claim = ledger.claim(key, "a")
        clock.advance(2)
        start = threading.Barrier(2)

        def finish(claim: Claim = claim, start: threading.Barrier = start) -> bool:
            start.wait()
            try:
                ledger.finish(claim, {"by": "a"})
            except RunLost:
                return False
            return True

        def take(key: RunKey = key, start: threading.Barrier = start) -> bool:
            start.wait()
            try:
                ledger.claim(key, "b")
            except RunBusy:
                return False
            return True

        with ThreadPoolExecutor(2) as threads:
            finished, taken = threads.submit(finish), threads.submit(take)
            assert finished.result() != taken.result()


def test_a_finished_run_has_its_report_and_cannot_be_claimed_or_ended_again(ledger: Ledger, clock: Clock) -> None:
    assert ledger.report(KEY) is None
    claim = ledger.claim(KEY, "a")
    assert ledger.report(KEY) is None
    ledger.finish(claim, {"rows_in": 3, "nested": {"a": [1, 2.5, None]}})
    assert ledger.report(KEY) == {"rows_in": 3, "nested": {"a": [1, 2.5, None]}}
    clock.advance(1e6)
    with pytest.raises(RunBusy, match="has just been finished by a"):
        ledger.claim(KEY, "b")
    with pytest.raises(RunLost, match="finished by a"):
        ledger.finish(claim, {})
    with pytest.raises(RunLost):
        ledger.require_newest(claim)


def test_a_failed_run_is_free_at_once(ledger: Ledger) -> None:
    claim = ledger.claim(KEY, "a")
    assert ledger.fail(claim, {"type": "BadFile", "message": "x is empty"}) is True
    assert ledger.report(KEY) is None
    assert ledger.claim(KEY, "b").attempt == 2


def test_the_moment_of_a_claim_stays_through_renewals(ledger: Ledger, clock: Clock) -> None:
    claim, began = ledger.claim(KEY, "a"), clock()
    clock.advance(40)
    ledger.renew(claim)
    assert ledger.claimed_at(claim) == began


def test_a_claim_that_was_never_made_is_lost(ledger: Ledger) -> None:
    with pytest.raises(RunLost, match="not claimed at all"):
        ledger.require_newest(Claim(KEY, 1))


def test_of_what_was_staged_the_newest_attempt_counts_shard_by_shard(ledger: Ledger) -> None:
    first = ledger.claim(KEY, "a")
    assert ledger.staged(KEY) == {}
    for shard in range(3):
        assert ledger.record_staged(first, shard, {"file": f"1-{shard}"})
    ledger.fail(first, {})
    second = ledger.claim(KEY, "a")
    ledger.record_staged(second, 1, {"file": "2-1"})
    ledger.record_staged(second, 12, {"file": "2-12"})
    assert ledger.staged(KEY) == {
        0: {"file": "1-0"},
        1: {"file": "2-1"},
        2: {"file": "1-2"},
        12: {"file": "2-12"},
    }
    assert ledger.staged(OTHER) == {}
    assert [ledger.staged_shard(KEY, shard) for shard in (0, 1, 2, 3)] == [
        {"file": "1-0"},
        {"file": "2-1"},
        {"file": "1-2"},
        None,
    ]


def test_a_shard_that_is_staged_twice_by_one_attempt_keeps_its_first_record(ledger: Ledger) -> None:
    claim = ledger.claim(KEY, "a")
    assert ledger.record_staged(claim, 0, {"file": "x"})
    assert not ledger.record_staged(claim, 0, {"file": "y"})
    assert ledger.staged(KEY) == {0: {"file": "x"}}


def test_what_was_staged_too_long_ago_is_not_used(ledger: Ledger, clock: Clock) -> None:
    claim = ledger.claim(KEY, "a")
    ledger.record_staged(claim, 0, {"file": "old"})
    clock.advance(STAGED_LIFE_S / 2)
    ledger.record_staged(claim, 1, {"file": "young"})
    clock.advance(STAGED_LIFE_S / 2 + 1)
    assert ledger.staged(KEY) == {1: {"file": "young"}}


def test_runs_tell_state_holder_and_outcome(ledger: Ledger, clock: Clock) -> None:
    keys = [RunKey("job", f"k{i}", date(2026, 11, 1 + i // 3), "ab" * 6) for i in range(4)]
    ledger.finish(ledger.claim(keys[0], "a"), {"rows": 1})
    ledger.fail(ledger.claim(keys[1], "b"), {"type": "BadFile"})
    dead = ledger.claim(keys[2], "c")
    ledger.record_staged(dead, 0, {})
    clock.advance(61)
    ledger.claim(keys[3], "d")
    states = {r["run_id"]: r for r in ledger.runs()}
    assert [states[k.run_id]["state"] for k in keys] == ["finished", "failed", "dead", "running"]
    assert states[keys[0].run_id]["report"] == {"rows": 1}
    assert states[keys[1].run_id]["error"] == {"type": "BadFile"}
    last = states[keys[3].run_id]
    assert (last["job"], last["kind"], last["run_date"], last["holder"], last["attempt"]) == (
        "job",
        "k3",
        "2026-11-02",
        "d",
        1,
    )
    assert [r["kind"] for r in ledger.runs(date(2026, 11, 2))] == ["k3"]
    assert ledger.runs(date(2020, 1, 1)) == []


def test_the_run_that_finished_last_on_each_day_is_found(ledger: Ledger, clock: Clock) -> None:
    def finish(kind: str, day: int, digest: str) -> str:
        key = RunKey("job", kind, date(2026, 11, day), digest * 6)
        ledger.finish(ledger.claim(key, "a"), {})
        clock.advance(1)
        return key.run_id

    first, later = finish("k", 1, "bb"), finish("k", 1, "aa")
    next_day = finish("k", 2, "cc")
    finish("other", 1, "dd")
    ledger.fail(ledger.claim(RunKey("job", "k", date(2026, 11, 2), "ee" * 6), "a"), {})
    assert first != later
    assert ledger.finished("job", "k", date(2026, 11, 1), date(2026, 11, 3)) == [later, next_day]
    assert ledger.finished("job", "k", date(2026, 10, 1), date(2026, 10, 3)) == []


def test_a_heartbeat_keeps_a_lease_that_would_be_over(objects: Objects, clock: Clock) -> None:
    ledger = Ledger(objects, clock, lease_s=0.06)
    claim = ledger.claim(KEY, "a")
    clock.advance(3600)
    with ledger.heartbeat(claim) as heart:
        renewed = _wait_until(lambda: ledger.runs()[0]["state"] == "running")
        assert renewed
        heart.check()
        assert not heart.lost


def test_a_heartbeat_remembers_that_the_run_was_lost(objects: Objects, clock: Clock) -> None:
    ledger = Ledger(objects, clock, lease_s=0.06)
    claim = ledger.claim(KEY, "a")
    clock.advance(3600)
    Ledger(objects, clock, lease_s=3600).claim(KEY, "b")
    with ledger.heartbeat(claim) as heart:
        assert _wait_until(lambda: heart.lost)
        with pytest.raises(RunLost, match="held by b"):
            heart.check()


def _wait_until(holds: "object") -> bool:
    """Ask again and again, for 20 seconds at most."""
    assert callable(holds)
    for _ in range(2000):
        if holds():
            return True
        threading.Event().wait(0.01)
    return False
