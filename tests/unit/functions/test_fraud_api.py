"""The fraud endpoint answers with the batch's own score, or says what is wrong; it never guesses."""

import base64
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions import fraud_api
from jobs.errors import BadEnvironment
from jobs.science.fraud.features import FEATURE_NAMES
from jobs.science.fraud.reasons import reason_codes
from jobs.science.fraud.score import load_scorer
from tests.clock import Clock
from tests.unit.functions.endpoints import DOCUMENT, NOON, Endpoint, event
from tests.unit.functions.online_worlds import History, crowded


@pytest.fixture(scope="module")
def history() -> History:
    return crowded(4)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def bare(tmp_path: Path, clock: Clock, history: History, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """Nothing is promoted, no night has run."""
    endpoint = Endpoint(tmp_path, clock, history)
    monkeypatch.setattr(fraud_api, "door", lambda: endpoint.door)
    return endpoint


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, history: History) -> Path:
    """A model is at work and the night has run; copy it, never write into it."""
    made = Endpoint(tmp_path_factory.mktemp("prepared"), Clock(NOON), history)
    made.promote()
    made.night()
    return made.folder


@pytest.fixture
def endpoint(bare: Endpoint, prepared: Path) -> Endpoint:
    shutil.copytree(prepared, bare.folder, dirs_exist_ok=True)
    bare.reopen()
    return bare


def _replay(endpoint: Endpoint, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answers = []
    for row in rows:
        endpoint.clock.now = row["occurred_at"]
        asked = {name: row[name] for name in ("transaction_id", "customer_id", "partner_id")}
        answered = endpoint.ask(
            {**asked, "occurred_at": row["occurred_at"].isoformat(), "amount": row["amount_eur"], "currency": "EUR"}
        )
        assert answered.status == 200, answered.text
        answers.append(answered.body)
    return answers


def test_a_replayed_days_probabilities_outcomes_and_reasons_are_the_batchs(endpoint: Endpoint) -> None:
    from tests.unit.functions.online_worlds import DAY

    rows = endpoint.history.batch(DAY)
    answers = _replay(endpoint, rows)
    features = pa.table({name: pa.array([row[name] for row in rows], pa.float32()) for name in FEATURE_NAMES})
    scorer = load_scorer(endpoint.scorer.to_files())
    probability = scorer.probability(features)
    assert [answer["probability"] for answer in answers] == probability.tolist()
    outcome = scorer.policy.decide(probability, np.array([row["amount_eur"] for row in rows]))
    assert [answer["outcome"] for answer in answers] == outcome.tolist()
    assert {"approve", "review"} <= set(outcome.tolist()), "both kinds are seen"
    texts = zip(*reason_codes(scorer, features, outcome != "approve"), strict=True)
    for answer, batch in zip(answers, texts, strict=True):
        said = [f"{reason['code']}: {reason['words']}" for reason in answer["reasons"]]
        assert said == [text for text in batch if text is not None]
        assert answer["score"] == round(1000 * answer["probability"])
        assert answer["policy_version"] == f"{scorer.policy.version}-open"
        assert (answer["features_as_of"], answer["level"] is None) == (str(DAY), False)


def test_the_example_is_answered(endpoint: Endpoint) -> None:
    answered = endpoint.answer(event("fraud_api"))
    assert answered.status == 200
    assert answered.body["transaction_id"] == "t-1"
    assert answered.body["model_version"] == endpoint.models.champion("fraud")
    assert answered.warned() == []


def test_the_document_is_openapi_3_1(endpoint: Endpoint) -> None:
    said = fraud_api.handler(event("fraud_api.openapi"), None)
    served = json.loads(said["body"])
    assert served == DOCUMENT
    assert served["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(served).validate()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"transaction_id": None}, "transaction_id"),
        ({"transaction_id": ""}, "transaction_id"),
        ({"customer_id": 17}, "customer_id"),
        ({"partner_id": "p\n1"}, "partner_id"),
        ({"partner_id": "p" * 129}, "partner_id"),
        ({"amount": "42.5"}, "amount"),
        ({"amount": -0.01}, "amount"),
        ({"amount": float("nan")}, "amount"),
        ({"amount": float("inf")}, "amount"),
        ({"amount": 1e300}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": [1.0]}, "amount"),
        ({"currency": "XAU"}, "currency"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": 1795262400}, "occurred_at"),
        ({"occurred_at": "2026-11-21T12:00:00"}, "occurred_at"),
        ({"occurred_at": "2026-11-21T12:05:01Z"}, "occurred_at"),
        ({"occurred_at": "2026-11-20T11:59:59Z"}, "occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59Z"}, "occurred_at"),
        ({"surprise": 1}, "surprise"),
    ],
    ids=str,
)
def test_a_value_that_is_not_allowed_is_refused_by_its_fields_name(
    endpoint: Endpoint, change: dict[str, Any], field: str
) -> None:
    answered = endpoint.ask(endpoint.payment(**change))
    assert (answered.status, answered.at_fault()) == (422, [field])


@pytest.mark.parametrize("field", ["transaction_id", "customer_id", "partner_id", "occurred_at", "amount", "currency"])
def test_a_missing_key_is_named(endpoint: Endpoint, field: str) -> None:
    payment = endpoint.payment()
    del payment[field]
    assert endpoint.ask(payment).at_fault() == [field]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ('{"transaction_id": "t', 400),
        ("[" * 8_000 + "]" * 8_000, 400),
        ('{"a":' * 2_500 + "1" + "}" * 2_500, 400),
        ("null", 422),
        ("[]", 422),
        ('"text"', 422),
        ('{"amount": "' + "9" * 10_000_000 + '"}', 413),
        ("{}" + " " * 10_000_000, 413),
    ],
    ids=["empty", "cut", "cut text", "deep list", "deep object", "null", "list", "text", "10 MB", "10 MB of nothing"],
)
def test_a_body_that_is_no_payment_is_refused(endpoint: Endpoint, body: str, status: int) -> None:
    assert endpoint.ask(body).status == status


