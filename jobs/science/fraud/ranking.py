"""How well a score ranks fraud before genuine rows, where a row may count several times or not at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Ranking:
    """Quality of an order of rows.

    Parameters
    ----------
    roc_auc : float
        Probability that a fraud stands before a genuine row, in [0, 1].
    average_precision : float
        Precision at each fraud, averaged, in [0, 1].
    recall_at_fpr : float
        Share of the frauds found before more than `FALSE_POSITIVE_RATE` of the genuine rows are, in [0, 1].
    """

    roc_auc: float
    average_precision: float
    recall_at_fpr: float


FALSE_POSITIVE_RATE = 0.005
"""Share of the genuine rows that may be suspected in vain when recall is read: about half the frauds' own share."""


class Ranker:
    """Rows in the order of a score, ready to be counted with many weights.

    Parameters
    ----------
    is_fraud : array-like of shape (n_transactions,)
        Labels, 0 or 1.
    score : array-like of shape (n_transactions,)
        Higher is more suspect; equal scores are one step.

    Examples
    --------
    >>> Ranker([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.3]).ranking()
    Ranking(roc_auc=0.75, average_precision=0.8333333333333333, recall_at_fpr=0.5)
    """

    def __init__(self, is_fraud: ArrayLike, score: ArrayLike) -> None:
        scores = np.asarray(score, dtype=np.float64)
        self._order = np.argsort(-scores, kind="stable")
        self._fraud = np.asarray(is_fraud).astype(bool)[self._order]
        ordered = scores[self._order]
        self._ends = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])

    def ranking(self, weight: NDArray[np.float64] | None = None) -> Ranking:
        """Return the quality where each row counts `weight` times; NaN where one kind of rows has none.

        Parameters
        ----------
        weight : ndarray of shape (n_transactions,), optional
            How often each row counts, at least 0; once each without it.
        """
        counted = np.ones(self._order.size) if weight is None else weight[self._order]
        caught = np.cumsum(np.where(self._fraud, counted, 0.0))[self._ends]
        alarmed = np.cumsum(np.where(self._fraud, 0.0, counted))[self._ends]
        frauds, genuine = caught[-1], alarmed[-1]
        if not frauds or not genuine:
            return Ranking(np.nan, np.nan, np.nan)
        gained = np.diff(caught, prepend=0.0)
        passed = np.diff(alarmed, prepend=0.0)
        seen = caught + alarmed
        precision = np.divide(caught, seen, out=np.zeros_like(seen), where=seen > 0)
        within = caught[alarmed <= FALSE_POSITIVE_RATE * genuine]
        return Ranking(
            roc_auc=float((passed * (caught - gained / 2)).sum() / (frauds * genuine)),
            average_precision=float((gained * precision).sum() / frauds),
            recall_at_fpr=float(within[-1] / frauds) if within.size else 0.0,
        )

    def curve(self, points: int = 120) -> tuple[list[float], list[float]]:
        """Return recall and precision from the most suspect row on, at about so many places.

        Parameters
        ----------
        points : int
            Places, equally far apart in recall.

        Examples
        --------
        >>> Ranker([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.3]).curve(points=2)
        ([0.5, 1.0], [1.0, 0.6666666666666666])
        """
        caught = np.cumsum(self._fraud)[self._ends]
        wanted = np.linspace(0, caught[-1], points + 1)[1:]
        at = np.unique(np.searchsorted(caught, np.ceil(wanted)))
        recall, precision = caught[at] / caught[-1], caught[at] / (self._ends[at] + 1)
        return recall.tolist(), precision.tolist()
