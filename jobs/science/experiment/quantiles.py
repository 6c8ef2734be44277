"""A quantile of an arm's rows with the variance of the bootstrap on rows, of infinitely many draws."""

import numpy as np
from scipy.special import betainc

from jobs.errors import BadRequest, BadRows, BadTrial
from jobs.science.experiment.interval import Estimate
from jobs.science.experiment.moments import Floats

SMALLEST_TAIL = 10
"""So many rows an arm needs beyond the quantile: with fewer the bootstrap sees the sample's largest value only."""


def quantile_estimate(rows: Floats, share: float, arm: str = "the arm") -> Estimate:
    """Return an arm's quantile and its variance; :func:`~jobs.science.experiment.interval.contrast` compares two.

    The k-th of n values drawn again with replacement is the value at rank ``ceil(n B)`` with B a Beta(k, n - k + 1).
    So the bootstrap's mean and variance are sums over ranks: nothing is drawn, and no seed is needed.

    Parameters
    ----------
    rows : numpy.ndarray of shape (n_rows,)
        Values of the arm.
    share : float
        Which quantile, in (0, 1): the smallest value with at least this share of rows at or below it.
    arm : str
        Name, for what a refusal says.

    Returns
    -------
    Estimate

    Raises
    ------
    BadRequest
        If `share` is not allowed.
    BadRows
        If a value is not finite.
    BadTrial
        If the arm has too few rows beyond the quantile.

    References
    ----------
    Maritz and Jarrett (1978), A note on estimating the variance of the sample median. JASA 73.
    Schultzberg and Ankargren (2022), Resampling-free bootstrap inference for quantiles. arXiv:2202.10992.

    Examples
    --------
    >>> quantile_estimate(np.arange(1000.0), 0.5).value
    499.0
    """
    if not 0.0 < share < 1.0:
        raise BadRequest(f"share == {share}, must be between 0 and 1, both excluded.")
    values = np.asarray(rows, np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise BadRows(f"row {bad[0]} of {arm} holds {values[bad[0]]}: a quantile needs finite values.")
    n = len(values)
    if n * min(share, 1.0 - share) < SMALLEST_TAIL:
        raise BadTrial(f"{arm} has {n} rows: its {share:g} quantile needs {SMALLEST_TAIL} rows beyond it at least.")
    # of 0.9 * 1000 a double makes a little more than 900
    rank = int(np.ceil(n * share * (1.0 - 1e-12)))
    ordered = np.sort(values)
    weight = np.diff(betainc(rank, n - rank + 1, np.arange(n + 1) / n))
    mean = float(weight @ ordered)
    return Estimate(float(ordered[rank - 1]), float(weight @ (ordered - mean) ** 2), n)