def test_a_body_in_base64_is_read(endpoint: Endpoint) -> None:
    body = base64.b64encode(json.dumps(endpoint.payment()).encode()).decode()
    assert endpoint.ask(body, isBase64Encoded=True).status == 200
    for wrong in ("no base64!", base64.b64encode(b"\xff\xfe").decode()):
        assert endpoint.ask(wrong, isBase64Encoded=True).status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/fraud-scores", 405), ("POST", "/openapi.json", 405), ("GET", "/v1/elsewhere", 404)],
)
def test_another_address_or_method_is_told_what_there_is(
    endpoint: Endpoint, method: str, path: str, status: int
) -> None:
    asked = event("fraud_api")
    asked["requestContext"]["http"] |= {"method": method, "path": path}
    asked |= {"rawPath": path, "routeKey": f"{method} {path}"}
    answered = endpoint.answer(asked)
    assert answered.status == status
    assert ("allow" in answered.headers) == (status == 405)


def test_the_same_payment_again_gets_the_same_score_and_counts_once(endpoint: Endpoint) -> None:
    first = endpoint.ask(endpoint.payment())
    again = endpoint.ask(endpoint.payment())
    assert again.warned() == ["counted_before"]
    assert (first.body["probability"], first.body["id"] == again.body["id"]) == (again.body["probability"], False)
    day = endpoint.records.read(["d/2026-11-21/p/p 1"])["d/2026-11-21/p/p 1"]
    assert day["n12"] == 1


def test_an_id_of_another_payment_is_refused_and_not_counted(endpoint: Endpoint) -> None:
    assert endpoint.ask(endpoint.payment()).status == 200
    for other in ({"amount": 42.51}, {"customer_id": "c 2"}, {"partner_id": "p 2"}):
        answered = endpoint.ask(endpoint.payment(**other))
        assert (answered.status, answered.at_fault()) == (422, ["transaction_id"])
    assert endpoint.records.read(["d/2026-11-21/c/c 2", "d/2026-11-21/p/p 2"]) == {}


def test_payments_out_of_order_and_of_one_second_see_what_was_strictly_before_them(endpoint: Endpoint) -> None:
    """Whatever the order in which they arrive: by second, and within it by transaction id."""
    seen = {}
    gather = endpoint.door.desk.day.gather

    def watched(payment: Any, fingerprint: str) -> Any:
        gathered = gather(payment, fingerprint)
        names = ("customer_count_1h", "partner_count_recent_1d")
        seen[payment.transaction_id] = tuple(gathered.features[name] for name in names)
        return gathered

    endpoint.door.desk.day.gather = watched  # type: ignore[method-assign]
    place = {"customer_id": "somebody", "partner_id": "somewhere", "amount": 10.0}
    for name, second in (("t-d", 9), ("t-b", 5), ("t-a", 5), ("t-c", 7), ("t-e", 9)):
        endpoint.ask(endpoint.payment(transaction_id=name, occurred_at=f"2026-11-21T11:59:0{second}Z", **place))
    assert seen == {"t-d": (0, 0), "t-b": (0, 0), "t-a": (0, 0), "t-c": (2, 2), "t-e": (4, 4)}
    for name, second in (("t-d", 9), ("t-b", 5)):
        endpoint.ask(endpoint.payment(transaction_id=name, occurred_at=f"2026-11-21T11:59:0{second}Z", **place))
    assert (seen["t-d"], seen["t-b"]) == ((3, 3), (1, 1)), "asked again, they see what came in late"


