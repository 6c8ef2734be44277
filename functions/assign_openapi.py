"""The OpenAPI document of the assignment endpoint."""

from functools import cache

from functions.assign_messages import AssignmentAnswer, AssignmentRequest
from functions.openapi import Operation, document_of

ASSIGNMENTS_PATH = "/v1/assignments"
"""Units are sent in the body: what stands in an address is written into logs on its way."""


@cache
def document() -> str:
    """Return the document as JSON."""
    return document_of(
        "netlift assignments",
        "Which arm of an experiment a unit is in. The same unit gets the same answer; nothing is written.",
        Operation(
            ASSIGNMENTS_PATH,
            "assignUnits",
            "Tell the arms of one to a hundred units of an experiment",
            AssignmentRequest,
            AssignmentAnswer,
            "the arms",
            ("not-json", "unknown-experiment", "too-large", "not-allowed", "failed", "unavailable"),
        ),
    )
