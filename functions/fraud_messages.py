"""What the fraud endpoint is asked and what it answers, with the rules that a value must keep."""

import math
from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from functions.requests import read_body
from jobs.science.fraud.online import Payment

MOST_BODY_BYTES = 16_384
"""A body is at most so long; a payment needs some 300 bytes."""

_ID = r"^[^\x00-\x1f\x7f]+$"

Id = Annotated[str, Field(min_length=1, max_length=128, pattern=_ID)]
Amount = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]


class FraudRequest(BaseModel):
    """A payment that waits for its score."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    transaction_id: Id = Field(description="which payment; the same id again is the same payment, counted once")
    customer_id: Id = Field(description="whose payment")
    partner_id: Id = Field(description="merchant partner that is paid")
    occurred_at: AwareDatetime = Field(description="moment of the payment, RFC 3339 with its offset from UTC")
    amount: Amount = Field(description="amount in the unit of the currency")
    currency: Literal["EUR"] = Field(description="ISO 4217 code; models are trained on euro")

    def payment(self) -> Payment:
        """Return the payment as features are made of it."""
        occurred_s = math.floor(self.occurred_at.timestamp())
        return Payment(self.transaction_id, self.customer_id, self.partner_id, occurred_s, self.amount)


class Said(BaseModel):
    """Something that is said in a stable code and in words."""

    code: str = Field(description="stable name", pattern="^[a-z][a-z0-9_]*$")
    words: str = Field(description="the same for people, with this payment's own figures")


class FraudAnswer(BaseModel):
    """A payment's score and what to do with it."""

    id: str = Field(description="name of this answer, for questions about it")
    transaction_id: str = Field(description="which payment, as it was asked")
    score: int | None = Field(description="probability of fraud in thousandths; null where not assessed", ge=0, le=1000)
    probability: float | None = Field(description="calibrated probability; null where not assessed", ge=0, le=1)
    level: Literal["low", "medium", "high"] | None = Field(description="the score in a word; null where not assessed")
    outcome: Literal["approve", "review", "decline", "not_assessed"] = Field(description="what to do with the payment")
    reasons: list[Said] = Field(description="what raised the odds, the strongest first; where it is not approved")
    warnings: list[Said] = Field(description="what the score did not know, or why there is none")
    model_version: str | None = Field(description="model that scored; null where not assessed")
    policy_version: str = Field(description="rules that chose the outcome, and what is done without a score")
    features_as_of: date | None = Field(description="day at whose start the night's features were known; UTC")


def read_request(body: str | None) -> FraudRequest:
    """Read and check a payment; failures are those of :func:`functions.requests.read_body`."""
    return read_body(FraudRequest, body, MOST_BODY_BYTES, "a payment")
