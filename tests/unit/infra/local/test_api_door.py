"""The door of an HTTP API hands requests on as API Gateway does, payload format 2.0."""

import base64
import json
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from infra.local.api_door import ApiDoor, event_of
from infra.local.deployment import ROOT
from jobs.errors import BadEnvironment

EXAMPLE: dict[str, Any] = json.loads((ROOT / "events" / "fraud_api.json").read_text())


def _request(body: bytes = b"{}", content_type: str = "application/json", **others: Any) -> Request:
    return Request(EnvironBuilder(method="POST", data=body, content_type=content_type, **others).get_environ())


def test_an_event_has_the_fields_of_the_example() -> None:
    found = event_of(_request(path="/v1/fraud-scores", headers={"Idempotency-Key": "k"}), "a1")
    assert set(found) == set(EXAMPLE)
    assert set(found["requestContext"]) == set(EXAMPLE["requestContext"])
    assert set(found["requestContext"]["http"]) == set(EXAMPLE["requestContext"]["http"])
    assert found["headers"]["idempotency-key"] == "k", "names are in small letters"
    assert (found["body"], found["isBase64Encoded"], found["routeKey"]) == ("{}", False, "POST /v1/fraud-scores")


@pytest.mark.parametrize(
    ("content_type", "encoded"),
    [("application/json", False), ("application/problem+json", False), ("text/plain", False), ("image/png", True)],
)
def test_what_is_no_text_travels_in_base64(content_type: str, encoded: bool) -> None:
    found = event_of(_request(b"\x00\xff" if encoded else b"{}", content_type), "a1")
    assert found["isBase64Encoded"] == encoded
    if encoded:
        assert base64.b64decode(found["body"]) == b"\x00\xff"


def test_a_request_without_a_body_has_none() -> None:
    assert "body" not in event_of(Request(EnvironBuilder(path="/openapi.json").get_environ()), "a1")


class _Apis:
    """An HTTP API of one route, whose integration may be absent."""

    def __init__(self, integrations: list[dict[str, str]]) -> None:
        self._integrations = integrations

    def get_integrations(self, ApiId: str) -> dict[str, Any]:
        return {"Items": self._integrations}

    def get_routes(self, ApiId: str) -> dict[str, Any]:
        return {"Items": [{"RouteKey": "GET /a", "Target": "integrations/i"}]}


def test_a_route_that_leads_nowhere_is_named() -> None:
    with pytest.raises(BadEnvironment, match="route GET /a of a1 leads to integrations/i"):
        ApiDoor(lambda service: _Apis([]), "a1")
