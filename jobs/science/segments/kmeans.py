"""Cluster centres by Lloyd's rounds, the same on every run, and the nearest centre of each customer."""

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 60
_STARTS = 8
_CHUNK_ROWS = 65_536

Matrix = NDArray[np.float64]


def fit_centres(x: Matrix, k: int, r: np.random.Generator, starts: int = _STARTS) -> Matrix:
    """Return k centres that customers are as near as possible to.

    One process, one order of sums: unlike scikit-learn's parallel rounds, the last digit is the same on every run,
    and so is the digest that names the model.

    Parameters
    ----------
    x : ndarray of shape (n_customers, n_features)
        Scaled features.
    k : int
        How many centres, 1 to n_customers.
    r : numpy.random.Generator
        Source of the first centres.
    starts : int
        Tries, of which the best is kept.

    Returns
    -------
    ndarray of shape (k, n_features)
        Centres; of fewer different customers than k, some are equal.

    References
    ----------
    .. [1] Arthur and Vassilvitskii (2007), k-means++: the advantages of careful seeding, SODA.
    """
    if k == 1:
        return np.asarray(x.mean(axis=0, keepdims=True))
    tried = [_lloyd(x, _first_centres(x, k, r)) for _ in range(starts)]
    return min(tried, key=lambda centres: within(x, centres))


def nearest(x: Matrix, centres: Matrix) -> NDArray[np.int64]:
    """Return the place of each customer's nearest centre; of two as near, the first.

    Examples
    --------
    >>> nearest(np.array([[0.0], [9.0]]), np.array([[1.0], [8.0]])).tolist()
    [0, 1]
    """
    # |x - c|^2 less |x|^2, which is the same for every centre
    from_origin = (centres**2).sum(axis=1)
    parts = [
        (from_origin - 2 * (x[i : i + _CHUNK_ROWS] @ centres.T)).argmin(axis=1) for i in range(0, len(x), _CHUNK_ROWS)
    ]
    return np.concatenate([np.empty(0, np.int64), *parts]).astype(np.int64)


def within(x: Matrix, centres: Matrix) -> float:
    """Return the mean squared distance of customers from their nearest centre."""
    return float(_squares(x, centres).min(axis=1).mean())


def _squares(x: Matrix, centres: Matrix) -> Matrix:
    crossed = x @ centres.T
    squares = (x**2).sum(axis=1)[:, None] - 2 * crossed + (centres**2).sum(axis=1)
    return np.asarray(np.maximum(squares, 0.0), dtype=np.float64)


def _first_centres(x: Matrix, k: int, r: np.random.Generator) -> Matrix:
    """Draw the first centres, each far from those before it more often than not."""
    centres = x[r.integers(len(x), size=1)]
    away = _squares(x, centres)[:, 0]
    for _ in range(k - 1):
        reach = np.cumsum(away)
        drawn = int(np.searchsorted(reach, r.random() * reach[-1], side="right")) if reach[-1] > 0 else 0
        centre = x[min(drawn, len(x) - 1)]
        centres = np.vstack([centres, centre])
        away = np.minimum(away, _squares(x, centre[None, :])[:, 0])
    return np.asarray(centres)


def _lloyd(x: Matrix, centres: Matrix) -> Matrix:
    k = len(centres)
    columns = np.ascontiguousarray(x.T)
    before: NDArray[np.int64] | None = None
    for _ in range(_ROUNDS):
        labels = nearest(x, centres)
        if before is not None and np.array_equal(labels, before):
            break
        before = labels
        counts = np.bincount(labels, minlength=k)
        sums = np.stack([np.bincount(labels, weights=column, minlength=k) for column in columns], axis=1)
        filled = counts > 0
        centres = centres.copy()
        centres[filled] = sums[filled] / counts[filled, None]
    return centres
