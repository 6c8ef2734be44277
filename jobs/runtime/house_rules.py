"""House rules: a TOML file of what holds for all campaigns of a night together; without it nothing does."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from jobs.errors import ObjectMissing
from jobs.runtime.campaign_limits import Currency, PartnerBudget, Section, Window, parse, require_once
from jobs.runtime.chain import CONTACT_DAYS
from jobs.runtime.layout import HOUSE_RULES_KEY
from jobs.storage.objects import Objects


class Contacts(Section):
    """How often a customer may be contacted, by all campaigns together."""

    most: Annotated[int, Field(ge=0)] = Field(description="contacts of a customer at most within the days")
    days: Annotated[int, Field(ge=1, le=CONTACT_DAYS)] = Field(
        description="days over which contacts are counted, the night's own date included"
    )


class HouseRules(Section):
    """What holds for all campaigns of a night together."""

    currency: Currency = Field(default="EUR", description="currency of every amount; no other is taken")
    contacts: Contacts | None = Field(default=None, description="limit of contacts a customer; none: no limit")
    partners: Annotated[tuple[PartnerBudget, ...], Field(strict=False)] = Field(
        default=(), description="what merchant partners pay for contacts of all campaigns together in a night"
    )
    windows: Annotated[tuple[Window, ...], Field(strict=False)] = Field(
        default=(), description="how many contacts of all campaigns together a window has room for in a night"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_once("partner", [p.partner_id for p in self.partners])
        require_once("window", [w.name for w in self.windows])
        return self


def read_house_rules(objects: Objects) -> HouseRules:
    """Read the house rules; those of a house that wrote none limit nothing.

    Raises
    ------
    BadCampaign
        If the file does not say what it must.
    """
    try:
        body = objects.get(HOUSE_RULES_KEY)
    except ObjectMissing:
        return HouseRules()
    return parse(HouseRules, body.decode(), HOUSE_RULES_KEY)
