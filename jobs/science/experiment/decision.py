"""Ship, hold or stop: what a rule that was written before the start makes of a reading, with its reasons in words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from scipy.special import ndtr, stdtrit

from jobs.errors import BadRequest
from jobs.science.experiment.guardrail import Better, Guardrail
from jobs.science.experiment.reading import Line, Reading, Rule
from jobs.science.experiment.readout_words import difference, guardrail_figures, level_of, size, unit_of

Outcome = Literal["ship", "hold", "stop", "none"]


@dataclass(frozen=True)
class Criteria:
    """What a rule says of its success metrics beside alpha and correction.

    Parameters
    ----------
    better : mapping of str to str
        Direction of each success metric, ``higher`` or ``lower``; higher where nothing is said.
    minimum_effect : mapping of str to float
        Smallest effect worth having, above 0, in the metric's unit; none where nothing is said.
    minimum_relative_effect : mapping of str to float
        Or as a share of the control's figure.
    power : float
        Chance to find the smallest effect that the trial was planned for, in (0, 1).

    Raises
    ------
    BadRequest
        If a value is not allowed.
    """

    better: Mapping[str, Better] = field(default_factory=lambda: MappingProxyType({}))
    minimum_effect: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    minimum_relative_effect: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    power: float = 0.8

    def __post_init__(self) -> None:
        for name, direction in self.better.items():
            if direction not in {"higher", "lower"}:
                raise BadRequest(f"better of {name!r} is {direction!r}: choose higher or lower.")
        for name, least in [*self.minimum_effect.items(), *self.minimum_relative_effect.items()]:
            if not 0.0 < least < math.inf:
                raise BadRequest(f"minimum_effect of {name!r} is {least}, must be above 0: what is worth having?")
        if not 0.0 < self.power < 1.0:
            raise BadRequest(f"power == {self.power}, must be in (0, 1); 0.8 is usual.")

    def sign(self, metric: str) -> float:
        """Return 1 where higher is better, -1 where lower is."""
        return -1.0 if self.better.get(metric) == "lower" else 1.0

    def least(self, line: Line) -> float | None:
        """Return the smallest effect worth having in the metric's unit; None where nothing is said."""
        share = self.minimum_relative_effect.get(line.metric)
        return self.minimum_effect.get(line.metric) if share is None else share * abs(line.effect.control)


@dataclass(frozen=True)
class ArmDecision:
    """What becomes of one arm.

    Parameters
    ----------
    arm : str
        Its name.
    outcome : str
        ``ship``, ``hold`` or ``stop``.
    reasons : tuple of str
        Sentences, what decided first.
    """

    arm: str
    outcome: Outcome
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """What becomes of an experiment.

    Parameters
    ----------
    outcome : str
        ``ship``, ``hold``, ``stop``; ``none`` where nothing may be concluded.
    arm : str or None
        Which arm ships.
    reasons : tuple of str
        Sentences, what decided first.
    arms : tuple of ArmDecision
        Arm by arm.
    """

    outcome: Outcome
    arm: str | None
    reasons: tuple[str, ...]
    arms: tuple[ArmDecision, ...] = ()


