"""What a campaign file declares where its offers are a catalogue: how each customer's few candidates are chosen."""

from typing import Annotated

from pydantic import Field

from jobs.runtime.campaign_limits import Section
from jobs.runtime.chain import CANDIDATE_DAYS


class CandidateRule(Section):
    """How a customer's candidates are chosen from the catalogue, and what an arm's effect is at each of them."""

    most: Annotated[int, Field(ge=1, le=64)] = Field(
        default=20, description="offers of the catalogue that a customer is considered for, at most"
    )
    days: Annotated[int, Field(ge=1, le=CANDIDATE_DAYS)] = Field(
        default=CANDIDATE_DAYS, description="days of purchases that are looked at, the night's own date included"
    )
    prior_purchases: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        default=10.0, description="purchases that popularity counts for beside a customer's own"
    )
    strength: Annotated[float, Field(ge=-1, le=1)] = Field(
        default=0.0,
        description="elasticity of an effect to affinity, in [-1, 1]; 0: an arm is worth the same at all its offers",
    )
    most_times: Annotated[float, Field(ge=1, allow_inf_nan=False)] = Field(
        default=2.0, description="most that affinity multiplies an effect by"
    )
