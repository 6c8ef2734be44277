"""Fraud rates of groups, shrunk towards a prior: the fewer a group has seen, the more it weighs."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

SMALLEST_PRIOR = 1.0
LARGEST_PRIOR = 1_000.0


def shrunk_rate(frauds: ArrayLike, count: ArrayLike, towards: ArrayLike | None = None) -> NDArray[np.float64]:
    """Shrink the rate of each group towards the rate of all, the more the fewer it has seen.

    Parameters
    ----------
    frauds, count : array-like of shape (n_groups,)
        Frauds, and transactions they are among.
    towards : array-like of shape (n_groups,), optional
        Rate that each group is shrunk towards, in [0, 1]; by default that of all groups together.

    Returns
    -------
    ndarray of shape (n_groups,)
        Rates in [0, 1]; what it is shrunk towards for a group without transactions.

    Examples
    --------
    >>> rates = shrunk_rate([0, 1, 50], [100, 1, 100])
    >>> bool(rates[0] < rates[1] < 1)
    True
    """
    k, n = np.asarray(frauds, dtype=np.float64), np.asarray(count, dtype=np.float64)
    anchor = k.sum() / max(n.sum(), 1.0) if towards is None else np.asarray(towards, dtype=np.float64)
    prior = prior_strength(k, n)
    rate: NDArray[np.float64] = (k + prior * anchor) / (n + prior)
    return rate


def category_rate(frauds: ArrayLike, count: ArrayLike, category: ArrayLike) -> NDArray[np.float64]:
    """Return the rate of each group's category: what to expect of a group that has not shown anything yet.

    Parameters
    ----------
    frauds, count : array-like of shape (n_groups,)
        Frauds, and transactions they are among.
    category : array-like of shape (n_groups,)
        Category as text; empty where it is not known: all of these are one category.

    Returns
    -------
    ndarray of shape (n_groups,)
        Rates in [0, 1], each category's own shrunk towards that of all.

    Examples
    --------
    >>> category_rate([0, 8, 0], [100, 100, 0], ["books", "gifts", "gifts"]).round(3).tolist()
    [0.004, 0.076, 0.076]
    """
    k, n = np.asarray(frauds, dtype=np.float64), np.asarray(count, dtype=np.float64)
    _, place = np.unique(np.asarray(category, dtype=str), return_inverse=True)
    return shrunk_rate(np.bincount(place, k), np.bincount(place, n))[place]


def prior_strength(frauds: ArrayLike, count: ArrayLike) -> float:
    """Estimate how many transactions at the rate of all a group's own weigh against.

    Groups' rates are taken to follow a beta distribution; its strength is estimated by moments.

    Parameters
    ----------
    frauds, count : array-like of shape (n_groups,)
        Frauds, and transactions they are among.

    Returns
    -------
    float
        Transactions, from `SMALLEST_PRIOR` to `LARGEST_PRIOR`; the largest where the groups do not
        differ by more than chance.

    References
    ----------
    .. [1] Kleinman (1973), Proportions with extraneous variance: single and independent samples, JASA.

    Examples
    --------
    >>> prior_strength([5, 5, 5], [100, 100, 100])
    1000.0
    """
    k, n = np.asarray(frauds, dtype=np.float64), np.asarray(count, dtype=np.float64)
    k, n = k[n > 0], n[n > 0]
    total = n.sum()
    everyone = k.sum() / max(total, 1.0)
    by_chance = everyone * (1 - everyone)
    freedom = n.size - 1
    room = total - (n**2).sum() / max(total, 1.0) - freedom
    if by_chance == 0 or room <= 0:
        return LARGEST_PRIOR
    spread = (n * (k / n - everyone) ** 2).sum() / by_chance
    correlation = (spread - freedom) / room
    if correlation <= 0:
        return LARGEST_PRIOR
    return float(np.clip(1 / correlation - 1, SMALLEST_PRIOR, LARGEST_PRIOR))
