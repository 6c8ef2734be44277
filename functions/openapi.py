"""The OpenAPI 3.1 document of the fraud endpoint, made of the very models that requests and answers are held to."""

import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic.json_schema import models_json_schema

from functions.fraud_messages import FraudAnswer, FraudRequest, ProblemDetails
from functions.once import MOST_KEY_CHARACTERS
from functions.problem import MEDIA_TYPE, TITLES

SCORES_PATH = "/v1/fraud-scores"
DOCUMENT_PATH = "/openapi.json"

_SCHEMAS = "#/components/schemas/{model}"
_OF_SCORES = (400, 409, 413, 422, 500, 503)


@cache
def document() -> str:
    """Return the document as JSON."""
    return json.dumps(_document())


def _document() -> dict[str, Any]:
    _, made = models_json_schema(
        [(FraudRequest, "validation"), (FraudAnswer, "serialization"), (ProblemDetails, "serialization")],
        ref_template=_SCHEMAS,
    )
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "the same request under the same key gets the same answer for a day",
        "schema": {"type": "string", "minLength": 1, "maxLength": MOST_KEY_CHARACTERS},
    }
    ask = {
        "operationId": "scorePayment",
        "summary": "Score a payment for fraud while it waits",
        "security": [{"sigv4": []}],
        "parameters": [key],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("FraudRequest")}}},
        "responses": {"200": _response("the assessment", "FraudAnswer", "application/json"), **_problems(_OF_SCORES)},
    }
    tell = {
        "operationId": "describe",
        "summary": "This document",
        "security": [{"sigv4": []}],
        "responses": {
            "200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}
        },
    }
    signed = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "description": "AWS Signature Version 4 of the service execute-api",
        "x-amazon-apigateway-authtype": "awsSigv4",
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "netlift fraud scores",
            "version": _version(),
            "description": "What a payment's risk is, and what to do with it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {SCORES_PATH: {"post": ask}, DOCUMENT_PATH: {"get": tell}},
        "components": {"schemas": made["$defs"], "securitySchemes": {"sigv4": signed}},
    }


def _problems(statuses: tuple[int, ...]) -> dict[str, Any]:
    titles = {status: " or: ".join(t for s, t in TITLES.values() if s == status) for status in statuses}
    return {str(status): _response(titles[status], "ProblemDetails", MEDIA_TYPE) for status in statuses}


def _response(description: str, model: str, media_type: str) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": _ref(model)}}}


def _ref(model: str) -> dict[str, str]:
    return {"$ref": _SCHEMAS.format(model=model)}


def _version() -> str:
    try:
        return version("netlift")
    except PackageNotFoundError:
        # A zip holds the code and not the distribution's own record.
        return "1"
