"""What treating the top share of a ranking is worth."""

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.half_samples import RESAMPLES, half_samples, units_of
from jobs.science.uplift.upgrade_path import ranking_path


def value_of_top(
    priority: NDArray[np.float64],
    untreated: NDArray[np.float64],
    gain: NDArray[np.float64],
    share: float,
    *,
    cluster: NDArray[np.int64] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[Estimate, Estimate]:
    """Value the policy that treats a fixed share of the customers, the highest priorities first.

    The threshold is not known beforehand but found among the rows: half samples rank anew, so that errors know of it.

    Parameters
    ----------
    priority : numpy.ndarray of shape (n_rows,)
        The higher, the sooner treated; equal ones are drawn by lot.
    untreated : numpy.ndarray of shape (n_rows,)
        Doubly robust score of the control, in euro.
    gain : numpy.ndarray of shape (n_rows,)
        Doubly robust score of treatment less that of control less cost, in euro.
    share : float
        Share that is treated, in [0, 1].
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.
    resamples : int
        Half samples behind the standard errors.
    seed : int
        Seed of the half samples.

    Returns
    -------
    tuple of Estimate
        Value for one customer of all, treated or not, and the same less that of treating nobody, in euro.

    Examples
    --------
    >>> value, gain = value_of_top(np.array([4.0, 3.0, 2.0, 1.0]), np.ones(4), np.array([8.0, 4.0, 0.0, 0.0]), 0.5)
    >>> value.value, gain.value
    (4.0, 3.0)
    """
    unit, path, contacts = units_of(len(gain), cluster), ranking_path(priority, gain), np.array([share])
    drawn = []
    for half in half_samples(int(unit.max()) + 1, resamples, seed):
        kept = half[unit]
        added = float(path.gain_at(contacts, kept)[0])
        drawn.append((float(np.mean(untreated[kept])) + added, added))
    added = float(path.gain_at(contacts, None)[0])
    value_error, gain_error = np.std(drawn, axis=0, ddof=1).tolist()
    return Estimate(float(np.mean(untreated)) + added, value_error), Estimate(added, gain_error)
