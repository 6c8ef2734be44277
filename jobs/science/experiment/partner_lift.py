"""What a campaign added to each partner's sales, and the same shrunk towards what it added at all partners."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from jobs.errors import BadRequest
from jobs.science.experiment.interval import Interval
from jobs.science.experiment.moments import Floats

_Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Shrunk:
    """A figure drawn towards those of its kind.

    Parameters
    ----------
    interval : Interval
        The shrunk figure with its 95% interval.
    weight : float
        Weight of the mean of all in it, in [0, 1].
    """

    interval: Interval
    weight: float


def shrunk(value: Sequence[float] | Floats, standard_error: Sequence[float] | Floats) -> tuple[Shrunk, ...]:
    """Shrink figures towards their mean, the less sure the more (empirical Bayes).

    The spread of the true figures is found by Paule and Mandel's equation: with it the figures vary about their mean
    as much as their errors and the spread together say. The interval holds what is left of a figure's own error, that
    of the mean and that of the weight, which with few figures is large (Morris). A single figure is left as it is.

    Parameters
    ----------
    value : array-like of shape (n,)
        Figures in one unit, one at least.
    standard_error : array-like of shape (n,)
        Their standard errors, above 0.

    Returns
    -------
    tuple of Shrunk, length n

    Raises
    ------
    BadRequest
        If there is none, or an error is not above 0.

    References
    ----------
    Paule and Mandel (1982), Consensus values and weighting factors. Journal of Research of the NBS 87.
    Morris (1983), Parametric empirical Bayes inference. Journal of the American Statistical Association 78.

    Examples
    --------
    >>> [round(s.interval.value, 2) for s in shrunk([0.0, 1.0, 8.0], [1.0, 1.0, 1.0])]
    [0.08, 1.05, 7.87]
    >>> shrunk([5.0], [1.0])[0].weight
    0.0
    """
    y, error = np.asarray(value, np.float64), np.asarray(standard_error, np.float64)
    if not len(y) or len(y) != len(error) or not (np.isfinite([y, error]).all() and (error > 0.0).all()):
        raise BadRequest(
            f"{len(y)} figures with errors {error.tolist()}: give one at least, each with an error above 0."
        )
    if len(y) == 1:
        half = _Z_95 * float(error[0])
        return (Shrunk(Interval(float(y[0]), float(y[0]) - half, float(y[0]) + half), 0.0),)
    spread = _spread(y, error**2)
    precision = 1.0 / (error**2 + spread)
    mean = float(precision @ y / precision.sum())
    k = len(y)
    # Morris: the plain weight is too large when the spread is itself estimated; from three figures on it can be mended.
    away = error**2 * precision * ((k - 3) / (k - 1) if k > 3 else 1.0 if spread == 0.0 else (k - 1) / (k + 1))
    centre = y + away * (mean - y)
    of_mean = away**2 / precision.sum() if k > 3 else away / precision.sum()
    # How far the weight itself may be off, by the distance it acts on.
    of_weight = 2.0 / max(k - 3, 1) * away**2 * (y - mean) ** 2
    half = _Z_95 * np.sqrt((1.0 - away) * error**2 + of_mean + of_weight)
    return tuple(
        Shrunk(Interval(float(c), float(c - h), float(c + h)), float(w))
        for c, h, w in zip(centre, half, away, strict=True)
    )


def _spread(y: Floats, variance: Floats) -> float:
    """Return the variance of the true figures about their mean."""

    def excess(spread: float) -> float:
        precision = 1.0 / (variance + spread)
        return float(precision @ (y - precision @ y / precision.sum()) ** 2) - (len(y) - 1)

    if excess(0.0) <= 0.0:
        return 0.0
    # A spread of all squares about the plain mean leaves less than is asked for.
    return float(brentq(excess, 0.0, float(((y - y.mean()) ** 2).sum()) + float(variance.max()), xtol=1e-12))
