"""The plan of one metric: units and days for an effect, the smallest effect of units, and how that changes by week."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jobs.errors import BadRequest, BadTrial
from jobs.science.experiment.duration import WEEK_DAYS, duration_days, units_by
from jobs.science.experiment.history import History
from jobs.science.experiment.looks import Look, planned_looks
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.power import (
    Baseline,
    Design,
    baseline,
    minimum_detectable_effect,
    power_at,
    sample_size,
)
from jobs.science.experiment.statement import ROWS

WEEKS = (1, 2, 3, 4, 6, 8, 12, 16, 26)
MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Traffic:
    """Who comes, and how many of them enter.

    Parameters
    ----------
    first_seen : tuple of int
        Units, or clusters, seen for the first time on each day of the past; empty where nobody knows.
    exposure : float
        Share of them that enters the trial, in (0, 1].
    window_days : int
        Days of the outcome window after entry.
    """

    first_seen: tuple[int, ...] = ()
    exposure: float = 1.0
    window_days: int = 0

    def days(self, units: int) -> int | None:
        """Return whole weeks plus the window until so many units are through.

        None where nobody knows who comes, or where the past ends with a week that brought nobody new and too few had
        come by then.
        """
        if not self.first_seen:
            return None
        whole = len(self.first_seen)
        if not sum(self.first_seen[-WEEK_DAYS:]) and units_by(whole, self.first_seen, exposure=self.exposure) < units:
            return None
        return duration_days(units, self.first_seen, exposure=self.exposure, window_days=self.window_days)


@dataclass(frozen=True)
class Row:
    """A line of a table of smallest effects.

    Parameters
    ----------
    weeks : int or None
        Weeks of entry; None where the table is by units only.
    units : int
        Entered by then, in all arms together.
    minimum_effect : float
        Found with the design's power, in the metric's unit.
    """

    weeks: int | None
    units: int
    minimum_effect: float


@dataclass(frozen=True)
class Plan:
    """What a metric needs, or gets.

    Parameters
    ----------
    metric : Metric
        As it will be read.
    known : Baseline
        What the past says of it.
    design_effect : float
        How many times as many rows clusters need as units drawn one by one; 1 without clusters.
    effect : float or None
        That is to be found, in the metric's unit; None where none was asked.
    needed : int or None
        Units, or clusters, that the effect needs in all arms together; None where none was asked.
    units : int
        Planned: those that were given, else those that the effect needs, else as many as the past has.
    days : int or None
        Until they are through; None where nobody knows who comes.
    minimum_effect : float
        That so many units find with the design's power, in the metric's unit.
    power : float or None
        With which so many units find the effect; None where none was asked.
    table : tuple of Row
        Smallest effects by weeks of entry, or by units.
    looks : tuple of Look
        Planned looks; the last is the end.
    """

    metric: Metric
    known: Baseline
    design_effect: float
    effect: float | None
    needed: int | None
    units: int
    days: int | None
    minimum_effect: float
    power: float | None
    table: tuple[Row, ...]
    looks: tuple[Look, ...]


@dataclass(frozen=True)
class Wanted:
    """An effect as one would say it.

    Parameters
    ----------
    size : float
        Of either sign, not 0.
    is_relative : bool
        Whether it is a share of the metric's value.
    """

    size: float
    is_relative: bool

    def of(self, metric: Metric, value: float) -> float:
        """Return the effect in the metric's unit."""
        if not self.is_relative:
            return self.size
        if not value > 0.0:
            raise BadRequest(
                f"metric {metric.name!r} is {value:g} in the past: {self.size:.4g} of it is no effect, name it in the "
                "metric's unit."
            )
        return self.size * value


def parse_effect(text: str) -> Wanted:
    """Return the effect that a word says.

    Parameters
    ----------
    text : str
        ``5%`` of the metric's value, or ``0.3`` in its unit.

    Returns
    -------
    Wanted

    Raises
    ------
    BadRequest
        If it is no number, 0 or not finite.

    Examples
    --------
    >>> parse_effect("5%")
    Wanted(size=0.05, is_relative=True)
    """
    is_relative = text.strip().endswith("%")
    try:
        size = float(text.strip().removesuffix("%")) / (100.0 if is_relative else 1.0)
    except ValueError:
        size = math.nan
    if not math.isfinite(size) or size == 0.0:
        raise BadRequest(f"effect {text!r} is none: write 5% (of the metric's value) or 0.3 (in its unit), never 0.")
    return Wanted(size, is_relative)


