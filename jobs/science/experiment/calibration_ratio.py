"""How much of what was promised was measured, and by what the next promise is multiplied."""

import math
from dataclasses import dataclass

from jobs.errors import BadRequest
from jobs.science.experiment.interval import Effect, Interval

PRIOR_ERROR = 0.5
"""How far, in standard deviations, measured over promised effects of a campaign are taken to lie from 1 beforehand."""

MOST = 2.0
"""Largest factor: a holdout that measures more than twice the promise calls for another model, not for a factor."""

_Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Calibration:
    """Measured over promised effects, and the factor that follows.

    Parameters
    ----------
    factor : float
        What the effects of the next night are multiplied by, in [0, 2]; 1 where nothing is known yet.
    lower, upper : float
        95% interval of the factor; where nothing is known yet, that of the prior.
    standard_error : float
        Of the factor.
    measured_over_promised : Interval
        Of effects as the model made them, before any factor: a promise that was calibrated already is taken back first.
    promised_over_measured : Interval
        The reciprocal (Fieller's interval with a promise that is known); infinite where it has no end.
    known : bool
        Whether the factor is used: the interval of the ratio must not hold both 0 and 1.
    """

    factor: float
    lower: float
    upper: float
    standard_error: float
    measured_over_promised: Interval
    promised_over_measured: Interval
    known: bool


def calibration(measured: Effect, rows: int, model_effect_eur: float) -> Calibration:
    """Return what a measured effect says of the model's promise.

    The offers were made and their promise is a known sum; only what is measured has an error. The ratio is shrunk
    towards 1 by its error: a small holdout changes little, a large one is believed.

    Parameters
    ----------
    measured : Effect
        Of a row of the trial, euro, before contact costs.
    rows : int
        Rows that could be given an offer, >= 1: the total is so many times the effect.
    model_effect_eur : float
        Sum of the effects that the model promised for the offers of these rows, euro, before any factor; above 0.

    Returns
    -------
    Calibration

    Raises
    ------
    BadRequest
        If nothing was promised: a ratio needs a promise above 0.

    References
    ----------
    Fieller (1954), Some problems in interval estimation. Journal of the Royal Statistical Society B 16.
    Efron and Morris (1975), Data analysis using Stein's estimator. JASA 70.

    Examples
    --------
    >>> from jobs.science.experiment.interval import Estimate, contrast
    >>> half = contrast(Estimate(10.0, 0.001, 5_000), Estimate(10.5, 0.0001, 50_000))
    >>> found = calibration(half, 50_000, 50_000.0)
    >>> round(found.measured_over_promised.value, 3), round(found.factor, 3), found.known
    (0.5, 0.502, True)
    """
    if not (math.isfinite(model_effect_eur) and model_effect_eur > 0.0):
        raise BadRequest(
            f"the offers promised {model_effect_eur:g} euro of effects: measured over promised needs a promise above 0."
        )
    scale = rows / model_effect_eur
    found = measured.absolute
    ratio = Interval(found.value * scale, found.lower * scale, found.upper * scale)
    error = measured.standard_error * scale
    weight = PRIOR_ERROR**2 / (PRIOR_ERROR**2 + error**2)
    known = ratio.lower > 0.0 or ratio.upper < 1.0
    shrunk, own = (1.0 + weight * (ratio.value - 1.0), math.sqrt(weight) * error) if known else (1.0, PRIOR_ERROR)
    return Calibration(
        bounded(shrunk),
        bounded(shrunk - _Z_95 * own),
        bounded(shrunk + _Z_95 * own),
        own,
        ratio,
        reciprocal(ratio),
        known,
    )


def bounded(factor: float) -> float:
    """Return a factor within [0, 2]."""
    return min(max(factor, 0.0), MOST)


def reciprocal(ratio: Interval) -> Interval:
    """Return the interval of 1 over a ratio; infinite where the ratio may be 0.

    Examples
    --------
    >>> reciprocal(Interval(0.5, 0.4, 0.8)), reciprocal(Interval(0.5, -0.1, 1.1)).upper
    (Interval(value=2.0, lower=1.25, upper=2.5), inf)
    """
    if ratio.upper <= 0.0:
        return Interval(math.inf, math.inf, math.inf)
    value = 1.0 / ratio.value if ratio.value > 0.0 else math.inf
    return Interval(value, 1.0 / ratio.upper, 1.0 / ratio.lower if ratio.lower > 0.0 else math.inf)


def calibration_sentence(campaign: str, found: Calibration) -> str:
    """Return what a run says of the factor, in words.

    Examples
    --------
    >>> known = Calibration(.52, .43, .61, .05, Interval(.5, .4, .6), Interval(2., 1.7, 2.5), True)
    >>> calibration_sentence("spring", known)
    'effects of spring are multiplied by 0.52 (95% 0.43 to 0.61): its holdout measured 50% of what the model promised \
(95% 40% to 60%)'
    """
    ratio = found.measured_over_promised
    measured = f"{ratio.value:.0%} of what the model promised (95% {ratio.lower:.0%} to {ratio.upper:.0%})"
    if not found.known:
        return (
            f"effects of {campaign} are left as they are: its holdout measured {measured}, which is not known well yet"
        )
    return (
        f"effects of {campaign} are multiplied by {found.factor:.2f} (95% {found.lower:.2f} to {found.upper:.2f}): "
        f"its holdout measured {measured}"
    )
