"""Whether text earns its place: what it adds on later days, beside how far that can be an accident of few partners."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jobs.science.partners.metrics import queue_metrics

GROUPS = 20


@dataclass(frozen=True)
class Gain:
    """What a second ranking adds over a first one, in average precision.

    Parameters
    ----------
    average_precision : float
        Second less first.
    standard_error : float or None
        By leaving out one group of partners after another; None where no risky partner is left in one of them.
    """

    average_precision: float
    standard_error: float | None

    @property
    def is_kept(self) -> bool:
        """Whether the second is to be used: it adds more than one standard error."""
        return self.standard_error is not None and self.average_precision > self.standard_error


def gain(day: ArrayLike, partner: ArrayLike, is_risky: ArrayLike, first: ArrayLike, second: ArrayLike) -> Gain:
    """Compare two rankings of the same partner-days; a partner's days stay together.

    Parameters
    ----------
    day, partner, is_risky : array-like of shape (n_partner_days,)
        Number of the day, partner, truth.
    first, second : array-like of shape (n_partner_days,)
        Scores, higher is riskier.

    Returns
    -------
    Gain
        Difference and its standard error by a delete-a-group jackknife.

    References
    ----------
    .. [1] Kott (2001), The delete-a-group jackknife, Journal of Official Statistics.

    Examples
    --------
    >>> gain([1, 1, 1], ["a", "b", "c"], [0, 1, 1], [3, 2, 1], [1, 2, 3]).average_precision.__round__(3)
    0.417
    """
    days, risky = np.asarray(day), np.asarray(is_risky).astype(bool)
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    _, number = np.unique(np.asarray(partner, dtype=str), return_inverse=True)
    whole = _difference(days, risky, a, b)
    groups = min(GROUPS, int(number.max()) + 1)
    left = []
    for one in range(groups):
        keep = number % groups != one
        if not risky[keep].any():
            return Gain(whole, None)
        left.append(_difference(days[keep], risky[keep], a[keep], b[keep]))
    spread = np.asarray(left) - np.mean(left)
    return Gain(whole, float(np.sqrt((groups - 1) / groups * (spread**2).sum())))


def _difference(
    day: NDArray[np.generic], risky: NDArray[np.bool_], first: NDArray[np.float64], second: NDArray[np.float64]
) -> float:
    one, other = (queue_metrics(day, risky, score, 1).average_precision for score in (first, second))
    return other - one
