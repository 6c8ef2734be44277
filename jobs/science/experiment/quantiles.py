"""Quantiles of two arms, by the bootstrap on rows: each arm's own order statistics are drawn again."""

import numpy as np

from jobs.errors import BadRequest, BadRows, BadTrial
from jobs.science.experiment.interval import Interval, checked_alpha
from jobs.science.experiment.moments import Floats

SMALLEST_TAIL = 10
"""So many rows an arm needs beyond the quantile: with fewer the bootstrap sees the sample's largest value only."""


def quantile_difference(
    control: Floats, treatment: Floats, share: float, *, alpha: float = 0.05, draws: int = 4000, seed: int = 0
) -> Interval:
    """Return the difference of two arms' quantiles.

    The k-th of n values drawn again with replacement is the value at rank ``ceil(n B)`` with B a Beta(k, n - k + 1):
    so the rows' bootstrap is drawn exactly, without drawing rows.

    Parameters
    ----------
    control, treatment : numpy.ndarray of shape (n_rows,)
        Values of the two arms.
    share : float
        Which quantile, in (0, 1): the smallest value with at least this share of rows at or below it.
    alpha : float
        One less the confidence, in (0, 1).
    draws : int
        Bootstrap samples, at least 200.
    seed : int
        Of the draws.

    Returns
    -------
    Interval
        The percentile interval.

    Raises
    ------
    BadRequest
        If `share`, `alpha` or `draws` is not allowed.
    BadRows
        If a value is not finite.
    BadTrial
        If an arm has too few rows beyond the quantile.

    References
    ----------
    Schultzberg and Ankargren (2022), Resampling-free bootstrap inference for quantiles. arXiv:2202.10992.

    Examples
    --------
    >>> low, high = np.arange(1000.0), np.arange(1000.0) + 300.0
    >>> quantile_difference(low, high, 0.5).value
    300.0
    """
    checked_alpha(alpha)
    if not 0.0 < share < 1.0:
        raise BadRequest(f"share == {share}, must be between 0 and 1, both excluded.")
    if draws < 200:
        raise BadRequest(f"draws == {draws}, must be at least 200.")
    generator = np.random.default_rng(seed)
    values: list[float] = []
    drawn: list[Floats] = []
    for name, arm in (("the control", control), ("the other arm", treatment)):
        rows = np.asarray(arm, np.float64)
        bad = np.flatnonzero(~np.isfinite(rows))
        if bad.size:
            raise BadRows(f"row {bad[0]} of {name} holds {rows[bad[0]]}: a quantile needs finite values.")
        if len(rows) * min(share, 1.0 - share) < SMALLEST_TAIL:
            raise BadTrial(
                f"{name} has {len(rows)} rows: its {share:g} quantile needs {SMALLEST_TAIL} rows beyond it at least."
            )
        ordered, rank = np.sort(rows), int(np.ceil(len(rows) * share))
        values.append(float(ordered[rank - 1]))
        at = np.ceil(generator.beta(rank, len(rows) - rank + 1, draws) * len(rows)).astype(np.int64)
        drawn.append(ordered[np.clip(at, 1, len(rows)) - 1])
    lower, upper = np.quantile(drawn[1] - drawn[0], [alpha / 2.0, 1.0 - alpha / 2.0])
    return Interval(values[1] - values[0], float(lower), float(upper))
