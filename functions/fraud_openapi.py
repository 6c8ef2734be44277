"""The OpenAPI document of the fraud endpoint."""

from functools import cache

from functions.fraud_messages import FraudAnswer, FraudRequest
from functions.once import MOST_KEY_CHARACTERS
from functions.openapi import Operation, document_of

SCORES_PATH = "/v1/fraud-scores"


@cache
def document() -> str:
    """Return the document as JSON."""
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "the same request under the same key gets the same answer for a day",
        "schema": {"type": "string", "minLength": 1, "maxLength": MOST_KEY_CHARACTERS},
    }
    return document_of(
        "netlift fraud scores",
        "What a payment's risk is, and what to do with it.",
        Operation(
            SCORES_PATH,
            "scorePayment",
            "Score a payment for fraud while it waits",
            FraudRequest,
            FraudAnswer,
            "the assessment",
            ("not-json", "in-progress", "too-large", "not-allowed", "key-reused", "failed", "unavailable"),
            [key],
        ),
    )
