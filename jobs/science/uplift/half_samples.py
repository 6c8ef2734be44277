"""Half samples of rows, clusters whole: the bootstrap that the errors of every ranking metric come from."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadTrial

RESAMPLES = 200
"""Half samples by default, as in grf: the standard error is then known to within 5% of itself."""


def units_of(rows: int, cluster: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return the number of the unit that each row belongs to: itself, or its cluster.

    Parameters
    ----------
    rows : int
        Number of rows.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.

    Examples
    --------
    >>> units_of(3, np.array([7, 9, 7])).tolist()
    [0, 1, 0]
    """
    if cluster is None:
        return np.arange(rows, dtype=np.int64)
    return np.asarray(np.unique(cluster, return_inverse=True)[1], np.int64)


def half_samples(units: int, resamples: int = RESAMPLES, seed: int = 0) -> Iterator[NDArray[np.bool_]]:
    """Draw half of the units, without replacement, again and again.

    A statistic's standard deviation over half samples is its standard error on all units: a half has twice the
    variance, and half of that variance it shares with the whole. The same seed draws the same halves, so that two
    rankings of the same rows are compared in pairs.

    Parameters
    ----------
    units : int
        Rows, or clusters.
    resamples : int
        Number of half samples.
    seed : int
        Seed of the draws.

    Yields
    ------
    numpy.ndarray of bool, shape (units,)
        Which units are in; the array is the caller's only until the next draw.

    Raises
    ------
    BadTrial
        If there are fewer than four units, of which no half has an error.

    References
    ----------
    Yadlowsky, Fleming, Shah, Brunskill and Wager (2025), Evaluating treatment prioritization rules via rank-weighted
    average treatment effects. JASA 120. grf, ``boot_grf(half.sample = TRUE)``.

    Examples
    --------
    >>> [int(drawn.sum()) for drawn in half_samples(5, resamples=3)]
    [2, 2, 2]
    """
    if units < 4:
        raise BadTrial(
            f"{units} independent rows or clusters are left to judge on: an error needs four; hold out more rows"
        )
    generator = np.random.default_rng(seed)
    drawn = np.zeros(units, bool)
    for _ in range(resamples):
        drawn[:] = False
        drawn[generator.choice(units, units // 2, replace=False, shuffle=False)] = True
        yield drawn