def decide(
    rule: Rule,
    reading: Reading,
    criteria: Criteria | None = None,
    *,
    units_a_day: float | None = None,
    units_of: Mapping[str, str] | None = None,
) -> Decision:
    """Apply a rule to a reading.

    An arm ships when one success metric at least is surely better, none is surely worse and every guardrail held; it
    stops when a guardrail is broken, a success metric is surely worse, nothing worth having is possible any more, or
    the end has come without success. Sure means after the rule's correction, and before the end by always-valid
    intervals. Of several arms that may ship the one with the largest effect on the first success metric does.

    Parameters
    ----------
    rule : Rule
        As it was written before the start.
    reading : Reading
        At this look.
    criteria : Criteria, optional
        Directions, smallest effects and power; by default higher is better and any effect is worth having.
    units_a_day : float, optional
        Units that come in a day, to say how long is left.
    units_of : mapping of str to str, optional
        Unit of each metric's figure; where none is given a proportion is a ``share``, and of others none is said.

    Returns
    -------
    Decision

    References
    ----------
    Schultzberg, Ankargren and Frånberg (2024), Risk-aware product decisions in A/B tests with multiple metrics.
    arXiv:2402.11609.

    Examples
    --------
    >>> from jobs.science.experiment.interval import Estimate, contrast
    >>> from jobs.science.experiment.metric import Metric
    >>> effect = contrast(Estimate(10.0, 0.01, 900), Estimate(11.0, 0.01, 900))
    >>> reading = Reading(1.0, True, (Line("spend", "mail", effect, effect.p_value, None),))
    >>> decide(Rule((Metric("spend", "mean", "spend"),), 1800), reading).outcome
    'ship'
    """
    said = criteria or Criteria()
    names = list(dict.fromkeys(line.arm for line in reading.lines))
    units = {metric.name: unit_of(metric, units_of or {}) for metric in rule.metrics}
    arms = tuple(_of_arm(rule, reading, said, arm, units_a_day, units) for arm in names)
    shipping = [arm for arm in arms if arm.outcome == "ship"]
    if shipping:
        first = rule.success[0].name
        effects = {
            line.arm: said.sign(first) * line.effect.absolute.value for line in reading.lines if line.metric == first
        }
        best = max(shipping, key=lambda arm: effects[arm.arm])
        reasons = best.reasons
        if len(shipping) > 1:
            others = ", ".join(repr(arm.arm) for arm in shipping if arm is not best)
            reasons += (f"{others} could ship too: {best.arm!r} has the largest effect on {first}.",)
        return Decision("ship", best.arm, reasons, arms)
    outcome: Outcome = "stop" if all(arm.outcome == "stop" for arm in arms) else "hold"
    deciding = [arm for arm in arms if arm.outcome == outcome] + [arm for arm in arms if arm.outcome != outcome]
    return Decision(outcome, None, tuple(dict.fromkeys(reason for arm in deciding for reason in arm.reasons)), arms)


def undecided(sentence: str) -> Decision:
    """Return the decision of a reading from which nothing may be concluded, such as one with a broken split."""
    return Decision("none", None, (sentence, "Nothing is decided before the cause is known."))


def _of_arm(
    rule: Rule, reading: Reading, criteria: Criteria, arm: str, units_a_day: float | None, units: Mapping[str, str]
) -> ArmDecision:
    own = [line for line in reading.lines if line.arm == arm]
    success = [line for line in own if line.guardrail is None]
    guardrails = {metric.name: guardrail for metric, guardrail in rule.guardrails}
    broken = [line for line in own if line.guardrail == "broken"]
    still_open = [line for line in own if line.guardrail == "open"]
    sure = [line for line in success if line.adjusted_p_value is not None and line.adjusted_p_value < rule.alpha]
    worse = [line for line in sure if _gain(line, criteria) < 0.0]
    better = [line for line in sure if _gain(line, criteria) > 0.0]
    if broken:
        harmed = tuple(_of_guardrail(line, guardrails[line.metric], "is broken", units) for line in broken)
        return ArmDecision(arm, "stop", harmed)
    if worse:
        return ArmDecision(arm, "stop", tuple(f"{_sure(line, rule, units)}, which is the wrong way." for line in worse))
    if better:
        reasons = tuple(f"{_sure(line, rule, units)}." for line in better)
        if not still_open:
            held = (f"Every guardrail held with {arm!r}.",) if rule.guardrails else ()
            early = () if reading.is_final else ("It ships before the end: always-valid intervals allow that.",)
            return ArmDecision(arm, "ship", reasons + held + early)
        missing = tuple(_of_guardrail(line, guardrails[line.metric], "is still open", units) for line in still_open)
        return ArmDecision(arm, "hold", reasons + missing + (_left(rule, reading, units_a_day),))
    ruled_out = [line for line in success if _ruled_out(line, criteria)]
    if len(ruled_out) == len(success):
        reasons = tuple(
            f"{line.metric} with {arm!r}: {size(criteria.least(line) or 0.0, units[line.metric])} or more, what was "
            f"worth having, is ruled out: {_interval(line, units)}."
            for line in success
        )
        return ArmDecision(arm, "stop", reasons)
    if not reading.is_final:
        reasons = tuple(f"{line.metric} with {arm!r} is not decided yet: {_interval(line, units)}." for line in success)
        return ArmDecision(arm, "hold", (*reasons, _left(rule, reading, units_a_day)))
    claims = sum(line.guardrail is None for line in reading.lines)
    return _at_the_end(criteria, arm, success, rule.alpha / claims, units)


