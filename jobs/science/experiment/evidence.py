"""All that a reading of an experiment rests on: the rule, the sizes, the sufficient statistics; to JSON and back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from jobs.errors import BadRequest
from jobs.science.experiment.decision import Criteria
from jobs.science.experiment.guardrail import Guardrail
from jobs.science.experiment.interval import Estimate
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.reading import Rule
from jobs.science.experiment.split import Split, check_split

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Source:
    """Where the rows came from.

    Parameters
    ----------
    kind : str
        ``file``, ``experiment`` or ``campaign``.
    name : str
        File name or id.
    digest : str
        SHA-256 of the rows' file, or of the manifest of all input files.
    rows, rows_used : int
        Rows that came in, and those that were read.
    set_aside : mapping of str to int
        Rows by the reason why they were not read.
    """

    kind: Literal["file", "experiment", "campaign"]
    name: str
    digest: str
    rows: int
    rows_used: int
    set_aside: Mapping[str, int] = field(default_factory=lambda: _NONE)


@dataclass(frozen=True)
class Sizes:
    """Units that were drawn, and the design's shares; before any row is set aside.

    Parameters
    ----------
    counts : mapping of str to int
        Units (clusters, where clusters are drawn) of every arm, the control first.
    shares : mapping of str to float
        Planned shares of the same arms.
    shares_known : bool
        Whether the design was stated; else equal shares are assumed, and said to be.
    held : int, optional
        Units held back by any holdout.
    outside : int
        Eligible units that are in no arm and no holdout.
    holdout_shares : tuple of float
        Shares of the holdouts.
    """

    counts: Mapping[str, int]
    shares: Mapping[str, float]
    shares_known: bool = True
    held: int | None = None
    outside: int = 0
    holdout_shares: tuple[float, ...] = ()

    def split(self) -> Split:
        """Return the sizes held against the design."""
        return check_split(
            self.counts, self.shares, held=self.held, outside=self.outside, holdout_shares=self.holdout_shares
        )


@dataclass(frozen=True)
class Point:
    """The moments up to some moment, or of a part of the units.

    Parameters
    ----------
    at : str
        Moment in ISO form; or the value of the segment's column.
    arms : mapping of str to Moments
        Of every arm.
    column : str
        Column of the segment; nothing for a moment.
    """

    at: str
    arms: Mapping[str, Moments]
    column: str = ""


@dataclass(frozen=True)
class Evidence:
    """What :func:`jobs.science.experiment.readout.readout` makes a document of, and makes again from its JSON.

    Parameters
    ----------
    title : str
        What the document is about, in a line.
    source : Source
        Where the rows came from.
    unit : str
        Column of what was drawn.
    control : str
        Arm that others are compared with.
    rule : Rule
        How it is read.
    sizes : Sizes
        Units drawn.
    arms : mapping of str to Moments
        Sufficient statistics of every arm, the control first.
    decides : bool
        Whether the rule was written to decide; else the document only reads.
    criteria : Criteria
        Directions, smallest effects, power.
    units_planned : int, optional
        As the design says; None where it does not, and then the trial is taken to be over.
    looks : int
        Looks that were planned, the last one included.
    units_a_day : float, optional
        Units that come in a day.
    quantiles : mapping of str to mapping of str to Estimate
        Of each quantile, every arm's.
    units_of : mapping of str to str
        Unit of a metric's figure in words, by its name; ``share`` is shown in percent.
    unit_value_eur : mapping of str to float
        Euro that one of a metric is worth for one unit.
    exposed : str, optional
        Column, 0 or 1, of who met the treatment: the effect on those is shown beside that of the draw.
    segments : tuple of Point
        Moments of parts of the units; exploratory.
    over_time : tuple of Point
        Moments up to each moment, in order.
    as_of : str, optional
        Day of the reading, ISO.
    ends_on : str, optional
        Planned last day, ISO.
    promised : mapping, optional
        Promised against measured, of a campaign; plain JSON, shown as it is.
    amendments : tuple of mapping
        Changes of the rule after the start; plain JSON.
    warnings : tuple of str
        Sentences.
    inputs : mapping
        Digests of whatever was read beside the rows; plain JSON.

    Raises
    ------
    BadRequest
        If a name is used of a metric that the rule does not have.
    """

    title: str
    source: Source
    unit: str
    control: str
    rule: Rule
    sizes: Sizes
    arms: Mapping[str, Moments]
    decides: bool = True
    criteria: Criteria = field(default_factory=Criteria)
    units_planned: int | None = None
    looks: int = 1
    units_a_day: float | None = None
    quantiles: Mapping[str, Mapping[str, Estimate]] = field(default_factory=lambda: _NONE)
    units_of: Mapping[str, str] = field(default_factory=lambda: _NONE)
    unit_value_eur: Mapping[str, float] = field(default_factory=lambda: _NONE)
    exposed: str | None = None
    segments: tuple[Point, ...] = ()
    over_time: tuple[Point, ...] = ()
    as_of: str | None = None
    ends_on: str | None = None
    promised: Mapping[str, Any] | None = None
    amendments: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=lambda: _NONE)

    def __post_init__(self) -> None:
        known = [metric.name for metric in self.rule.metrics]
        named = [*self.units_of, *self.unit_value_eur, *self.criteria.better, *self.quantiles]
        strange = [name for name in named if name not in known]
        if strange:
            raise BadRequest(f"metric {strange[0]!r} is none of {known}: correct the name.")
        if self.looks < 1:
            raise BadRequest(f"looks == {self.looks}, must be at least 1: the one at the end.")

    def to_json(self) -> dict[str, Any]:
        """Return plain values from which :meth:`from_json` makes this evidence again, digit by digit."""
        rule = self.rule
        return {
            "title": self.title,
            "source": {**asdict_flat(self.source), "set_aside": dict(self.source.set_aside)},
            "unit": self.unit,
            "control": self.control,
            "rule": {
                "success": [asdict(metric) for metric in rule.success],
                "guardrails": [[asdict(metric), asdict(guardrail)] for metric, guardrail in rule.guardrails],
                "reads": [asdict(metric) for metric in rule.reads],
                "units": rule.units,
                "alpha": rule.alpha,
                "guardrail_alpha": rule.guardrail_alpha,
                "correction": rule.correction,
            },
            "criteria": {name: _plain(value) for name, value in asdict_flat(self.criteria).items()},
            "sizes": {name: _plain(value) for name, value in asdict_flat(self.sizes).items()},
            "arms": _arms_json(self.arms),
            "decides": self.decides,
            "units_planned": self.units_planned,
            "looks": self.looks,
            "units_a_day": self.units_a_day,
            "quantiles": {
                metric: {arm: asdict(estimate) for arm, estimate in of_arms.items()}
                for metric, of_arms in self.quantiles.items()
            },
            "units_of": dict(self.units_of),
            "unit_value_eur": dict(self.unit_value_eur),
            "exposed": self.exposed,
            "segments": [_point_json(point) for point in self.segments],
            "over_time": [_point_json(point) for point in self.over_time],
            "as_of": self.as_of,
            "ends_on": self.ends_on,
            "promised": _plain(self.promised),
            "amendments": [_plain(amendment) for amendment in self.amendments],
            "warnings": list(self.warnings),
            "inputs": _plain(self.inputs),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Evidence":
        """Return the evidence that :meth:`to_json` wrote.

        Raises
        ------
        BadRequest
            If a value is missing or unknown: it was written by another version, or changed.
        """
        try:
            rule = stored["rule"]
            return cls(
                **{
                    **stored,
                    "source": Source(**stored["source"]),
                    "rule": Rule(
                        **{
                            **rule,
                            "success": tuple(_metric(metric) for metric in rule["success"]),
                            "guardrails": tuple((_metric(m), Guardrail(**g)) for m, g in rule["guardrails"]),
                            "reads": tuple(_metric(metric) for metric in rule["reads"]),
                        }
                    ),
                    "criteria": Criteria(**stored["criteria"]),
                    "sizes": Sizes(**{**stored["sizes"], "holdout_shares": tuple(stored["sizes"]["holdout_shares"])}),
                    "arms": _arms(stored["arms"]),
                    "quantiles": {
                        metric: {arm: Estimate(**estimate) for arm, estimate in of_arms.items()}
                        for metric, of_arms in stored["quantiles"].items()
                    },
                    "segments": tuple(_point(point) for point in stored["segments"]),
                    "over_time": tuple(_point(point) for point in stored["over_time"]),
                    "amendments": tuple(stored["amendments"]),
                    "warnings": tuple(stored["warnings"]),
                }
            )
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            raise BadRequest(
                f"the stored statistics cannot be read ({wrong}): they were written by another version, or changed."
            ) from wrong


def asdict_flat(value: Any) -> dict[str, Any]:
    """Return a dataclass's fields, their values as they are."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _arms_json(arms: Mapping[str, Moments]) -> dict[str, Any]:
    return {arm: moments.to_json() for arm, moments in arms.items()}


def _arms(stored: Mapping[str, Any]) -> dict[str, Moments]:
    return {arm: Moments.from_json(moments) for arm, moments in stored.items()}


def _point_json(point: Point) -> dict[str, Any]:
    return {"at": point.at, "column": point.column, "arms": _arms_json(point.arms)}


def _point(stored: Mapping[str, Any]) -> Point:
    return Point(stored["at"], _arms(stored["arms"]), stored["column"])


def _metric(stored: Mapping[str, Any]) -> Metric:
    return Metric(**{**stored, "covariates": tuple(stored["covariates"])})