def test_whom_nobody_knows_is_scored_and_said(endpoint: Endpoint) -> None:
    answered = endpoint.ask(endpoint.payment(customer_id="a new one", partner_id="a new shop"))
    assert answered.warned() == ["customer_never_seen", "partner_never_seen"]
    assert answered.body["score"] is not None
    second = endpoint.ask(endpoint.payment(transaction_id="t-2", customer_id="a new one", partner_id="a new shop"))
    assert second.warned() == [], "the first payment of the same second is before it by its id"


def test_where_no_night_has_run_no_score_is_guessed(bare: Endpoint) -> None:
    bare.promote()
    answered = bare.ask(bare.payment())
    assert (answered.status, answered.body["outcome"], answered.body["score"]) == (200, "not_assessed", None)
    assert answered.warned() == ["features_unavailable"]
    bare.reopen(NETLIFT_FRAUD_POLICY="closed")
    refused = bare.ask(bare.payment())
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize(("back", "codes"), [(1, ["night_features_old"]), (3, ["night_features_old"]), (4, None)])
def test_old_features_are_said_and_too_old_ones_are_not_used(
    bare: Endpoint, back: int, codes: list[str] | None
) -> None:
    bare.promote()
    bare.night(back)
    answered = bare.ask(bare.payment())
    if codes is None:
        assert (answered.body["outcome"], answered.warned()) == ("not_assessed", ["features_unavailable"])
    else:
        assert answered.warned() == codes
        assert answered.body["score"] is not None


def test_a_payment_of_the_day_before_the_features_is_refused(endpoint: Endpoint) -> None:
    answered = endpoint.ask(endpoint.payment(occurred_at="2026-11-20T23:59:59Z"))
    assert (answered.status, answered.at_fault()) == (422, ["occurred_at"])


@pytest.mark.parametrize("what", ["NETLIFT_ONLINE", "NETLIFT_ANSWERS"])
def test_a_dynamodb_that_cannot_be_reached_is_answered_by_the_policy(
    endpoint: Endpoint, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        *(("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), ("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-1")),
        *(("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")),
    ):
        monkeypatch.setenv(name, value)
    endpoint.reopen(**{what: "dynamodb://online"})
    answered = endpoint.ask(endpoint.payment(), key="one")
    if what == "NETLIFT_ANSWERS":
        assert answered.status == 503, "a promise to answer once cannot be kept"
        return
    assert (answered.status, answered.body["outcome"], answered.body["probability"]) == (200, "not_assessed", None)
    assert answered.body["policy_version"].endswith("-open")
    endpoint.reopen(NETLIFT_FRAUD_POLICY="closed")
    assert endpoint.ask(endpoint.payment()).status == 503


def test_without_a_model_and_with_one_that_was_changed_no_score_is_guessed(bare: Endpoint) -> None:
    bare.night()
    assert bare.ask(bare.payment()).warned() == ["model_unavailable"]
    version = bare.promote()
    file = bare.folder / "home" / "models" / "fraud" / "versions" / version / "booster.txt"
    file.write_bytes(file.read_bytes().replace(b"leaf_value=0", b"leaf_value=9", 1) + b" ")
    bare.reopen()
    answered = bare.ask(bare.payment())
    assert (answered.warned(), answered.body["outcome"]) == (["model_unavailable"], "not_assessed")


def test_a_failure_without_a_name_is_a_problem_without_a_trace(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(fraud_api, "door", broken)
    answered = endpoint.ask(endpoint.payment())
    assert answered.status == 500
    assert "secret" not in answered.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"NETLIFT_FRAUD_POLICY": "maybe"}, "'maybe': set it to open or closed"),
        ({"NETLIFT_ONLINE": ""}, "no address of online records"),
        ({"NETLIFT_HOME": ""}, "NETLIFT_HOME is not set"),
    ],
)
def test_an_environment_that_lacks_something_is_named(bare: Endpoint, change: dict[str, str], said: str) -> None:
    with pytest.raises(BadEnvironment, match=said):
        fraud_api.open_door({**bare.environment, **change})


def test_a_clock_that_goes_on_over_midnight_keeps_counting(endpoint: Endpoint) -> None:
    """The night of the new day has not run yet: the customer's payments of both days are known, exactly."""
    asked: Callable[..., dict[str, Any]] = lambda n, at: endpoint.payment(transaction_id=n, occurred_at=at)  # noqa: E731
    endpoint.clock.now = NOON + timedelta(hours=12, minutes=5)
    endpoint.ask(asked("t-1", "2026-11-21T23:59:58Z"))
    late = endpoint.ask(asked("t-2", "2026-11-22T00:00:01Z"))
    assert late.warned() == ["night_features_old"]
    from jobs.runtime.online_lookup import look_up
    from jobs.science.fraud.online import Payment

    third = Payment("t-3", "c 1", "p 1", int((NOON + timedelta(hours=12, seconds=9)).timestamp()), 1.0)
    known = look_up(endpoint.records, third, "t-3")
    assert known.past.occurred_s[-2:] == [third.occurred_s - 11, third.occurred_s - 8]
