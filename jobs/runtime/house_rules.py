"""House rules: a TOML file of what holds for all campaigns of a night together; without it nothing does."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from jobs.errors import BadCampaign, ObjectMissing
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


class DriftLimit(Section):
    """From which stability index a variable of a model is watched and in alarm, where the usual ones do not fit."""

    kind: Annotated[str, Field(min_length=1)] = Field(description="kind of the model: fraud, or uplift-<campaign>")
    variable: Annotated[str, Field(min_length=1)] = Field(description="feature, or score")
    watch: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(description="index from which it is watched, nat")
    alarm: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(description="index from which it alarms, nat")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.watch > self.alarm:
            raise ValueError(f"watch {self.watch:g} is above alarm {self.alarm:g} of {self.variable!r}: exchange them")
        return self


class HouseHoldout(Section):
    """Who gets no offer of any campaign, and is in no experiment: what all of them together bring is held to them."""

    salt: Annotated[str, Field(pattern=r"^[^:]{1,80}$")] = Field(
        default="house", description="its name, no campaign's id; another name is another, independent holdout"
    )
    share: Annotated[float, Field(gt=0, lt=1)] = Field(description="share of all customers, in (0, 1)")


class HouseRules(Section):
    """What holds for all campaigns of a night together."""

    currency: Currency = Field(default="EUR", description="currency of every amount; no other is taken")
    holdout: HouseHoldout | None = Field(default=None, description="customers whom no campaign offers anything")
    contacts: Contacts | None = Field(default=None, description="limit of contacts a customer; none: no limit")
    partners: Annotated[tuple[PartnerBudget, ...], Field(strict=False)] = Field(
        default=(), description="what merchant partners pay for contacts of all campaigns together in a night"
    )
    windows: Annotated[tuple[Window, ...], Field(strict=False)] = Field(
        default=(), description="how many contacts of all campaigns together a window has room for in a night"
    )

    drift: Annotated[tuple[DriftLimit, ...], Field(strict=False)] = Field(
        default=(), description="thresholds of single variables, for the drift of every night"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_once("drift of a variable", [f"{d.kind}: {d.variable}" for d in self.drift])
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
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadCampaign(f"{HOUSE_RULES_KEY} is no text in UTF-8: {error}; correct the file.") from error
    return parse(HouseRules, text, HOUSE_RULES_KEY)
