"""The endpoints of template.yaml deployed here: a night writes what it reads, HTTP on the loopback is answered."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from functions import assign_openapi
from infra.local.api_door import ApiDoor
from infra.local.cloud import LocalCloud
from infra.local.deploy_stack import Stack
from infra.local.emulator import why_no_emulator
from infra.local.load import load_world
from jobs.assign_treatment import AssignTreatment, assign_treatment
from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.runtime.layout import experiment_key
from jobs.runtime.online_layout import NIGHT
from jobs.runtime.stores import Stores, open_stores
from jobs.science.synthetic import World
from jobs.tables.outputs import ASSIGNMENTS
from tests.trained import rows_of
from tests.unit.experiments import ID, changed
from tests.unit.functions.endpoints import Answered, hold_to_document
from tests.unit.functions.online_worlds import small_model

CUSTOMERS = 300
NOW = datetime.now(UTC)
YESTERDAY = NOW.date() - timedelta(days=1)


class Till:
    """Asks the endpoint by HTTP."""

    def __init__(self, door: ApiDoor) -> None:
        self._where = urlsplit(door.url)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answered:
        connection = HTTPConnection(str(self._where.hostname), self._where.port, timeout=60)
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, sent, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        read = Answered(answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read().decode())
        connection.close()
        return read

    def score(self, payment: dict[str, Any], **headers: str) -> Answered:
        answered = self.ask("POST", "/v1/fraud-scores", payment, **headers)
        hold_to_document({"method": "POST", "path": "/v1/fraud-scores"}, answered)
        return answered


@pytest.fixture(scope="module")
def stack(local_cloud: LocalCloud) -> Iterator[Stack]:
    with Stack(local_cloud, "fraud") as deployed, deployed.applied():
        yield deployed


@pytest.fixture(scope="module")
def stores(stack: Stack) -> Stores:
    """A world whose night is of yesterday, run by this process; its online records are the stack's own."""
    opened = open_stores({**stack.home.environment(), "NETLIFT_ONLINE": f"dynamodb://{_table(stack)}"})
    world = World(3, CUSTOMERS, YESTERDAY, days=50)
    load_world(world, opened.objects, CUSTOMERS)
    report = build_fraud_features(BuildFraudFeatures(YESTERDAY), opened)
    assert report.details["online_as_of"] == str(NOW.date())
    assert report.details["online_written"] == report.details["online_customers"] + report.details["online_partners"]
    version = opened.models.register("fraud", small_model().to_files(), {"about": "a test"})
    opened.models.promote("fraud", version, "a test", "the first one")
    return opened


@pytest.fixture(scope="module")
def till(stack: Stack, stores: Stores) -> Iterator[Till]:
    door = stack.api_door()
    door.start()
    yield Till(door)
    door.stop()


@pytest.fixture(scope="module")
def shop(stack: Stack, stores: Stores) -> Iterator[Till]:
    """The assignment endpoint, with an experiment that the night has frozen."""
    today = NOW.date()
    file = changed(("2026-11-01", str(YESTERDAY)), ("2026-11-28", str(today + timedelta(days=20))))
    stores.objects.put_if_absent(experiment_key(ID), file.encode())
    assign_treatment(AssignTreatment(YESTERDAY, ID), stores)
    door = stack.api_door(endpoint="Assign")
    door.start()
    yield Till(door)
    door.stop()


def _table(stack: Stack) -> str:
    return stack.outputs["OnlineFeaturesTable"]


def _payment(name: str, **others: Any) -> dict[str, Any]:
    ids = {"transaction_id": name, "customer_id": "somebody", "partner_id": "somewhere"}
    return {**ids, "occurred_at": datetime.now(UTC).isoformat(), "amount": 12.5, "currency": "EUR", **others}


def test_a_payment_is_scored_over_http_and_counted_in_dynamodb(till: Till, stack: Stack, stores: Stores) -> None:
    first = till.score(_payment("e-1"))
    assert first.status == 200, first.text
    assert first.warned()[:2] == ["customer_never_seen", "partner_never_seen"]
    assert first.body["model_version"] == stores.models.champion("fraud")
    second = till.score(_payment("e-2"))
    assert "customer_never_seen" not in second.warned(), "the payment before is known at once"
    assert stores.online is not None
    found = stores.online.read(["t/e-1", "t/e-2", NIGHT])
    assert set(found) == {"t/e-1", "t/e-2", NIGHT}
    assert found[NIGHT]["as_of"] == str(NOW.date())


