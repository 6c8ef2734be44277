"""Card precision: of the cards that a team looks into every day, how many were compromised."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jobs.errors import BadRequest, BadRows

TOP = 100
"""Cards looked into a day."""


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


def card_precision(
    day: ArrayLike, customer: ArrayLike, is_fraud: ArrayLike, score: ArrayLike, top: int = TOP
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

    References
    ----------
    .. [1] Le Borgne et al. (2022), Reproducible Machine Learning for Credit Card Fraud Detection,
       Practical Handbook, chapter 4.

    Examples
    --------
    >>> card_precision([1, 1, 1], ["a", "b", "c"], [0, 1, 0], [.1, .9, .2], top=2)
    CardPrecision(score=0.5, ceiling=0.5, by_day=(0.5,))
    """
    labels = np.asarray(is_fraud).astype(bool)
    card = np.unique(np.asarray(customer), return_inverse=True)[1]
    by_day = CardQueue(day, card, labels, score, top).by_day()
    best = CardQueue(day, card, labels, labels, top).by_day()
    return CardPrecision(float(np.mean(by_day)), float(np.mean(best)), tuple(map(float, by_day)))


class CardQueue:
    """Each day's cards in the order in which they are looked into, ready to be counted with many weights.

    Parameters
    ----------
    day, card, is_fraud, score : array-like of shape (n_transactions,)
        Number of the day, number of the card from 0, label (0 or 1), score.
    top : int
        Cards looked into every day.

    Raises
    ------
    BadRequest
        If `top` is less than 1.
    BadRows
        If there is no row.
    """

    def __init__(self, day: ArrayLike, card: ArrayLike, is_fraud: ArrayLike, score: ArrayLike, top: int = TOP) -> None:
        if top < 1:
            raise BadRequest(f"top is {top}; give the number of cards looked into a day, at least 1.")
        days, cards = np.asarray(day), np.asarray(card)
        if not days.size:
            raise BadRows("card precision: there is no row to judge; give at least one day of transactions.")
        labels, scores = np.asarray(is_fraud).astype(bool), np.asarray(score, dtype=np.float64)
        self._top = top
        self._n_cards = int(cards.max()) + 1
        self._queue: list[tuple[NDArray[np.int64], NDArray[np.bool_]]] = []
        for one in np.unique(days):
            rows = np.flatnonzero(days == one)
            highest = np.full(self._n_cards, -np.inf)
            compromised = np.zeros(self._n_cards, dtype=bool)
            np.maximum.at(highest, cards[rows], scores[rows])
            np.logical_or.at(compromised, cards[rows], labels[rows])
            present = np.unique(cards[rows])
            queued = present[np.argsort(-highest[present], kind="stable")]
            self._queue.append((queued, compromised[queued]))

    def by_day(self, weight: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Return the share of compromised cards among the first ones of each day.

        Parameters
        ----------
        weight : ndarray of shape (n_cards,), optional
            How many cards each card stands for, at least 0; one each without it.

        Returns
        -------
        ndarray of shape (n_days,)
            Shares in [0, 1].
        """
        counted = np.ones(self._n_cards) if weight is None else weight
        found = np.zeros(self._n_cards, dtype=bool)
        shares = []
        for queued, compromised in self._queue:
            left = ~found[queued]
            cards, bad = queued[left], compromised[left]
            reached = np.cumsum(counted[cards])
            taken = np.clip(self._top - (reached - counted[cards]), 0.0, counted[cards])
            caught = bad & (taken > 0)
            shares.append(taken[caught].sum() / self._top)
            found[cards[caught]] = True
        return np.array(shares)
