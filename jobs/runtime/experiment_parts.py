"""Parts of an experiment's file: arms, places, strata, metrics, the decision, amendments."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from jobs.errors import BadRequest
from jobs.runtime.campaign_limits import Name, Section, require_once
from jobs.science.experiment.guardrail import Better
from jobs.science.experiment.metric import Adjustment, Kind, Metric
from jobs.science.experiment.multiplicity import Correction

Fraction = Annotated[float, Field(ge=0, le=1)]
Above0 = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class ArmShare(Section):
    """An arm and how many of those who are in it gets."""

    name: Name = Field(description="what the arm is called")
    share: Annotated[float, Field(gt=0, lt=1)] = Field(description="share of those who are in, in (0, 1)")


class LayerSlot(Section):
    """The experiment's place in a layer: experiments whose places do not overlap have no unit in common."""

    name: Name = Field(description="the layer, the same in the files of all its experiments")
    start: Fraction = Field(default=0.0, description="where the place begins, in [0, 1]")
    end: Fraction = Field(default=1.0, description="where it ends, in [0, 1]")


class HeldBack(Section):
    """Units that are kept out: the holdout of the house, or of a campaign."""

    salt: Name = Field(description="the holdout's name; a campaign's id for that campaign's own")
    share: Fraction = Field(description="share of all units, in [0, 1]")


class StratumShares(Section):
    """A stratum whose arms have other shares."""

    value: Name = Field(description="value of the stratum's column")
    shares: dict[str, float] = Field(description="share of every arm in this stratum; together 1")


class MetricFile(Section):
    """What is measured of every unit."""

    name: Name = Field(description="what readers call it")
    kind: Kind = Field(description="mean, proportion, ratio or quantile")
    value: Name = Field(description="column of the measurements; of a ratio the numerator")
    denominator: Name | None = Field(default=None, description="column below, of a ratio only")
    covariates: Annotated[tuple[Name, ...], Field(strict=False)] = Field(
        default=(), description="columns known before the draw"
    )
    adjustment: Adjustment = Field(default="none", description="what is done with the covariates: none, cuped or lin")
    cap: Above0 | None = Field(default=None, description="largest value that counts, the same for every arm")
    cap_quantile: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="or: the quantile of all arms together that is the largest value that counts"
    )
    share: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="which quantile, of a quantile only"
    )
    unit: str = Field(default="", description="unit of the figure in words: euro, visits")
    better: Better = Field(default="higher", description="which direction is good: higher or lower")
    unit_value_eur: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        default=None, description="euro that one of it is worth for one unit; none: nothing is said in euro"
    )
    missing: Literal["zero", "left-out"] = Field(
        default="zero", description="what a customer without a measurement counts as: zero, or left-out of the reading"
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.cap is not None and self.cap_quantile is not None:
            raise ValueError(f"metric {self.name!r} has a cap and a cap_quantile: keep one")
        said_by_science(lambda: self.metric(1.0 if self.cap_quantile is not None else None))
        return self

    def metric(self, cap: float | None = None) -> Metric:
        """Return the metric as science reads it.

        Parameters
        ----------
        cap : float, optional
            Value that `cap_quantile` came to; needed where the file states one, and only there.

        Raises
        ------
        BadRequest
            If fields contradict each other, or the cap is missing or not asked for.
        """
        if (cap is None) != (self.cap_quantile is None):
            raise BadRequest(f"metric {self.name!r}: hand in a cap exactly where its file has a cap_quantile.")
        return Metric(
            self.name,
            self.kind,
            self.value,
            self.denominator,
            self.covariates,
            self.adjustment,
            self.cap if cap is None else cap,
            self.share,
        )


class GuardrailFile(Section):
    """A metric that must not suffer."""

    metric: Name = Field(description="name of one of the metrics")
    margin: Above0 = Field(
        description="largest harm that is tolerated: in the metric's unit, or a share of the control"
    )
    relative: bool = Field(default=False, description="whether the margin is a share of the control")


class Decision(Section):
    """The rule by which the experiment is decided, written before its start."""

    success: Annotated[tuple[Name, ...], Field(min_length=1, strict=False)] = Field(
        description="names of the metrics that decide"
    )
    correction: Correction = Field(default="holm", description="none, holm or benjamini-hochberg")
    alpha: Annotated[float, Field(gt=0, lt=1)] = Field(default=0.05, description="of the success metrics, two-sided")
    guardrail_alpha: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        default=0.05, description="of a guardrail, one-sided, in (0, .5)"
    )
    power: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.8, description="chance to find the smallest effect that matters, in (0, 1)"
    )
    minimum_effect: Above0 | None = Field(
        default=None, description="smallest effect on the first success metric that matters, in the metric's unit"
    )
    minimum_relative_effect: Above0 | None = Field(default=None, description="or: as a share of the control")
    guardrails: Annotated[tuple[GuardrailFile, ...], Field(strict=False)] = Field(
        default=(), description="metrics that must not suffer, with what is tolerated"
    )
    looks: Annotated[int, Field(ge=1)] = Field(default=1, description="looks that are planned, the last one included")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        require_once("success metric", self.success)
        require_once("guardrail", [g.metric for g in self.guardrails])
        both = sorted({*self.success} & {g.metric for g in self.guardrails})
        if both:
            raise ValueError(f"metric {both[0]!r} decides and is a guardrail: keep it in one place")
        if self.minimum_effect is not None and self.minimum_relative_effect is not None:
            raise ValueError("minimum_effect and minimum_relative_effect are both given: keep one")
        return self


class Amendment(Section):
    """A change of the file after the start, and why."""

    on: date = Field(description="day of the change")
    who: Name = Field(description="who answers for it")
    reason: Annotated[str, Field(min_length=1, max_length=500)] = Field(description="why, in a sentence")


def said_by_science(make: Callable[[], object]) -> None:
    """Turn what science refuses into what a file's check says."""
    try:
        make()
    except BadRequest as refused:
        raise ValueError(str(refused).rstrip(".")) from refused