def _at_the_end(
    criteria: Criteria, arm: str, success: Sequence[Line], alpha_each: float, units: Mapping[str, str]
) -> ArmDecision:
    """Return what becomes of an arm that was not surely better at the planned end."""
    reasons, weak = [], False
    for line in success:
        least = criteria.least(line)
        said = f"The end has come and {line.metric} with {arm!r} is not surely better: {_interval(line, units)}"
        if least is None:
            reasons.append(f"{said}.")
            continue
        power = _power(least, line, alpha_each)
        enough = power >= criteria.power
        weak |= not enough
        found = f"{said}; an effect of {size(least, units[line.metric])} would have been found with a chance of"
        rest = "so there is hardly one" if enough else f"less than the {criteria.power:.0%} that were planned"
        reasons.append(f"{found} {power:.0%}, {rest}.")
    if weak:
        reasons.append("The trial was too small to say no: plan more units in an amendment, with its reason, or stop.")
    return ArmDecision(arm, "hold" if weak else "stop", tuple(reasons))


def _power(least: float, line: Line, alpha: float) -> float:
    """Return the chance that an effect would have been found, by the standard error that was met."""
    critical = float(-stdtrit(line.effect.degrees, alpha / 2.0))
    return float(ndtr(least / line.effect.standard_error - critical))


def _gain(line: Line, criteria: Criteria) -> float:
    return criteria.sign(line.metric) * line.effect.absolute.value


def _ruled_out(line: Line, criteria: Criteria) -> bool:
    least = criteria.least(line)
    absolute = line.effect.absolute
    best = absolute.upper if criteria.sign(line.metric) > 0 else -absolute.lower
    return least is not None and best < least


def _sure(line: Line, rule: Rule, units: Mapping[str, str]) -> str:
    way = "higher" if line.effect.absolute.value > 0.0 else "lower"
    p = line.adjusted_p_value or 0.0
    paid = {"none": "", "holm": " after Holm's correction", "benjamini-hochberg": " after Benjamini and Hochberg's"}
    said = "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"
    return f"{line.metric} with {line.arm!r} is surely {way}: {_interval(line, units)}, {said}{paid[rule.correction]}"


def _of_guardrail(line: Line, guardrail: Guardrail, what: str, units: Mapping[str, str]) -> str:
    said, margin = guardrail_figures(line.effect, units[line.metric], guardrail, level_of(line.effect.alpha))
    way = "less" if guardrail.better == "higher" else "more"
    return f"Guardrail {line.metric} {what} with {line.arm!r}: {said}, where {margin} {way} was allowed."


def _left(rule: Rule, reading: Reading, units_a_day: float | None) -> str:
    if reading.is_final:
        return "The planned end has come: more units need an amendment, with its reason."
    left = math.ceil(rule.units * (1.0 - reading.fraction))
    days = f", {math.ceil(left / units_a_day):,} days at the present rate" if units_a_day else ""
    return f"{left:,} of {rule.units:,} planned units are left{days}."


def _interval(line: Line, units: Mapping[str, str]) -> str:
    return difference(line.effect.absolute, units[line.metric], level_of(line.effect.alpha))
