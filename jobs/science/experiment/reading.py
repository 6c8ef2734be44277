"""Read an experiment: the split first, then each effect of each arm, with intervals that fit the moment of the look."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jobs.errors import BadRequest, BadTrial
from jobs.science.experiment.always_valid import AlwaysValid
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.guardrail import Guardrail, Verdict, judged
from jobs.science.experiment.interval import Effect, Estimate, FixedHorizon, Reach, checked_alpha, contrast
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.multiplicity import Correction, adjusted
from jobs.science.experiment.split import Split, refuse_mismatch


@dataclass(frozen=True)
class Rule:
    """How an experiment is read, written before its start.

    Parameters
    ----------
    success : tuple of Metric
        Metrics that decide; the correction is over all of them and all arms.
    guardrails : tuple of (Metric, Guardrail)
        Metrics that must not suffer.
    units : int
        Planned units (clusters, where clusters are drawn) in all arms together.
    alpha : float
        Of the success metrics, two-sided, in (0, 1).
    guardrail_alpha : float
        Of a guardrail, one-sided, in (0, .5).
    correction : str
        ``none``, ``holm`` or ``benjamini-hochberg``.
    reads : tuple of Metric
        Metrics that are shown and decide nothing: their p-values pay for nothing.

    Raises
    ------
    BadRequest
        If no metric decides, two have one name, or a value is not allowed.
    """

    success: tuple[Metric, ...]
    units: int
    guardrails: tuple[tuple[Metric, Guardrail], ...] = ()
    alpha: float = 0.05
    guardrail_alpha: float = 0.05
    correction: Correction = "holm"
    reads: tuple[Metric, ...] = ()

    def __post_init__(self) -> None:
        checked_alpha(self.alpha)
        names = [metric.name for metric in self.metrics]
        if not self.success or len(set(names)) < len(names):
            raise BadRequest(f"metrics are {names}: one at least must decide, and each needs a name of its own.")
        if self.units < 4 or not 0.0 < self.guardrail_alpha < 0.5:
            raise BadRequest(
                f"units == {self.units} and guardrail_alpha == {self.guardrail_alpha}: must be at least 4, "
                "and in (0, .5) because it is one-sided."
            )

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All metrics: those that decide, the guardrails, those that are shown only."""
        return (*self.success, *(metric for metric, _ in self.guardrails), *self.reads)


@dataclass(frozen=True)
class Line:
    """One metric of one arm.

    Parameters
    ----------
    metric, arm : str
        Names.
    effect : Effect
        Against the control.
    adjusted_p_value : float or None
        Paid for all success metrics and arms; None of any other metric.
    guardrail : str or None
        ``held``, ``broken`` or ``open``; None of a metric that is no guardrail.
    """

    metric: str
    arm: str
    effect: Effect
    adjusted_p_value: float | None
    guardrail: Verdict | None


@dataclass(frozen=True)
class Reading:
    """What an experiment says at one look.

    Parameters
    ----------
    fraction : float
        Units seen over units planned.
    is_final : bool
        Whether the planned end is reached: then intervals are fixed-horizon ones, before it always-valid.
    lines : tuple of Line
        Of success metrics and guardrails, metric by metric, arm by arm.
    reads : tuple of Line
        Of metrics that decide nothing.
    """

    fraction: float
    is_final: bool
    lines: tuple[Line, ...]
    reads: tuple[Line, ...] = ()


def read(
    rule: Rule,
    split: Split,
    arms: Mapping[str, Moments],
    control: str,
    quantiles: Mapping[str, Mapping[str, Estimate]] | None = None,
) -> Reading:
    """Return what the moments say under a rule.

    Parameters
    ----------
    rule : Rule
        How to read.
    split : Split
        Sizes against the design.
    arms : mapping of str to Moments
        Of every arm.
    control : str
        Which arm is the control.
    quantiles : mapping of str to mapping of str to Estimate, optional
        Of each metric that is a quantile, every arm's: rows made them, moments cannot.

    Returns
    -------
    Reading

    Raises
    ------
    BadTrial
        If the split is off, the control is none of the arms, or an estimate is refused.

    Examples
    --------
    >>> from jobs.science.experiment.split import check_split
    >>> rows = np.arange(100.0)[:, None]
    >>> arms = {"none": Moments.of_rows(["spend"], rows), "mail": Moments.of_rows(["spend"], rows + 20.0)}
    >>> split = check_split({"none": 100, "mail": 100}, {"none": 0.5, "mail": 0.5})
    >>> reading = read(Rule((Metric("spend", "mean", "spend"),), 200), split, arms, "none")
    >>> reading.is_final, reading.lines[0].effect.absolute.value
    (True, 20.0)
    """
    refuse_mismatch(split)
    if control not in arms or len(arms) < 2:
        raise BadTrial(f"control {control!r} and arms {sorted(arms)}: the control must be one of two arms or more.")
    fraction = sum(moments.count for moments in arms.values()) / rule.units
    is_final = fraction >= 1.0
    others = [arm for arm in arms if arm != control]

    def found(metric: Metric, arm: str, alpha: float) -> Effect:
        reach: Reach = FixedHorizon() if is_final else AlwaysValid(fraction, alpha)
        if metric.kind != "quantile":
            return effect(metric, arms[control], arms[arm], alpha, reach)
        of_rows = (quantiles or {}).get(metric.name, {})
        if control not in of_rows or arm not in of_rows:
            raise BadRequest(
                f"metric {metric.name!r} is a quantile: hand in what rows said of {control!r} and {arm!r}."
            )
        return contrast(of_rows[control], of_rows[arm], alpha, reach, of=metric.name)

    pairs = [(metric, arm) for metric in rule.success for arm in others]
    effects = [found(metric, arm, rule.alpha) for metric, arm in pairs]
    paid = adjusted(np.array([claim.p_value for claim in effects]), rule.correction)
    lines = [
        Line(metric.name, arm, claim, float(p), None)
        for (metric, arm), claim, p in zip(pairs, effects, paid, strict=True)
    ]
    # a two-sided interval at 2 alpha is one-sided at alpha to either side
    twice = 2.0 * rule.guardrail_alpha
    for metric, guardrail in rule.guardrails:
        for arm in others:
            seen = found(metric, arm, twice)
            lines.append(Line(metric.name, arm, seen, None, judged(guardrail, seen)))
    reads = [
        Line(metric.name, arm, found(metric, arm, rule.alpha), None, None) for metric in rule.reads for arm in others
    ]
    return Reading(fraction, is_final, tuple(lines), tuple(reads))
