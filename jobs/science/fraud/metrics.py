"""How good a fraud score is on rows it has never seen: ranking, cards a day, calibration, money."""

from dataclasses import dataclass

import numpy as np

from jobs.science.fraud.calibration_bin import CalibrationBin
from jobs.science.fraud.calibration_errors import (
    calibration_curve,
    calibration_error,
    calibration_slope,
    relative_error,
)
from jobs.science.fraud.cards import card_precision
from jobs.science.fraud.decision import money
from jobs.science.fraud.intervals import BINS, Limits, intervals
from jobs.science.fraud.judged import Judged
from jobs.science.fraud.ranking import Ranker

LOOKED_AT_BINS = 5
ROWS_A_BIN = 20
"""Rows that a bin above the review threshold has at least: of fewer, chance alone makes the error."""


@dataclass(frozen=True)
class FraudMetrics:
    """Quality of a score on judged rows.

    Parameters
    ----------
    rows, frauds : int
        Judged transactions, and frauds among them.
    roc_auc, average_precision, recall_at_fpr : float
        Of the ranking, in [0, 1]; the last at `jobs.science.fraud.ranking.FALSE_POSITIVE_RATE`.
    card_precision_100, card_precision_100_ceiling : float
        Share of compromised cards among 100 looked into a day, and its largest possible value.
    brier, brier_of_base_rate : float
        Mean squared error of the probabilities, and of the same share of fraud for everyone.
    calibration_slope : float
        Slope of the labels on the log odds of the probabilities; 1 is right, less says overconfident.
    calibration_error : float
        Mean distance between promised and happened over bins of equal size, in [0, 1].
    review_error : float
        Distance between promised and happened frauds above the review threshold, over bins of equal
        size, relative to the promised ones.
    reviewed_share, declined_share : float
        Shares of the rows that are reviewed and declined.
    review_precision, review_recall : float
        Above the review threshold: share of frauds among the rows, and of all frauds that are among them.
    cost_share : float
        Cost of reviews, of frauds that go through and of good customers declined, over the loss of doing nothing.
    cost_eur, nothing_eur : float
        The two, in euro.
    curve, review_curve : tuple of CalibrationBin
        Bins of equal size, from the least to the most suspect: of all rows, and above the review threshold.
    intervals : dict of str to Limits
        95% limits by resampling customers, by the name of the figure.
    """

    rows: int
    frauds: int
    roc_auc: float
    average_precision: float
    recall_at_fpr: float
    card_precision_100: float
    card_precision_100_ceiling: float
    brier: float
    brier_of_base_rate: float
    calibration_slope: float
    calibration_error: float
    review_error: float
    reviewed_share: float
    declined_share: float
    review_precision: float
    review_recall: float
    cost_share: float
    cost_eur: float
    nothing_eur: float
    curve: tuple[CalibrationBin, ...]
    review_curve: tuple[CalibrationBin, ...]
    intervals: dict[str, Limits]


def fraud_metrics(judged: Judged, *, resamples: int = 0, seed: int = 1) -> FraudMetrics:
    """Judge a score on rows that neither the model nor its calibration has seen.

    Parameters
    ----------
    judged : Judged
        The rows.
    resamples : int
        Samples of customers for the intervals; none without any.
    seed : int
        Seed of the samples.

    Returns
    -------
    FraudMetrics
        All figures.
    """
    y, p = judged.is_fraud, judged.probability
    ranking = Ranker(y, judged.margin).ranking()
    cards = card_precision(judged.day, judged.card, y, judged.margin)
    spent = money(judged.outcome, y, judged.amount_eur, judged.costs)
    seen = judged.looked_at
    looked_at, caught = int(seen.sum()), int(y[seen].sum())
    curve = calibration_curve(y, p, BINS)
    above = calibration_curve(y[seen], p[seen], max(1, min(LOOKED_AT_BINS, looked_at // ROWS_A_BIN)))
    return FraudMetrics(
        rows=int(y.size),
        frauds=int(y.sum()),
        roc_auc=ranking.roc_auc,
        average_precision=ranking.average_precision,
        recall_at_fpr=ranking.recall_at_fpr,
        card_precision_100=cards.score,
        card_precision_100_ceiling=cards.ceiling,
        brier=float(np.mean((p - y) ** 2)),
        brier_of_base_rate=float(y.mean() * (1 - y.mean())),
        calibration_slope=calibration_slope(y, p),
        calibration_error=calibration_error(curve),
        review_error=relative_error(above),
        reviewed_share=spent.reviews / y.size,
        declined_share=spent.declines / y.size,
        review_precision=caught / looked_at if looked_at else 0.0,
        review_recall=caught / int(y.sum()),
        cost_share=spent.share if spent.nothing_eur else 0.0,
        cost_eur=spent.cost_eur,
        nothing_eur=spent.nothing_eur,
        curve=curve,
        review_curve=above,
        intervals=intervals(judged, resamples, seed),
    )
