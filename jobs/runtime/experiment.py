"""An experiment is one TOML file, written before the start: who is drawn, what is measured, the rule that decides."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Self

import pyarrow as pa
from pydantic import Field, model_validator

from jobs.errors import BadExperiment, BadRequest, ObjectMissing, UnknownExperiment
from jobs.runtime.campaign_limits import Name, Section, parse, require_once
from jobs.runtime.chain import EXPERIMENT_DAYS
from jobs.runtime.experiment_parts import (
    Amendment,
    ArmShare,
    Decision,
    Fraction,
    HeldBack,
    LayerSlot,
    MetricFile,
    StratumShares,
    said_by_science,
)
from jobs.runtime.layout import campaign_ids, experiment_ids, experiment_key
from jobs.science.experiment.assignment import Assignment, Holdout, Slot
from jobs.science.experiment.guardrail import Guardrail
from jobs.science.experiment.reading import Rule
from jobs.storage.objects import Objects
from jobs.tables.declare import Column, Table

CUSTOMER = "customer_id"
"""Unit of an experiment that says nothing else."""


class Experiment(Section):
    """An experiment: everything that must be said before it starts."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")] = Field(
        description="short name, used in paths and as the salt of its draws; no campaign's"
    )
    owner: Name = Field(description="who answers for it")
    hypothesis: Annotated[str, Field(min_length=1, max_length=500)] = Field(description="what is expected, and why")
    unit: Name = Field(default=CUSTOMER, description="column of customers that is drawn: customer_id, or a household")
    control: Name = Field(description="name of the arm that others are compared with")
    starts_on: date = Field(description="first day whose units are drawn")
    ends_on: date = Field(description="last day whose units are drawn")
    outcome_window_days: Annotated[int, Field(ge=0)] = Field(
        default=14, description="days after a unit is drawn until its outcome is final"
    )
    units_planned: Annotated[int, Field(ge=4)] = Field(
        description="units, or clusters where those are drawn, in all arms together at the planned end"
    )
    exposure: Fraction = Field(default=1.0, description="share of the eligible that is in; raise it to ramp up")
    version: Annotated[int, Field(ge=1)] = Field(default=1, description="of the draw; one more with every ramp")
    stratum: Name | None = Field(default=None, description="column of customers by whose values shares differ")
    arms: Annotated[tuple[ArmShare, ...], Field(min_length=2, strict=False)]
    layer: LayerSlot | None = Field(default=None, description="its place in a layer; none: it excludes no other")
    holdouts: Annotated[tuple[HeldBack, ...], Field(strict=False)] = Field(
        default=(), description="who is kept out: holdouts of the house and of campaigns"
    )
    strata: Annotated[tuple[StratumShares, ...], Field(strict=False)] = Field(
        default=(), description="strata with other shares than those of the arms"
    )
    metrics: Annotated[tuple[MetricFile, ...], Field(min_length=1, strict=False)]
    decision: Decision
    amendments: Annotated[tuple[Amendment, ...], Field(strict=False)] = Field(
        default=(), description="changes after the start, in order"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [arm.name for arm in self.arms]
        require_once("arm", names)
        require_once("metric", [m.name for m in self.metrics])
        require_once("stratum", [s.value for s in self.strata])
        if self.control not in names:
            raise ValueError(f"control {self.control!r} is none of the arms {', '.join(names)}: name one of them")
        days = (self.ends_on - self.starts_on).days + 1
        if not 1 <= days <= EXPERIMENT_DAYS:
            raise ValueError(
                f"from starts_on {self.starts_on} to ends_on {self.ends_on} are {days} days, must be 1 to "
                f"{EXPERIMENT_DAYS}: correct one"
            )
        if bool(self.strata) != (self.stratum is not None):
            raise ValueError("[[strata]] and the column 'stratum' come together: give both or neither")
        known = {m.name for m in self.metrics}
        for what, metric in (
            *(("decision.success", name) for name in self.decision.success),
            *(("decision.guardrails", g.metric) for g in self.decision.guardrails),
        ):
            if metric not in known:
                raise ValueError(f"{what} names {metric!r}, which is none of the metrics {', '.join(sorted(known))}")
        quantiles = {m.name for m in self.metrics if m.kind == "quantile"}
        deciding = [*self.decision.success, *(g.metric for g in self.decision.guardrails)]
        if self.strata and quantiles & {*deciding}:
            name = next(name for name in deciding if name in quantiles)
            raise ValueError(
                f"metric {name!r} decides and is a quantile, which cannot be read where strata have other shares: "
                "let another metric decide, or give all strata the same shares"
            )
        if [a.on for a in self.amendments] != sorted(a.on for a in self.amendments):
            raise ValueError("amendments are not in the order of their days: add the newest at the end")
        said_by_science(self.assignment)
        said_by_science(lambda: self.rule({m.name: 1.0 for m in self.metrics if m.cap_quantile is not None}))
        return self

    @property
    def is_clustered(self) -> bool:
        """Whether several customers may be one unit."""
        return self.unit != CUSTOMER

    @property
    def arm_shares(self) -> dict[str, float]:
        """Planned share of every arm, the control first."""
        shares = {arm.name: arm.share for arm in self.arms}
        return {self.control: shares[self.control], **shares}

    @property
    def matures_on(self) -> date:
        """First day on which the outcomes of all units are final."""
        return self.ends_on + timedelta(days=self.outcome_window_days + 1)

    @property
    def digest(self) -> str:
        """SHA-256 of what the file says, amendments left out; spaces, comments and order of fields do not count."""
        return hashlib.sha256(json.dumps(self.said(), sort_keys=True).encode()).hexdigest()

    def said(self) -> dict[str, Any]:
        """Return every field but the amendments, as plain values."""
        return self.model_dump(mode="json", exclude={"amendments"})

    def runs_on(self, day: date) -> bool:
        """Return whether units are drawn on this day."""
        return self.starts_on <= day <= self.ends_on

    def assignment(self) -> Assignment:
        """Return the rule by which units are drawn; its salt is the experiment's id.

        Raises
        ------
        BadRequest
            If shares are not those of a draw.
        """
        shares = self.arm_shares
        return Assignment(
            salt=self.id,
            shares=shares,
            exposure=self.exposure,
            slot=None if self.layer is None else Slot(self.layer.name, self.layer.start, self.layer.end),
            holdouts=tuple(Holdout(h.salt, h.share) for h in self.holdouts),
            strata={s.value: _in_order(s, shares) for s in self.strata},
            version=self.version,
        )

    def rule(self, caps: Mapping[str, float] | None = None) -> Rule:
        """Return how the experiment is read.

        Parameters
        ----------
        caps : mapping of str to float, optional
            By name of metric, what its `cap_quantile` came to; of every metric that has one.

        Raises
        ------
        BadRequest
            If a cap is missing, or values contradict each other.
        """
        capped = caps or {}
        by_name = {m.name: m for m in self.metrics}
        read = {name: m.metric(capped.get(name)) for name, m in by_name.items()}
        decision = self.decision
        deciding = {*decision.success, *(g.metric for g in decision.guardrails)}
        return Rule(
            success=tuple(read[name] for name in decision.success),
            units=self.units_planned,
            guardrails=tuple(
                (read[g.metric], Guardrail(g.margin, by_name[g.metric].better, g.relative)) for g in decision.guardrails
            ),
            alpha=decision.alpha,
            guardrail_alpha=decision.guardrail_alpha,
            correction=decision.correction,
            reads=tuple(metric for name, metric in read.items() if name not in deciding),
        )

    def customers(self, table: Table) -> Table:
        """Return the table of customers with the columns that are drawn by: unit, which must be there, and stratum."""
        found = [Column(self.unit, pa.string(), "", "what the experiment draws")]
        if self.stratum is not None:
            found.append(Column(self.stratum, pa.string(), "", "stratum of the experiment", nullable=True))
        return table.extended(found)


def parse_experiment(text: str, file: str) -> Experiment:
    """Read an experiment file.

    Parameters
    ----------
    text : str
        Contents of the file, TOML.
    file : str
        Its name, for the message.

    Raises
    ------
    BadExperiment
        If it is not TOML, or a field is missing, unknown or out of range; the message names the field.

    Examples
    --------
    >>> parse_experiment("id = 3", "autumn.toml")
    Traceback (most recent call last):
    jobs.errors.BadExperiment: autumn.toml, field 'id': Input should be a valid string (value 3); correct the file.
    """
    return parse(Experiment, text, file, BadExperiment)


def read_experiment_file(objects: Objects, experiment_id: str) -> Experiment:
    """Read the experiment called `experiment_id` from the objects, as its file is now.

    What holds of one that has started is :func:`jobs.runtime.frozen_experiment.freeze`'s to say.

    Raises
    ------
    UnknownExperiment
        If it has no file.
    BadExperiment
        If the file does not say what it must, or a campaign has the same id.
    """
    return experiment_text(objects, experiment_id)[1]


def experiment_text(objects: Objects, experiment_id: str) -> tuple[str, Experiment]:
    """Read an experiment's file and what it says; failures are those of :func:`read_experiment_file`."""
    key = experiment_key(experiment_id)
    try:
        text = objects.get(key).decode()
    except ObjectMissing as error:
        known = ", ".join(experiment_ids(objects)) or "none"
        raise UnknownExperiment(
            f"experiment {experiment_id!r} has no file {objects.uri}/{key} (known: {known}); write it or correct the "
            "name."
        ) from error
    except UnicodeDecodeError as error:
        raise BadExperiment(f"{key} is no text in UTF-8: {error}; correct the file.") from error
    experiment = parse_experiment(text, key)
    if experiment.id != experiment_id:
        raise BadExperiment(
            f"{key}, field 'id': is {experiment.id!r}, must be {experiment_id!r} as the file's name says."
        )
    if experiment_id in campaign_ids(objects):
        raise BadExperiment(f"{key}, field 'id': {experiment_id!r} is a campaign's: give the experiment another name.")
    return text, experiment


def _in_order(stratum: StratumShares, arms: Mapping[str, float]) -> dict[str, float]:
    """Return the stratum's shares in the order of the arms."""
    if set(stratum.shares) != set(arms):
        raise BadRequest(f"stratum {stratum.value!r} has arms {sorted(stratum.shares)}, not {sorted(arms)}: name all.")
    return {arm: stratum.shares[arm] for arm in arms}
