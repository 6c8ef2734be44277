"""What the tests of handlers share: the examples of events, and a context as Lambda gives it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).resolve().parents[3] / "events"


@dataclass(frozen=True)
class Context:
    """As much of Lambda's context as a handler may look at."""

    aws_request_id: str = "request-1"


def example(name: str, **values: Any) -> dict[str, Any]:
    """Return an example event; `values` replace those of its fields that a run decides."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    assert set(values) <= set(event), "an example shows every field"
    return {**event, **values}
