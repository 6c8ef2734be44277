"""What the assignment endpoint is asked and what it answers, with the rules that a value must keep."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from functions.requests import read_body

MOST_UNITS = 100
MOST_BODY_BYTES = 65_536
"""A body is at most so long; a hundred units with their strata need some 12,000 bytes."""

Id = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
Status = Literal["in", "held_back", "outside", "not_started", "ended"]


class AskedUnit(BaseModel):
    """A unit whose arm is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    unit_id: Id = Field(description="the unit, as the experiment draws it: a customer, or a household")
    stratum: Id | None = Field(
        default=None, description="its stratum, where shares differ by one; null where it has none"
    )


class AssignmentRequest(BaseModel):
    """Units of an experiment whose arms are asked for."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    experiment_id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")] = Field(description="which experiment")
    units: Annotated[tuple[AskedUnit, ...], Field(min_length=1, max_length=MOST_UNITS, strict=False)] = Field(
        description="one unit or several; answered in the same order"
    )


class Assigned(BaseModel):
    """What a unit gets."""

    unit_id: str = Field(description="the unit, as it was asked")
    status: Status = Field(description="in an arm, or why not")
    arm: str | None = Field(description="arm; null where the unit is in none: treat it as if there were no experiment")
    propensity: float | None = Field(description="probability of the arm among those who are in; null without one")
    words: str = Field(description="the status for people")


class AssignmentAnswer(BaseModel):
    """The arms of units, and what they were drawn by."""

    experiment_id: str = Field(description="which experiment")
    as_of: date = Field(description="day that the answer is for; UTC")
    unit: str | None = Field(description="column of customers that is drawn; null of an experiment not started")
    salt: str | None = Field(description="salt of the draw; null of an experiment not started")
    version: int | None = Field(description="version of the rule; null of an experiment not started")
    assignments: list[Assigned] = Field(description="in the order of the units")


def read_request(body: str | None) -> AssignmentRequest:
    """Read and check a request; failures are those of :func:`functions.requests.read_body`."""
    return read_body(AssignmentRequest, body, MOST_BODY_BYTES, "an experiment and its units")
