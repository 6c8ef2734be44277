"""A campaign is one TOML file: its trial, its features, its arms, its budget, its limits."""

from datetime import date
from typing import Annotated, Literal, Self

import pyarrow as pa
from pydantic import Field, model_validator

from jobs.errors import BadCampaign, ObjectMissing, UnknownCampaign
from jobs.runtime.campaign_candidates import CandidateRule
from jobs.runtime.campaign_limits import (
    Currency,
    Euro,
    Exploration,
    Name,
    PartnerBudget,
    PartnerRiskLimit,
    Section,
    Window,
    parse,
    require_once,
)
from jobs.runtime.layout import campaign_ids, campaign_key
from jobs.storage.objects import Objects
from jobs.tables.declare import Column, Table

Share = Annotated[float, Field(ge=0, lt=1)]


class Feature(Section):
    """A feature of a customer, known before any contact."""

    name: Name = Field(description="column in the customers and trial files")
    type: Literal["number", "category"] = Field(description="number or category")
    unit: str = Field(default="", description="unit of a number: euro, days, count")

    @property
    def column(self) -> Column:
        """The feature as a declared column; a missing value is allowed."""
        kind = pa.float64() if self.type == "number" else pa.string()
        return Column(self.name, kind, self.unit, "feature declared by a campaign", nullable=True)


class Arm(Section):
    """An offer at a contact window."""

    name: Name = Field(description="value of the trial's arm column")
    offer: str = Field(default="", description="what the customer gets")
    partner_id: str = Field(default="", description="merchant partner of the offer")
    contact_window: str = Field(default="", description="when to make contact")
    contact_cost_eur: Euro = Field(default=0.0, description="euro a contact, paid from the budget")
    cap: Annotated[int, Field(ge=0)] | None = Field(default=None, description="customers at most in a night")
    minimum: Annotated[int, Field(ge=0)] = Field(
        default=0, description="customers at least in a night, as was committed to; also where that costs money"
    )
    expires_on: date | None = Field(default=None, description="last day on which the offer may be made or used")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.cap is not None and self.cap < self.minimum:
            raise ValueError(f"arm {self.name!r} has a cap of {self.cap} below its minimum of {self.minimum}")
        return self


class Source(Section):
    """How a team's own file becomes the campaign's trial and its customers."""

    file: Name = Field(description="name of the CSV or Parquet file in the data folder")
    unit: str | None = Field(default=None, description="column that names the customer; none: the row's number")
    account_modulo: int | None = Field(
        default=None, ge=1, description="the row's number modulo this is the account whose payments are known"
    )
    arm: Name = Field(description="column with the arm")
    outcome: Name = Field(description="column with the outcome")
    propensity: str | None = Field(default=None, description="column with the arm's probability; none: equal shares")


