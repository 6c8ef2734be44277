"""How far two groupings of the same customers agree: adjusted Rand index, and each group's own overlap."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def adjusted_rand_index(first: ArrayLike, second: ArrayLike) -> float:
    """Return the adjusted Rand index of two groupings.

    Parameters
    ----------
    first, second : array-like of shape (n_customers,)
        Group of each customer, whole numbers from 0.

    Returns
    -------
    float
        1 where the groupings are the same but for the numbers of the groups, about 0 where they agree by chance
        alone, at least -0.5. Two groupings without any pair to tell apart agree: 1.

    References
    ----------
    .. [1] Hubert and Arabie (1985), Comparing partitions, Journal of Classification 2.

    Examples
    --------
    >>> adjusted_rand_index([0, 0, 1, 1], [1, 1, 0, 0])
    1.0
    >>> round(adjusted_rand_index([0, 0, 1, 1], [0, 1, 0, 1]), 3)
    -0.5
    """
    table = contingency(first, second)
    together = _pairs(table).sum()
    rows, columns = _pairs(table.sum(axis=1)).sum(), _pairs(table.sum(axis=0)).sum()
    by_chance = rows * columns / max(_pairs(table.sum()), 1.0)
    most = (rows + columns) / 2
    return 1.0 if most == by_chance else float((together - by_chance) / (most - by_chance))


def overlaps(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Return for each group of the first grouping its largest Jaccard overlap with a group of the second.

    Parameters
    ----------
    first, second : array-like of shape (n_customers,)
        Group of each customer, whole numbers from 0.

    Returns
    -------
    ndarray of shape (n_groups_of_first,)
        In [0, 1]; 1 where the second grouping has the very same group.

    References
    ----------
    .. [1] Hennig (2007), Cluster-wise assessment of cluster stability, Computational Statistics and Data Analysis 52.

    Examples
    --------
    >>> overlaps([0, 0, 1, 1], [0, 0, 1, 2]).tolist()
    [1.0, 0.5]
    """
    return np.asarray(jaccard(contingency(first, second)).max(axis=1), dtype=np.float64)


def contingency(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Return how many customers are in each pair of groups, shape (groups of first, groups of second)."""
    a, b = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    shape = (int(a.max()) + 1, int(b.max()) + 1)
    return np.bincount(a * shape[1] + b, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)


def jaccard(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return customers in both groups over customers in either, for each cell of a contingency table."""
    either = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    return np.asarray(np.divide(table, either, out=np.zeros_like(table), where=either > 0), dtype=np.float64)


def _pairs(n: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(n * (n - 1) / 2)
