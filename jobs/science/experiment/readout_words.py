"""What the figures of a readout say, in sentences for people who decide."""

import math
from collections.abc import Mapping, Sequence

from jobs.science.experiment.guardrail import Guardrail
from jobs.science.experiment.interval import Effect, Interval
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.number_words import number
from jobs.science.experiment.split import Split

SHARE = "share"
"""Unit of a figure that is shown in percent, and its differences in percentage points."""


def unit_of(metric: Metric, stated: Mapping[str, str]) -> str:
    """Return the unit of a metric's figure: the one stated by its name, else that of a proportion is a share."""
    return stated.get(metric.name, SHARE if metric.kind == "proportion" else "")


def figure(value: float, unit: str) -> str:
    """Return a figure with its unit.

    Examples
    --------
    >>> figure(0.1061, "share"), figure(1.4228, "EUR"), figure(30.4, "")
    ('10.6%', '1.42 EUR', '30.4')
    """
    if unit == SHARE:
        return f"{number(100.0 * value)}%"
    return f"{number(value)}{' ' + unit if unit else ''}"


def size(value: float, unit: str, *, signed: bool = False) -> str:
    """Return a difference with its unit; shares differ by points.

    Examples
    --------
    >>> size(0.02, "share"), size(0.4, "euro", signed=True)
    ('2.00 points', '+0.400 euro')
    """
    scale, word = (100.0, " points") if unit == SHARE else (1.0, f" {unit}" if unit else "")
    return f"{number(scale * value, signed=signed)}{word}"


def difference(interval: Interval, unit: str, level: str, to: str = "to") -> str:
    """Return a difference with its interval.

    Examples
    --------
    >>> difference(Interval(0.0766, 0.0701, 0.0831), "share", "95%")
    '+7.66 points (95% +7.01 to +8.31)'
    """
    bare = 100.0 if unit == SHARE else 1.0
    lower, upper = (number(bare * v, signed=True) for v in (interval.lower, interval.upper))
    return f"{size(interval.value, unit, signed=True)} ({level} {lower} {to} {upper})"


def change(interval: Interval, level: str, to: str = "to") -> str:
    """Return a relative effect with its interval.

    Examples
    --------
    >>> change(Interval(0.7219, 0.64, 0.81), "95%")
    '+72.2% (95% +64.0% to +81.0%)'
    """
    value, lower, upper = (
        f"{number(100.0 * v, signed=True)}%" for v in (interval.value, interval.lower, interval.upper)
    )
    return f"{value} ({level} {lower} {to} {upper})"


def level_of(alpha: float) -> str:
    """Return the confidence as people say it: ``95%`` of .05."""
    return f"{100.0 * (1.0 - alpha):.6g}%"


def line_sentence(metric: str, arm: str, effect: Effect, unit: str, verdict: str) -> str:
    """Return what one arm did to one metric."""
    said = difference(effect.absolute, unit, level_of(effect.alpha))
    sides = f"{figure(effect.treatment, unit)} against {figure(effect.control, unit)}"
    relative = "" if effect.relative is None else f", {number(100.0 * effect.relative.value, signed=True)}%"
    way = "higher" if effect.absolute.value > 0.0 else "lower"
    # Of most metrics everybody knows which way is good; of the others, and of harm, it is said.
    judgement = ", which is worse" if verdict == "worse" else ", which is better" if way == "lower" else ""
    claim = (
        f"whether {arm!r} changes {metric} is not known"
        if verdict == "open"
        else f"{metric} is surely {way} with {arm!r}{judgement}"
    )
    return f"{claim}: {sides}, {said}{relative}."


def guardrail_figures(effect: Effect, unit: str, guardrail: Guardrail, level: str, to: str = "to") -> tuple[str, str]:
    """Return an effect with its interval, and the margin: relative ones where the guardrail's is, in the same unit."""
    if guardrail.relative and effect.relative is not None:
        return change(effect.relative, level, to), f"{100.0 * guardrail.margin:g}%"
    scale, word = (100.0, " points") if unit == SHARE else (1.0, f" {unit}" if unit else "")
    return difference(effect.absolute, unit, level, to), f"{scale * guardrail.margin:g}{word}"


def guardrail_sentence(metric: str, arm: str, effect: Effect, unit: str, verdict: str, guardrail: Guardrail) -> str:
    """Return how one arm stands against a guardrail."""
    said, margin = guardrail_figures(effect, unit, guardrail, "between", "and")
    level = level_of(effect.alpha / 2.0)
    way = "less" if guardrail.better == "higher" else "more"
    claim = {
        "held": f"the guardrail {metric} held with {arm!r}",
        "broken": f"the guardrail {metric} is broken with {arm!r}",
    }.get(verdict, f"whether the guardrail {metric} holds with {arm!r} is not known yet")
    return f"{claim}: {said}, each bound sure to {level}, where {margin} {way} is allowed."


def split_sentence(split: Split, checks: Sequence[tuple[str, float]], threshold: float, *, shares_known: bool) -> str:
    """Return whether the arms have the sizes of the design, and what to do where they have not."""
    ratio = split.arms if split.arms.mismatch or split.holdout is None else split.holdout
    broken = [(what, p) for what, p in checks if p < threshold]
    lowest = min(p for _, p in checks)
    if not broken:
        assumed = "" if shares_known else " (equal shares are assumed: the design's were not stated)"
        said = f"The arms have the sizes that the design promised{assumed}"
        return f"{said}: {_p(lowest)}, at least {threshold:g} is asked."
    names = split.names if ratio is split.arms else ("held back", "not held back")
    sizes = ", ".join(
        f"{name!r} has {count:,} units where {expected:,.0f} were to be expected"
        for name, count, expected in zip(names, ratio.counts, ratio.expected, strict=True)
    )
    if not split.mismatch:
        sizes = "rows were set aside in unequal shares of the arms"
    hint = "" if shares_known else " or state the design's shares, if they are not equal,"
    return (
        f"The sizes of the arms are not those of the design ({broken[0][0]}, {_p(broken[0][1])}): {sizes}. Units "
        f"were lost or moved, so no effect is concluded: find the cause{hint} and read again."
    )


def exposed_sentence(
    metric: str, arm: str, effect: Interval | None, shares: tuple[float, float], unit: str, level: str
) -> str:
    """Return what the treatment did to those who met it."""
    met = f"{figure(shares[1], SHARE)} of {arm!r} met it and {figure(shares[0], SHARE)} of the control"
    if effect is None:
        return f"{met}: too small a difference to say what it did to those who did."
    return f"{met}; to those who met it because of the draw it did {difference(effect, unit, level)} of {metric}."


def progress_sentence(fraction: float, *, is_final: bool, units: int, planned: int | None) -> str:
    """Return whether it is over."""
    if planned is None:
        return f"The trial is read as over, with {units:,} units: no planned number was stated."
    if is_final:
        return f"It is over: {units:,} units of {planned:,} that were planned."
    left = planned - units
    return (
        f"It is not over: {units:,} of {planned:,} planned units ({100.0 * fraction:.0f}%), {left:,} are left; the "
        "intervals may be looked at as often as one likes."
    )


def _p(value: float) -> str:
    return "p < 0.0001" if value < 1e-4 else f"p = {value:.{max(2, 1 - math.floor(math.log10(value)))}f}"