class Campaign(Section):
    """A campaign: everything that is the marketing team's to decide."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")] = Field(description="short name, used in paths")
    owner: Name = Field(description="who answers for it")
    control: Name = Field(description="value of the arm column that got nothing")
    outcome: Name = Field(default="net_margin_eur", description="trial column that is judged")
    unit_margin_eur: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        default=1.0, description="euro of net margin per unit of the outcome"
    )
    outcome_window_days: Annotated[int, Field(ge=1)] = Field(default=14, description="days until an outcome is final")
    currency: Currency = Field(default="EUR", description="currency of every amount; no other is taken")
    budget_eur: Euro = Field(description="euro that contacts may cost in a night")
    minimum_value_eur: Euro | None = Field(
        default=None, description="euro of net margin that an offer must be expected to bring, minimums or not"
    )
    suppress_negative: bool = Field(
        default=True, description="never offer an arm whose effect on the customer is negative beyond doubt"
    )
    calibrate: bool = Field(
        default=True, description="whether what its holdout measured multiplies the effects of the next night"
    )
    expiry_days: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="days after the night that an offer holds; an arm's expires_on may end it first"
    )
    holdout_share: Share = Field(default=0.05, description="share that never gets an offer, in [0, 1)")
    fraud_limit: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="fraud probability above which a customer gets nothing"
    )
    fraud_loss_eur: Euro = Field(description="euro lost when the purchase of a contacted customer is fraud")
    only_segments: Annotated[tuple[Name, ...], Field(strict=False)] = Field(
        default=(), description="names of the segments whose customers may get an offer; none: those of all"
    )
    not_segments: Annotated[tuple[Name, ...], Field(strict=False)] = Field(
        default=(), description="names of segments whose customers get no offer"
    )
    partner_risk: PartnerRiskLimit | None = Field(default=None, description="what becomes of offers at risky partners")
    partners: Annotated[tuple[PartnerBudget, ...], Field(strict=False)] = Field(
        default=(), description="what merchant partners pay for contacts of this campaign in a night"
    )
    windows: Annotated[tuple[Window, ...], Field(strict=False)] = Field(
        default=(), description="how many contacts of this campaign a window has room for in a night"
    )
    exploration: Exploration | None = Field(default=None, description="how some choices are drawn, to learn from them")
    candidates: CandidateRule | None = Field(
        default=None,
        description="that the offers of the arms are those of a catalogue, and how each customer's are chosen",
    )
    features: Annotated[tuple[Feature, ...], Field(min_length=1, strict=False)]
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, strict=False)]
    source: Source | None = Field(default=None, description="the team's own file, where there is one")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [arm.name for arm in self.arms]
        if self.control in names:
            raise ValueError(f"control {self.control!r} is also an arm: take it out of [[arms]]")
        require_once("arm", names)
        require_once("feature", [f.name for f in self.features])
        require_once("partner", [p.partner_id for p in self.partners])
        require_once("window", [w.name for w in self.windows])
        if self.candidates is not None:
            self._leaves_offers_to_the_catalogue(self.candidates)
        both = sorted({*self.only_segments} & {*self.not_segments})
        if both:
            raise ValueError(f"segment {both[0]!r} is in only_segments and in not_segments: take it out of one")
        for what, named, known in (
            ("partner", [p.partner_id for p in self.partners], {arm.partner_id for arm in self.arms}),
            ("window", [w.name for w in self.windows], {arm.contact_window for arm in self.arms}),
        ):
            of_no_arm = [name for name in named if name not in known]
            if of_no_arm:
                raise ValueError(f"{what} {of_no_arm[0]!r} is that of no arm: correct its name or take it out")
        return self

    def _leaves_offers_to_the_catalogue(self, rule: CandidateRule) -> None:
        for arm in self.arms:
            said = [name for name in ("offer", "partner_id", "expires_on") if getattr(arm, name)]
            if said:
                raise ValueError(f"arm {arm.name!r} has {said[0]}, which its offers in the catalogue have: take it out")
        if self.partners:
            raise ValueError("partners stand in the catalogue: give their budgets there as partner_budget_eur")
        if rule.most < len(self.arms):
            raise ValueError(f"candidates.most is {rule.most}, must be at least the {len(self.arms)} arms")

    @property
    def model_kind(self) -> str:
        """Kind under which the campaign's models are registered."""
        return f"uplift-{self.id}"

    def customers(self, table: Table) -> Table:
        """Return a table extended with the campaign's features."""
        return table.extended(f.column for f in self.features)

    def trial(self, table: Table) -> Table:
        """Return the trial table with the campaign's features and its outcome."""
        outcome = Column(self.outcome, pa.float64(), "unit of the outcome", "outcome declared by a campaign")
        return table.extended([*(f.column for f in self.features), outcome])


def parse_campaign(text: str, file: str) -> Campaign:
    """Read a campaign file.

    Parameters
    ----------
    text : str
        Contents of the file, TOML.
    file : str
        Its name, for the message.

    Raises
    ------
    BadCampaign
        If it is not TOML, or a field is missing, unknown or out of range; the message names the field.

    Examples
    --------
    >>> parse_campaign("id = 3", "spring.toml")
    Traceback (most recent call last):
    jobs.errors.BadCampaign: spring.toml, field 'id': Input should be a valid string (value 3); correct the file.
    """
    return parse(Campaign, text, file)


def read_campaign(objects: Objects, campaign_id: str) -> Campaign:
    """Read the campaign called `campaign_id` from the objects.

    Raises
    ------
    UnknownCampaign
        If it has no file.
    BadCampaign
        If the file does not say what it must.
    """
    key = campaign_key(campaign_id)
    try:
        body = objects.get(key)
    except ObjectMissing as error:
        known = ", ".join(campaign_ids(objects)) or "none"
        raise UnknownCampaign(
            f"campaign {campaign_id!r} has no file {objects.uri}/{key} (known: {known}); write it or correct the name."
        ) from error
    campaign = parse_campaign(body.decode(), key)
    if campaign.id != campaign_id:
        raise BadCampaign(f"{key}, field 'id': is {campaign.id!r}, must be {campaign_id!r} as the file's name says.")
    return campaign
