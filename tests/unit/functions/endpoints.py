"""The fraud endpoint over a folder, at noon of a crowded day; every answer is held to the served document."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from functions import fraud_api
from functions.fraud_openapi import document
from jobs.runtime.home import open_home
from jobs.science.fraud.score import FraudScorer
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.models import ModelStore
from jobs.storage.online import OnlineRecords, open_online
from tests.clock import Clock
from tests.unit.functions.online_worlds import DAY, MIDNIGHT, History, small_model

EVENTS = Path(__file__).resolve().parents[3] / "events"
DOCUMENT: dict[str, Any] = json.loads(document())
NOON = MIDNIGHT + timedelta(hours=12)


def event(name: str) -> dict[str, Any]:
    """Read an example of events/."""
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


@dataclass
class Answered:
    """What the handler answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found

    def warned(self) -> list[str]:
        return [warning["code"] for warning in self.body["warnings"]]

    def at_fault(self) -> list[str]:
        return [error["field"] for error in self.body.get("errors", [])]


class Endpoint:
    """The handler, asked as API Gateway asks it."""

    def __init__(self, folder: Path, clock: Clock, history: History, scorer: FraudScorer | None = None) -> None:
        self.folder, self.clock, self.history = folder, clock, history
        self.scorer = scorer or small_model()
        self.environment = {
            "NETLIFT_HOME": str(folder / "home"),
            "NETLIFT_ONLINE": str(folder / "online"),
            "NETLIFT_ANSWERS": str(folder / "answers"),
        }
        self.reopen()

    @property
    def models(self) -> ModelStore:
        return open_home(self.environment, self.clock).models

    @property
    def records(self) -> OnlineRecords:
        return open_online(self.environment["NETLIFT_ONLINE"], self.clock)

    def reopen(self, **environment: str) -> None:
        """Begin anew, as a cold start does."""
        self.environment |= environment
        self.door = fraud_api.open_door(self.environment, self.clock)

    def promote(self, scorer: FraudScorer | None = None) -> str:
        version = self.models.register("fraud", (scorer or self.scorer).to_files(), {"about": "a test"})
        self.models.promote("fraud", version, "a test", "it was asked for")
        return version

    def night(self, back: int = 0) -> None:
        day = DAY - timedelta(days=back)
        self.history.night(day, self.records, FolderObjects(self.folder / "objects"))

    def ask(self, body: Any, key: str | None = None, **others: Any) -> Answered:
        """Send a body, JSON unless it is text; without a key unless one is given."""
        asked = {**event("fraud_api"), "body": body if isinstance(body, str) else json.dumps(body), **others}
        asked["headers"] = {k: v for k, v in asked["headers"].items() if k != "idempotency-key"}
        if key is not None:
            asked["headers"]["idempotency-key"] = key
        return self.answer(asked)

    def answer(self, asked: dict[str, Any]) -> Answered:
        """Hand an event on, and hold the answer to the served document."""
        said = fraud_api.handler(asked, None)
        answered = Answered(said["statusCode"], flat(said), said["body"])
        hold_to_document(asked["requestContext"]["http"], answered)
        return answered

    def payment(self, **others: Any) -> dict[str, Any]:
        """The payment of events/fraud_api.json with other values."""
        return {**json.loads(event("fraud_api")["body"]), **others}


def hold_to_document(http: dict[str, Any], answered: Answered, document: dict[str, Any] = DOCUMENT) -> None:
    """Fail where an answer is not what GET /openapi.json says."""
    media = answered.headers["content-type"]
    operations = document["paths"].get(http["path"], {})
    operation = operations.get(http["method"].lower())
    if operation is None:
        schema: dict[str, Any] = {"$ref": "#/components/schemas/ProblemDetails"}
        assert answered.status in {404, 405}
    else:
        schema = operation["responses"][str(answered.status)]["content"][media]["schema"]
    Draft202012Validator({**schema, "components": document["components"]}).validate(answered.body)
    assert answered.status == 200 or (
        media == "application/problem+json" and answered.body["status"] == answered.status
    )
    assert "Traceback" not in answered.text


def flat(said: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in said.get("headers", {}).items()}


Opened = Callable[..., Endpoint]
