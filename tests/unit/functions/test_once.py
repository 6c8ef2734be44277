"""Idempotency-Key: answered once, the same answer again; another body or one under way is told so."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from functions import fraud_api
from functions.once import LEASE_S, Answers, Turn
from jobs.storage.online import open_online
from tests.clock import Clock
from tests.unit.functions.endpoints import NOON, Endpoint
from tests.unit.functions.online_worlds import crowded


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def answers(tmp_path: Path, clock: Clock) -> Answers:
    return Answers(open_online(str(tmp_path / "answers"), clock), clock)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Endpoint:
    made = Endpoint(tmp_path_factory.mktemp("home"), Clock(NOON), crowded(5))
    made.promote()
    made.night()
    return made


@pytest.fixture(autouse=True)
def opened(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fraud_api, "door", lambda: endpoint.door)


def _turn(answers: Answers, key: str = "k", fingerprint: str = "f") -> Turn:
    turn = answers.begin(key, fingerprint)
    assert isinstance(turn, Turn)
    return turn


def test_the_same_request_gets_the_very_answer_again(endpoint: Endpoint) -> None:
    first = endpoint.ask(endpoint.payment(transaction_id="o-1"), key="k1")
    again = endpoint.ask(endpoint.payment(transaction_id="o-1"), key="k1")
    assert first.status == 200
    assert first.text == again.text
    spaced = json.dumps(endpoint.payment(transaction_id="o-1"), indent=4)
    assert endpoint.ask(spaced, key="k1").text == first.text, "what counts is what it says, not how it is written"


def test_another_request_under_the_same_key_is_refused(endpoint: Endpoint) -> None:
    endpoint.ask(endpoint.payment(transaction_id="o-2"), key="k2")
    answered = endpoint.ask(endpoint.payment(transaction_id="o-3"), key="k2")
    assert (answered.status, answered.at_fault()) == (422, ["Idempotency-Key"])
    assert answered.body["type"] == "urn:netlift:problem:key-reused"


@pytest.mark.parametrize("key", ["", "x" * 257, "a\x00b"])
def test_a_key_that_cannot_be_one_is_refused(endpoint: Endpoint, key: str) -> None:
    answered = endpoint.ask(endpoint.payment(transaction_id="o-4"), key=key)
    assert (answered.status, answered.at_fault()) == (422, ["Idempotency-Key"])


def test_a_request_under_way_is_told_to_wait(endpoint: Endpoint) -> None:
    """The second one arrives while the first is being scored."""
    inside, leave = threading.Event(), threading.Event()
    gather = endpoint.door.desk.day.gather

    def slow(*of: Any) -> Any:
        inside.set()
        assert leave.wait(30)
        return gather(*of)

    endpoint.door.desk.day.gather = slow  # type: ignore[method-assign]
    answers: list[Any] = []
    body = json.dumps(endpoint.payment(transaction_id="o-5"))
    first = threading.Thread(target=lambda: answers.append(endpoint.door.score(body, "k5")))
    first.start()
    assert inside.wait(30)
    try:
        second = endpoint.ask(body, key="k5")
    finally:
        leave.set()
        first.join()
        endpoint.door.desk.day.gather = gather  # type: ignore[method-assign]
    assert (second.status, second.headers["retry-after"]) == (409, "1")
    assert endpoint.ask(body, key="k5").text == answers[0].body


def test_who_died_before_the_answer_is_taken_over_after_the_lease(answers: Answers, clock: Clock) -> None:
    from functions.problem import Problem

    dead = _turn(answers)
    clock.advance(LEASE_S - 1)
    with pytest.raises(Problem) as caught:
        answers.begin("k", "f")
    assert caught.value.status == 409
    clock.advance(2)
    heir = _turn(answers)
    answers.keep(heir, 200, "the heir's")
    answers.keep(dead, 200, "the dead one's")
    assert answers.begin("k", "f") == (200, "the heir's")


def test_a_turn_without_an_answer_may_be_taken_at_once(answers: Answers) -> None:
    answers.give_up(_turn(answers))
    assert isinstance(answers.begin("k", "f"), Turn)


def test_answers_are_forgotten_after_a_day(answers: Answers, clock: Clock) -> None:
    answers.keep(_turn(answers), 200, "one")
    clock.advance(24 * 3600 - 1)
    assert answers.begin("k", "f") == (200, "one")
    clock.advance(2)
    assert isinstance(answers.begin("k", "another body"), Turn)
