"""How good a fraud score is on rows it has never seen: ranking, cards a day, calibration."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from jobs.errors import BadRows
from jobs.science.fraud.protocol import card_precision


@dataclass(frozen=True)
class CalibrationBin:
    """Rows of neighbouring probabilities: what was promised, and what happened.

    Parameters
    ----------
    promised, happened : float
        Mean probability and share of fraud, in [0, 1].
    rows : int
        Rows in the bin.
    """

    promised: float
    happened: float
    rows: int


@dataclass(frozen=True)
class FraudMetrics:
    """Quality of a score on judged rows.

    Parameters
    ----------
    rows, frauds : int
        Judged transactions, and frauds among them.
    roc_auc, average_precision : float
        Of the ranking, in [0, 1].
    card_precision_100, card_precision_100_ceiling : float
        Share of compromised cards among 100 looked into a day, and its largest possible value.
    brier, brier_of_base_rate : float
        Mean squared error of the probabilities, and of the same share of fraud for everyone.
    calibration_slope : float
        Slope of the labels on the log odds of the probabilities; 1 is right, less says overconfident.
    calibration_error : float
        Mean distance between promised and happened over bins of equal size, in [0, 1].
    review_error : float
        Frauds among the reviewed rows less those promised, relative to those promised.
    reviewed_share, review_precision, review_recall : float
        Share of rows reviewed, of frauds among them, and of all frauds that are among them.
    curve : tuple of CalibrationBin
        Bins of equal size, from the least to the most suspect.
    """

    rows: int
    frauds: int
    roc_auc: float
    average_precision: float
    card_precision_100: float
    card_precision_100_ceiling: float
    brier: float
    brier_of_base_rate: float
    calibration_slope: float
    calibration_error: float
    review_error: float
    reviewed_share: float
    review_precision: float
    review_recall: float
    curve: tuple[CalibrationBin, ...]


def fraud_metrics(
    day: ArrayLike,
    customer: ArrayLike,
    is_fraud: ArrayLike,
    margin: ArrayLike,
    probability: ArrayLike,
    review_margin: float,
    bins: int = 20,
) -> FraudMetrics:
    """Judge a score on rows that neither the model nor its calibration has seen.

    Parameters
    ----------
    day, customer, is_fraud : array-like of shape (n_transactions,)
        Number of the day, card, label (0 or 1).
    margin, probability : array-like of shape (n_transactions,)
        The model's log odds and the calibrated probability, in (0, 1).
    review_margin : float
        Rows at or above it are reviewed.
    bins : int
        Bins of the calibration curve.

    Returns
    -------
    FraudMetrics
        All figures.

    Raises
    ------
    BadRows
        If the rows do not hold both fraud and genuine transactions.
    """
    y = np.asarray(is_fraud).astype(bool)
    p = np.asarray(probability, dtype=np.float64)
    m = np.asarray(margin, dtype=np.float64)
    if not 0 < y.sum() < y.size:
        raise BadRows(
            f"judged rows: {int(y.sum())} of {y.size} are fraud, and both kinds are needed; judge more days of labels."
        )
    cards = card_precision(day, customer, y, m)
    reviewed = m >= review_margin
    promised, caught = float(p[reviewed].sum()), int(y[reviewed].sum())
    curve = calibration_curve(y, p, bins)
    return FraudMetrics(
        rows=int(y.size),
        frauds=int(y.sum()),
        roc_auc=float(roc_auc_score(y, m)),
        average_precision=float(average_precision_score(y, m)),
        card_precision_100=cards.score,
        card_precision_100_ceiling=cards.ceiling,
        brier=float(brier_score_loss(y, p)),
        brier_of_base_rate=float(y.mean() * (1 - y.mean())),
        calibration_slope=_slope(y, p),
        calibration_error=float(sum(abs(b.promised - b.happened) * b.rows for b in curve) / y.size),
        review_error=(caught - promised) / promised if promised else 0.0,
        reviewed_share=float(reviewed.mean()),
        review_precision=caught / int(reviewed.sum()) if reviewed.any() else 0.0,
        review_recall=caught / int(y.sum()),
        curve=curve,
    )


def calibration_curve(is_fraud: ArrayLike, probability: ArrayLike, bins: int) -> tuple[CalibrationBin, ...]:
    """Cut rows into bins of equal size by probability, and compare what was promised with what happened.

    Parameters
    ----------
    is_fraud, probability : array-like of shape (n_transactions,)
        Labels (0 or 1) and probabilities in [0, 1].
    bins : int
        Number of bins; fewer where there are fewer rows.

    Returns
    -------
    tuple of CalibrationBin
        From the least to the most suspect.

    Examples
    --------
    >>> calibration_curve([0, 0, 1, 1], [.1, .3, .6, .8], bins=2)[1]
    CalibrationBin(promised=0.7, happened=1.0, rows=2)
    """
    y, p = np.asarray(is_fraud, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, bins) if part.size]
    return tuple(CalibrationBin(float(p[part].mean()), float(y[part].mean()), int(part.size)) for part in parts)


def _slope(y: NDArray[np.bool_], p: NDArray[np.float64]) -> float:
    log_odds = np.log(p / (1 - p))
    if np.ptp(log_odds) == 0:
        return 0.0
    fitted = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(log_odds[:, None], y)
    return float(fitted.coef_[0, 0])