def plan(
    metric: Metric,
    history: History,
    design: Design,
    traffic: Traffic,
    *,
    wanted: Wanted | None = None,
    units: int | None = None,
    looks: int = 1,
) -> Plan:
    """Return the plan of a metric.

    Parameters
    ----------
    metric : Metric
        A mean, proportion or ratio.
    history : History
        Of rows that could be drawn, or sums of clusters.
    design : Design
        Shares, alpha and power; what is drawn is one row of the history.
    traffic : Traffic
        Who comes.
    wanted : Wanted, optional
        Effect to find.
    units : int, optional
        Units, or clusters, in all arms together.
    looks : int
        Planned looks.

    Returns
    -------
    Plan

    Raises
    ------
    BadTrial
        If the past has fewer than two units, or a denominator that is 0 everywhere.
    BadRequest
        If the metric never varies, an effect cannot be found, or a value is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> spend = np.random.default_rng(1).exponential(10.0, (2000, 1))
    >>> metric = Metric("spend", "mean", "spend")
    >>> past = History((metric,), ("spend",), spend, (), 2000, 2000, 0, ())
    >>> made = plan(metric, past, Design(), Traffic((200,) * 14), wanted=parse_effect("10%"))
    >>> made.needed, made.days
    (3141, 21)
    """
    known, design_effect = _known(metric, history)
    effect = None if wanted is None else wanted.of(metric, known.value)
    needed = None if effect is None else sample_size(effect, known, design)
    planned = units or needed or len(history.rows)
    arm = smallest_arm(design)
    return Plan(
        metric=metric,
        known=known,
        design_effect=design_effect,
        effect=effect,
        needed=needed,
        units=planned,
        days=traffic.days(planned),
        minimum_effect=minimum_detectable_effect(planned, known, design, arm),
        power=None if effect is None else power_at(effect, planned, known, design, arm),
        table=_table(planned, known, design, traffic),
        looks=planned_looks(looks, planned, known, design, arm),
    )


def smallest_arm(design: Design) -> int:
    """Return the arm beside the control that has the fewest units: what it finds, every arm finds."""
    return min(range(1, len(design.shares)), key=lambda arm: design.shares[arm])


def _known(metric: Metric, history: History) -> tuple[Baseline, float]:
    moments = Moments.of_rows(history.columns, history.rows)
    try:
        known = baseline(metric, moments)
    except (BadRequest, BadTrial) as wrong:
        aside = "".join(f" {rows} rows were set aside, column {c!r}: {why}." for c, why, rows in history.set_aside[:1])
        raise BadTrial(
            f"metric {metric.name!r} of column {metric.value!r} cannot be planned from {moments.count} units: {wrong}"
            f"{aside}"
        ) from wrong
    if history.singles is None:
        return known, 1.0
    single = baseline(replace(metric, covariates=(), adjustment="none"), history.singles)
    return known, known.variance * moments.of(ROWS) / single.variance


def _table(planned: int, known: Baseline, design: Design, traffic: Traffic) -> tuple[Row, ...]:
    arm = smallest_arm(design)
    least = math.ceil(3.0 * sum(design.shares) / (design.shares[0] + design.shares[arm]))
    if traffic.first_seen:
        steps: Sequence[tuple[int | None, int]] = [
            (weeks, math.floor(units_by(weeks * WEEK_DAYS, traffic.first_seen, exposure=traffic.exposure)))
            for weeks in WEEKS
        ]
    else:
        steps = [(None, round(planned * times)) for times in MULTIPLES]
    rows: list[Row] = []
    for weeks, units in steps:
        # a week that brings hardly anybody new says nothing new
        if units >= max(least, 1.01 * rows[-1].units if rows else 0.0):
            rows.append(Row(weeks, units, minimum_detectable_effect(units, known, design, arm)))
    return tuple(rows)
