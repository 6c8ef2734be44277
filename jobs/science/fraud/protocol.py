"""How the Fraud Detection Handbook judges a detector: its split by days, and card precision.

Both say what a team of investigators would see: labels come a week late, compromised cards are
blocked, and every day a fixed number of cards is looked into.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jobs.errors import BadRequest, BadRows


@dataclass(frozen=True)
class HandbookSplit:
    """Which rows are learnt from and which are judged.

    Parameters
    ----------
    train, test : ndarray of shape (n_transactions,)
        True for the rows of that part.
    """

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]


@dataclass(frozen=True)
class CardPrecision:
    """Share of the cards looked into that were compromised.

    Parameters
    ----------
    score : float
        Mean over days, in [0, 1].
    ceiling : float
        The same for a detector that knows the labels, in [0, 1].
    by_day : tuple of float
        One value a day, in order.
    """

    score: float
    ceiling: float
    by_day: tuple[float, ...]


def handbook_split(
    day: ArrayLike,
    customer: ArrayLike,
    is_fraud: ArrayLike,
    first_train_day: int,
    *,
    train_days: int = 7,
    label_delay_days: int = 7,
    test_days: int = 7,
) -> HandbookSplit:
    """Split transactions into days to learn from, a label delay, and days to judge.

    Cards that are known to be compromised when a test day begins are left out of that day: those with
    a fraud on a training day, or on any later day that is more than a label delay before.

    Parameters
    ----------
    day : array-like of shape (n_transactions,)
        Number of the day of each transaction.
    customer : array-like of shape (n_transactions,)
        Card or customer.
    is_fraud : array-like of shape (n_transactions,)
        Labels, 0 or 1.
    first_train_day : int
        Number of the first training day.
    train_days, label_delay_days, test_days : int
        Lengths in days.

    Returns
    -------
    HandbookSplit
        The rows of both parts.

    References
    ----------
    .. [1] Le Borgne et al. (2022), Reproducible Machine Learning for Credit Card Fraud Detection,
       Practical Handbook, chapters 3 and 5.

    Examples
    --------
    >>> split = handbook_split([0, 1, 2, 2], ["a", "b", "a", "b"], [1, 0, 0, 0], 0, train_days=1,
    ...     label_delay_days=1, test_days=1)
    >>> split.test
    array([False, False, False,  True])
    """
    days = np.asarray(day)
    _, card = np.unique(np.asarray(customer), return_inverse=True)
    fraud = np.asarray(is_fraud).astype(bool)
    last_train_day = first_train_day + train_days - 1
    train = (days >= first_train_day) & (days <= last_train_day)
    test = np.zeros(days.shape, dtype=bool)
    first_test_day = last_train_day + label_delay_days + 1
    for test_day in range(first_test_day, first_test_day + test_days):
        last_known = test_day - label_delay_days - 1
        known = np.unique(card[fraud & (days >= first_train_day) & (days <= last_known)])
        test |= (days == test_day) & ~np.isin(card, known)
    return HandbookSplit(train, test)


def card_precision(
    day: ArrayLike, customer: ArrayLike, is_fraud: ArrayLike, score: ArrayLike, top: int = 100
) -> CardPrecision:
    """Compute the card precision at `top`, averaged over days.

    A card's score and label of a day are the largest of its transactions. The `top` cards are looked
    into; those that are found compromised leave for good. Equal scores are taken in order of card.

    Parameters
    ----------
    day, customer, is_fraud, score : array-like of shape (n_transactions,)
        Number of the day, card, label (0 or 1), and a score that is higher for more suspect rows.
    top : int
        Cards looked into every day.

    Returns
    -------
    CardPrecision
        Score, its ceiling, and the days.

    Raises
    ------
    BadRequest
        If `top` is less than 1.
    BadRows
        If there is no row.

    Examples
    --------
    >>> card_precision([1, 1, 1], ["a", "b", "c"], [0, 1, 0], [.1, .9, .2], top=2)
    CardPrecision(score=0.5, ceiling=0.5, by_day=(0.5,))
    """
    if top < 1:
        raise BadRequest(f"top is {top}; give the number of cards looked into a day, at least 1.")
    days, labels = np.asarray(day), np.asarray(is_fraud).astype(bool)
    if not days.size:
        raise BadRows("card precision: there is no row to judge; give at least one day of transactions.")
    cards, card = np.unique(np.asarray(customer), return_inverse=True)
    by_day = _hits_by_day(days, card, cards.size, labels, np.asarray(score, dtype=float), top)
    best = _hits_by_day(days, card, cards.size, labels, labels.astype(float), top)
    shares = tuple(hits / top for hits in by_day)
    return CardPrecision(float(np.mean(shares)), float(np.mean(best)) / top, shares)


def _hits_by_day(
    days: NDArray[np.int64],
    card: NDArray[np.intp],
    n_cards: int,
    labels: NDArray[np.bool_],
    score: NDArray[np.float64],
    top: int,
) -> list[int]:
    found = np.zeros(n_cards, dtype=bool)
    hits = []
    for one in np.unique(days):
        rows = np.flatnonzero((days == one) & ~found[card])
        highest = np.full(n_cards, -np.inf)
        compromised = np.zeros(n_cards, dtype=bool)
        np.maximum.at(highest, card[rows], score[rows])
        np.logical_or.at(compromised, card[rows], labels[rows])
        present = np.unique(card[rows])
        looked_into = present[np.argsort(-highest[present], kind="stable")[:top]]
        caught = looked_into[compromised[looked_into]]
        found[caught] = True
        hits.append(int(caught.size))
    return hits
