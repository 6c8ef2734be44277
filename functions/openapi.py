"""The OpenAPI 3.1 document of an HTTP door, made of the very models that requests and answers are held to."""

import json
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from functions.problem import MEDIA_TYPE, TITLES
from functions.requests import ProblemDetails

DOCUMENT_PATH = "/openapi.json"

_SCHEMAS = "#/components/schemas/{model}"


@dataclass(frozen=True)
class Operation:
    """What a door does.

    Parameters
    ----------
    path : str
        Its address, which takes POST.
    name, summary : str
        The operation's id, and what it does in a line.
    request, answer : type of BaseModel
        What is sent, and what comes back with status 200.
    answer_words : str
        What comes back, in words.
    problems : tuple of str
        Kinds of problems that may come back instead.
    parameters : list of dict
        Headers, as OpenAPI has them.
    """

    path: str
    name: str
    summary: str
    request: type[BaseModel]
    answer: type[BaseModel]
    answer_words: str
    problems: tuple[str, ...]
    parameters: list[dict[str, Any]] = field(default_factory=list)


def document_of(title: str, description: str, does: Operation) -> str:
    """Return the document of a door as JSON.

    Parameters
    ----------
    title, description : str
        What the door is.
    does : Operation
        What it does, beside describing itself.
    """
    _, made = models_json_schema(
        [(does.request, "validation"), (does.answer, "serialization"), (ProblemDetails, "serialization")],
        ref_template=_SCHEMAS,
    )
    ask = {
        "operationId": does.name,
        "summary": does.summary,
        "security": [{"sigv4": []}],
        "parameters": does.parameters,
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref(does.request)}}},
        "responses": {
            "200": _response(does.answer_words, does.answer, "application/json"),
            **_problems(does.problems),
        },
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
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {
                "title": title,
                "version": _version(),
                "description": description,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": {does.path: {"post": ask}, DOCUMENT_PATH: {"get": tell}},
            "components": {"schemas": made["$defs"], "securitySchemes": {"sigv4": signed}},
        }
    )


def _problems(kinds: tuple[str, ...]) -> dict[str, Any]:
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        status, title = TITLES[kind]
        titles.setdefault(status, []).append(title)
    return {str(s): _response(" or: ".join(titles[s]), ProblemDetails, MEDIA_TYPE) for s in sorted(titles)}


def _response(description: str, model: type[BaseModel], media_type: str) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": _ref(model)}}}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _SCHEMAS.format(model=model.__name__)}


def _version() -> str:
    try:
        return version("netlift")
    except PackageNotFoundError:
        # A zip holds the code and not the distribution's own record.
        return "1"
