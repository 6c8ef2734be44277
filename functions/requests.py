"""A request's body read as the model that it must be, or a problem that names every field at fault."""

from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from functions.problem import Problem

_MOST_ERRORS = 20

ModelT = TypeVar("ModelT", bound=BaseModel)


class FieldError(BaseModel):
    """A field at fault."""

    field: str = Field(description="name; of a field within another one, both joined by a dot")
    detail: str = Field(description="what is wrong with its value")


class ProblemDetails(BaseModel):
    """Why a request got no answer (RFC 9457)."""

    type: str = Field(description="stable name of the kind of problem")
    title: str = Field(description="the kind of problem in words")
    status: int = Field(description="HTTP status")
    detail: str = Field(description="what is wrong with this request, and what to do")
    errors: list[FieldError] = Field(default=[], description="fields at fault")


def read_body(model: type[ModelT], body: str | None, most_bytes: int, what: str) -> ModelT:
    """Read and check a body.

    Parameters
    ----------
    model : type of BaseModel
        What it must be.
    body : str or None
        JSON.
    most_bytes : int
        Characters that it may have.
    what : str
        What is sent, in words: "a payment".

    Raises
    ------
    Problem
        If it is too large, no JSON, or breaks a rule; every field at fault is named.
    """
    if body is None or not body.strip():
        raise Problem("not-json", f"the body is empty: send {what}, as GET /openapi.json describes it.")
    if len(body) > most_bytes:
        raise Problem("too-large", f"the body has {len(body):,} characters: send at most {most_bytes:,}.")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _problem(error) from None


def _problem(error: ValidationError) -> Problem:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        return Problem("not-json", f"{found[0]['msg']}: send one JSON object, as GET /openapi.json describes it.")
    # A list without its bad items is too short: of the two, the item is at fault.
    found = [e for e in found if not any(e["loc"] == o["loc"][: len(e["loc"])] for o in found if o is not e)]
    errors = tuple((".".join(map(str, e["loc"])) or "body", _words(e["msg"])) for e in found[:_MOST_ERRORS])
    name, detail = errors[0]
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return Problem("not-allowed", f"{name}: {detail}{more}: correct it and ask again.", errors)


def _words(message: str) -> str:
    return message[:1].lower() + message[1:]
