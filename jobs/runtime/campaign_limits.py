"""What campaign files and house rules declare beside arms: partner budgets, windows, partner risk, exploration."""

import tomllib
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from jobs.errors import BadCampaign, NetliftError

Euro = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Currency = Literal["EUR"]


class Section(BaseModel):
    """A part of a file in which every field is known, of its type, and stays as it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PartnerBudget(Section):
    """What a merchant partner pays for contacts with its offers in a night."""

    partner_id: Name = Field(description="merchant partner, as arms name it")
    budget_eur: Euro = Field(description="euro that contacts with the partner's offers may cost in a night")


class Window(Section):
    """How many contacts a contact window has room for in a night."""

    name: Name = Field(description="contact window, as arms name it")
    capacity: Annotated[int, Field(ge=0)] = Field(description="contacts at most in a night")


class PartnerRiskLimit(Section):
    """What becomes of offers at partners whose risk is over a limit."""

    limit: Annotated[float, Field(ge=0, le=1)] = Field(
        description="highest risk of a partner whose offers are made as they are, a probability in [0, 1]"
    )
    then: Literal["mask", "price"] = Field(
        default="mask", description="mask: no offer; price: its expected loss is taken off the value"
    )
    loss_eur: Euro | None = Field(
        default=None, description="euro lost by an offer at a partner that is fraudulent; needed to price"
    )

    @model_validator(mode="after")
    def _priced_by_something(self) -> Self:
        if (self.then == "price") != (self.loss_eur is not None):
            raise ValueError("loss_eur and then = 'price' come together: give both or neither")
        return self


class Exploration(Section):
    """How some choices are drawn from the smoothed policy, so that something is learnt from them."""

    share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0, description="share of customers whose offers are drawn, in (0, 1]"
    )
    temperature: Annotated[float, Field(gt=0, le=10)] = Field(
        default=0.1, description="how evenly they are drawn: smoothing in mean values of an offer, in (0, 10]"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give the share of customers whose offers are drawn, a temperature, or both")
        return self


SectionT = TypeVar("SectionT", bound=Section)


def require_once(what: str, names: Sequence[str]) -> None:
    """Refuse a name that stands twice.

    Raises
    ------
    ValueError
        Which a file's check turns into its own sentence.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{what} {twice[0]!r} is declared twice: keep one")


def parse(section: type[SectionT], text: str, file: str, error: type[NetliftError] = BadCampaign) -> SectionT:
    """Read a file.

    Parameters
    ----------
    section : type of Section
        What it must hold.
    text : str
        Contents, TOML.
    file : str
        Its name, for the message.
    error : type of NetliftError
        What a file that is wrong raises.

    Raises
    ------
    BadCampaign
        Or what `error` says: if it is not TOML, or a field is missing, unknown or out of range; the message names
        the field.

    Examples
    --------
    >>> parse(Window, 'name = "morning"', "w.toml")
    Traceback (most recent call last):
    jobs.errors.BadCampaign: w.toml, field 'capacity': Field required; correct the file.
    """
    try:
        return section.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as wrong:
        raise error(f"{file} is not TOML: {wrong}; correct the file.") from wrong
    except ValidationError as wrong:
        raise error(_sentence(file, wrong)) from wrong


def _sentence(file: str, error: ValidationError) -> str:
    first: Any = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole file"
    said = str(first["msg"]).removeprefix("Value error, ")
    value = first["input"]
    shown = f" (value {value!r})" if isinstance(value, str | int | float | bool) else ""
    return f"{file}, field {where!r}: {said}{shown}; correct the file."