def test_a_key_and_bad_input_are_answered_as_the_document_says(till: Till) -> None:
    payment = _payment("e-3")
    key = {"Idempotency-Key": "e2e"}
    first, again = till.score(payment, **key), till.score(payment, **key)
    assert (first.status, first.text) == (200, again.text)
    assert till.score({**payment, "amount": 1}, **key).status == 422
    assert till.score({**payment, "amount": -1}).at_fault() == ["amount"]
    assert till.ask("POST", "/v1/fraud-scores", b"{").status == 400
    assert till.ask("POST", "/v1/fraud-scores", b'"' + b"x" * 1_000_000 + b'"').status == 413
    assert till.ask("POST", "/v1/fraud-scores", b"x" * 10_000_001).status == 413
    served = till.ask("GET", "/openapi.json")
    assert served.body["openapi"] == "3.1.0"
    assert till.ask("GET", "/v1/elsewhere").status == 404


def test_the_same_state_again_writes_nothing(stack: Stack, stores: Stores) -> None:
    """The same state again, as a run has it whose process died before its report."""
    from jobs.runtime.online_night import write_online

    assert stores.online is not None
    prefix = str(stores.online.read([NIGHT])[NIGHT]["state"])
    assert write_online(stores.online, stores.objects, prefix)["online_written"] == 0
    items = boto3.client("dynamodb").scan(TableName=_table(stack), Select="COUNT")["Count"]
    assert items > CUSTOMERS


def test_the_example_of_events_reaches_the_function_itself(stack: Stack, stores: Stores) -> None:
    """Its moment is long past, or to come: the function says so by the field's name."""
    body = (Path(__file__).resolve().parents[2] / "events" / "fraud_api.json").read_bytes()
    answer = boto3.client("lambda").invoke(FunctionName="netlift-fraud-fraud-api", Payload=body)
    payload = json.load(answer["Payload"])
    assert "FunctionError" not in answer, payload
    assert payload["statusCode"] in {200, 422}


def test_the_assignment_endpoint_tells_what_the_night_wrote(shop: Till, stores: Stores) -> None:
    rows = rows_of(stores, ASSIGNMENTS, experiment_id=ID).to_pylist()[:100]
    asked = {"experiment_id": ID, "units": [{"unit_id": row["customer_id"]} for row in rows]}
    answered = shop.ask("POST", "/v1/assignments", asked)
    assert answered.status == 200, answered.text
    hold_to_document({"method": "POST", "path": "/v1/assignments"}, answered, json.loads(assign_openapi.document()))
    told = [(a["unit_id"], a["arm"], a["propensity"]) for a in answered.body["assignments"]]
    assert told == [(row["customer_id"], row["arm"], row["propensity"]) for row in rows]
    assert shop.ask("POST", "/v1/assignments", {**asked, "experiment_id": "winter"}).status == 404
    assert shop.ask("GET", "/openapi.json").body["info"]["title"] == "netlift assignments"


@pytest.mark.long
def test_on_the_emulator_it_answers_with_the_libraries_of_its_own_package_alone() -> None:
    """AWS's runtime, and an environment that holds the scoring zip's libraries: a model is loaded, and scores."""
    reason = why_no_emulator()
    if reason:
        pytest.skip(f"SKIPPED FOR WANT OF THE EMULATOR: {reason}")
    with LocalCloud(functions="emulator") as cloud, Stack(cloud, "rie") as stack, stack.applied():
        address = f"dynamodb://{stack.outputs['OnlineFeaturesTable']}"
        opened = open_stores({**stack.home.environment(), "NETLIFT_ONLINE": address})
        door = stack.api_door()
        door.start()
        try:
            till = Till(door)
            assert till.score(_payment("r-1")).warned() == ["model_unavailable"]
            load_world(World(3, 100, YESTERDAY, days=50), opened.objects, 100)
            build_fraud_features(BuildFraudFeatures(YESTERDAY), opened)
            version = opened.models.register("fraud", small_model().to_files(), {"about": "a test"})
            opened.models.promote("fraud", version, "a test", "the first one")
            answered = till.score(_payment("r-2", amount=900.0))
            assert answered.body["model_version"] == version, answered.text
            assert answered.body["reasons"], "Shapley values need no more than LightGBM's library"
            assert till.ask("GET", "/openapi.json").status == 200
        finally:
            door.stop()
        arms = stack.api_door(endpoint="Assign")
        arms.start()
        try:
            file = changed(("2026-11-01", str(YESTERDAY)), ("2026-11-28", str(NOW.date() + timedelta(days=20))))
            opened.objects.put_if_absent(experiment_key(ID), file.encode())
            asked = {"experiment_id": ID, "units": [{"unit_id": "c1"}]}
            [before] = Till(arms).ask("POST", "/v1/assignments", asked).body["assignments"]
            assert before["status"] == "not_started", "no run has frozen the file yet"
        finally:
            arms.stop()
