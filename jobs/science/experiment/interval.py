"""An effect with its interval: fixed-horizon ones for the planned end, always-valid ones for every look before it."""

import math
from dataclasses import dataclass
from typing import Protocol

from scipy.special import stdtr, stdtrit

from jobs.errors import BadRequest, BadTrial


@dataclass(frozen=True)
class Estimate:
    """An arm's figure.

    Parameters
    ----------
    value : float
        In the metric's unit.
    variance : float
        Square of its standard error.
    units : int
        What was drawn: rows, or clusters.
    """

    value: float
    variance: float
    units: int


class Reach(Protocol):
    """How many standard errors an interval reaches, and the p-value that goes with it."""

    def reach(self, alpha: float, degrees: float) -> float:
        """Return the half width, in standard errors."""

    def p_value(self, z: float, degrees: float) -> float:
        """Return the probability, under no effect, of a distance of at least `z` standard errors."""


@dataclass(frozen=True)
class FixedHorizon:
    """Student's t, for one look at the planned end."""

    def reach(self, alpha: float, degrees: float) -> float:
        """Return the two-sided quantile of Student's t."""
        return float(-stdtrit(degrees, alpha / 2.0))

    def p_value(self, z: float, degrees: float) -> float:
        """Return the two-sided p-value of Student's t."""
        return float(2.0 * stdtr(degrees, -abs(z)))


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval.

    Parameters
    ----------
    value, lower, upper : float
        In one unit.
    """

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Effect:
    """What an arm adds to the control.

    Parameters
    ----------
    control, treatment : float
        The arms' figures, adjusted where covariates are used.
    absolute : Interval
        Treatment less control.
    relative : Interval or None
        Treatment over control, less 1; None where one of them is not above 0.
    standard_error : float
        Of the absolute effect.
    degrees : float
        Degrees of freedom (Welch).
    p_value : float
        Of no effect, two-sided, in [0, 1].
    alpha : float
        One less the confidence of the intervals.
    """

    control: float
    treatment: float
    absolute: Interval
    relative: Interval | None
    standard_error: float
    degrees: float
    p_value: float
    alpha: float


def checked_alpha(alpha: float) -> float:
    """Return alpha, or refuse it.

    Raises
    ------
    BadRequest
        If it is not in (0, 1).
    """
    if not 0.0 < alpha < 1.0:
        raise BadRequest(f"alpha == {alpha}, must be between 0 and 1, both excluded; 0.05 is usual.")
    return alpha


def contrast(
    control: Estimate,
    treatment: Estimate,
    alpha: float = 0.05,
    reach: Reach | None = None,
    shared_variance: float = 0.0,
    *,
    of: str = "",
) -> Effect:
    """Return the effect of two independent estimates.

    Parameters
    ----------
    control, treatment : Estimate
        The two arms.
    alpha : float
        One less the confidence, in (0, 1).
    reach : Reach, optional
        Kind of interval; :class:`FixedHorizon` by default.
    shared_variance : float
        Variance that the absolute effect has beyond that of its two arms.
    of : str
        Name of the metric, for what a refusal says.

    Returns
    -------
    Effect
        The relative interval is that of the logarithm of the ratio, by the delta method.

    Raises
    ------
    BadTrial
        If neither arm varies: a constant metric has no interval.

    Examples
    --------
    >>> effect = contrast(Estimate(10.0, 0.04, 500), Estimate(11.0, 0.05, 500))
    >>> round(effect.absolute.lower, 3), round(effect.absolute.upper, 3)
    (0.411, 1.589)
    """
    checked_alpha(alpha)
    kind = reach or FixedHorizon()
    variance = control.variance + treatment.variance + shared_variance
    if not variance > 0.0 or not math.isfinite(variance):
        name = f"metric {of!r}" if of else "the metric"
        raise BadTrial(
            f"{name} is {control.value} in the control and {treatment.value} in the other arm for every unit that "
            "is read: a constant has no interval, choose a metric that varies."
        )
    error = math.sqrt(variance)
    degrees = _welch(control.variance, control.units, treatment.variance, treatment.units)
    value = treatment.value - control.value
    half = kind.reach(alpha, degrees) * error
    return Effect(
        control.value,
        treatment.value,
        Interval(value, value - half, value + half),
        _relative(control, treatment, alpha, kind, shared_variance),
        error,
        degrees,
        kind.p_value(value / error, degrees),
        alpha,
    )


def _relative(
    control: Estimate, treatment: Estimate, alpha: float, kind: Reach, shared_variance: float
) -> Interval | None:
    if control.value <= 0.0 or treatment.value <= 0.0:
        return None
    of_control, of_treatment = control.variance / control.value**2, treatment.variance / treatment.value**2
    shared = shared_variance / (control.value * treatment.value)
    degrees = _welch(of_control, control.units, of_treatment, treatment.units)
    half = kind.reach(alpha, degrees) * math.sqrt(of_control + of_treatment + shared)
    ratio = treatment.value / control.value
    # exp of more than 700 is no double: so wide an interval says nothing in either direction
    wide = math.exp(min(half, 700.0))
    return Interval(ratio - 1.0, ratio / wide - 1.0, ratio * wide - 1.0)


def _welch(a: float, units_a: int, b: float, units_b: int) -> float:
    return (a + b) ** 2 / (a**2 / (units_a - 1) + b**2 / (units_b - 1))
