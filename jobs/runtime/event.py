"""Fields of a Lambda event, held to their type."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from jobs.errors import BadRequest

T = TypeVar("T", str, int)


def field(event: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """Return a field of an event.

    Raises
    ------
    BadRequest
        If it is missing or of another type.
    """
    value = event.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BadRequest(f"the event's {name!r} is {value!r}, must be {kind.__name__}: see the examples in events/.")
    return value


def day(text: str, name: str) -> date:
    """Return a day that a field of an event holds.

    Raises
    ------
    BadRequest
        If it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(f"the event's {name!r} is {text!r}, must be a day such as 2026-11-21.") from error
