"""Intervals of the figures of a fraud model: customers are drawn anew, with all their rows.

Rows of a customer depend on each other: one stolen card makes many frauds. Drawing rows alone would
promise intervals that are too narrow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadRequest
from jobs.science.fraud.calibration_errors import equal_bins
from jobs.science.fraud.cards import CardQueue
from jobs.science.fraud.decision import row_costs
from jobs.science.fraud.judged import Judged
from jobs.science.fraud.ranking import Ranker

BINS = 20
LEVEL = 0.95


@dataclass(frozen=True)
class Limits:
    """An interval.

    Parameters
    ----------
    low, high : float
        Its ends.
    """

    low: float
    high: float


def intervals(judged: Judged, resamples: int, seed: int) -> dict[str, Limits]:
    """Return percentile intervals of the figures by the bootstrap over customers.

    Parameters
    ----------
    judged : Judged
        The rows.
    resamples : int
        Samples of customers, at least 0.
    seed : int
        Seed of the samples.

    Returns
    -------
    dict of str to Limits
        By the name of the figure in `FraudMetrics`; empty without samples.

    Raises
    ------
    BadRequest
        If `resamples` is negative.

    References
    ----------
    .. [1] Field and Welsh (2007), Bootstrapping clustered data, JRSS B.
    """
    if resamples < 0:
        raise BadRequest(f"resamples is {resamples}; give the samples of customers, at least 0.")
    if not resamples:
        return {}
    rng = np.random.default_rng(seed)
    y, p = judged.is_fraud, judged.probability
    ranker = Ranker(y, judged.margin)
    queue = CardQueue(judged.day, judged.card, y, judged.margin)
    squared = (p - y) ** 2
    bins = equal_bins(p, BINS)
    cost, nothing = row_costs(judged.outcome, y, judged.amount_eur, judged.costs)
    customers = int(judged.card.max()) + 1
    drawn: dict[str, list[float]] = {}
    for _ in range(resamples):
        of_customer = rng.multinomial(customers, np.full(customers, 1 / customers)).astype(np.float64)
        weight = of_customer[judged.card]
        ranking = ranker.ranking(weight)
        lost = float(weight @ nothing)
        figures = {
            "roc_auc": ranking.roc_auc,
            "average_precision": ranking.average_precision,
            "recall_at_fpr": ranking.recall_at_fpr,
            "card_precision_100": float(queue.by_day(of_customer).mean()),
            "brier": float(weight @ squared / weight.sum()),
            "calibration_error": _calibration_error(bins, weight, p - y),
            "cost_share": float(weight @ cost) / lost if lost else np.nan,
        }
        for name, value in figures.items():
            drawn.setdefault(name, []).append(value)
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    return {name: Limits(*map(float, np.nanquantile(values, tails))) for name, values in drawn.items()}


def _calibration_error(bins: NDArray[np.int64], weight: NDArray[np.float64], distance: NDArray[np.float64]) -> float:
    return float(np.abs(np.bincount(bins, weight * distance)).sum() / weight.sum())
