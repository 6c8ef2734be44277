"""A campaign is one TOML file: its trial, its features, its arms, its budget, its limits."""

import tomllib
from typing import Annotated, Any, Literal, Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from jobs.errors import BadCampaign, ObjectMissing, UnknownCampaign
from jobs.runtime.layout import campaign_ids, campaign_key
from jobs.storage.objects import Objects
from jobs.tables.declare import Column, Table

Share = Annotated[float, Field(ge=0, lt=1)]
Euro = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=80)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Feature(_Part):
    """A feature of a customer, known before any contact."""

    name: Name = Field(description="column in the customers and trial files")
    type: Literal["number", "category"] = Field(description="number or category")
    unit: str = Field(default="", description="unit of a number: euro, days, count")

    @property
    def column(self) -> Column:
        """The feature as a declared column; a missing value is allowed."""
        kind = pa.float64() if self.type == "number" else pa.string()
        return Column(self.name, kind, self.unit, "feature declared by a campaign", nullable=True)


class Arm(_Part):
    """An offer at a contact window."""

    name: Name = Field(description="value of the trial's arm column")
    offer: str = Field(default="", description="what the customer gets")
    partner_id: str = Field(default="", description="merchant partner of the offer")
    contact_window: str = Field(default="", description="when to make contact")
    contact_cost_eur: Euro = Field(default=0.0, description="euro a contact, paid from the budget")
    cap: Annotated[int, Field(ge=0)] | None = Field(default=None, description="customers at most")


class Source(_Part):
    """How a team's own file becomes the campaign's trial and its customers."""

    file: Name = Field(description="name of the CSV or Parquet file in the data folder")
    unit: str | None = Field(default=None, description="column that names the customer; none: the row's number")
    account_modulo: int | None = Field(
        default=None, ge=1, description="the row's number modulo this is the account whose payments are known"
    )
    arm: Name = Field(description="column with the arm")
    outcome: Name = Field(description="column with the outcome")
    propensity: str | None = Field(default=None, description="column with the arm's probability; none: equal shares")


class Campaign(_Part):
    """A campaign: everything that is the marketing team's to decide."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")] = Field(description="short name, used in paths")
    owner: Name = Field(description="who answers for it")
    control: Name = Field(description="value of the arm column that got nothing")
    outcome: Name = Field(default="net_margin_eur", description="trial column that is judged")
    unit_margin_eur: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        default=1.0, description="euro of net margin per unit of the outcome"
    )
    outcome_window_days: Annotated[int, Field(ge=1)] = Field(default=14, description="days until an outcome is final")
    budget_eur: Euro = Field(description="euro that contacts may cost in a night")
    holdout_share: Share = Field(default=0.05, description="share that never gets an offer, in [0, 1)")
    fraud_limit: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="fraud probability above which a customer gets nothing"
    )
    fraud_loss_eur: Euro = Field(description="euro lost when the purchase of a contacted customer is fraud")
    features: Annotated[tuple[Feature, ...], Field(min_length=1, strict=False)]
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, strict=False)]
    source: Source | None = Field(default=None, description="the team's own file, where there is one")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [arm.name for arm in self.arms]
        if self.control in names:
            raise ValueError(f"control {self.control!r} is also an arm: take it out of [[arms]]")
        for what, values in (("arm", names), ("feature", [f.name for f in self.features])):
            twice = sorted({v for v in values if values.count(v) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} is declared twice: keep one")
        return self

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
    try:
        return Campaign.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadCampaign(f"{file} is not TOML: {error}; correct the file.") from error
    except ValidationError as error:
        raise BadCampaign(_sentence(file, error)) from error


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


def _sentence(file: str, error: ValidationError) -> str:
    first: Any = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole file"
    said = str(first["msg"]).removeprefix("Value error, ")
    value = first["input"]
    shown = f" (value {value!r})" if isinstance(value, str | int | float | bool) else ""
    return f"{file}, field {where!r}: {said}{shown}; correct the file."
