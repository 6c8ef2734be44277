"""Do probabilities keep their word: what was promised against what happened."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression

from jobs.science.fraud.calibration_bin import CalibrationBin


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
    place = equal_bins(p, bins)
    parts = [place == b for b in np.unique(place)]
    return tuple(CalibrationBin(float(p[part].mean()), float(y[part].mean()), int(part.sum())) for part in parts)


def equal_bins(probability: ArrayLike, bins: int) -> NDArray[np.int64]:
    """Return for each row its bin, from 0 for the least suspect; sizes differ by one row at most.

    Examples
    --------
    >>> equal_bins([0.4, 0.1, 0.3, 0.2], bins=2)
    array([1, 0, 1, 0])
    """
    p = np.asarray(probability, dtype=np.float64)
    place = np.empty(p.size, dtype=np.int64)
    for number, part in enumerate(np.array_split(np.argsort(p, kind="stable"), bins)):
        place[part] = number
    return place


def calibration_error(curve: tuple[CalibrationBin, ...]) -> float:
    """Return the mean distance between promised and happened over the rows of all bins, in [0, 1].

    Examples
    --------
    >>> calibration_error((CalibrationBin(0.1, 0.2, 10), CalibrationBin(0.5, 0.5, 30)))
    0.025
    """
    rows = sum(b.rows for b in curve)
    return sum(abs(b.promised - b.happened) * b.rows for b in curve) / rows if rows else 0.0


def relative_error(curve: tuple[CalibrationBin, ...]) -> float:
    """Return the distance between promised and happened frauds over all bins, relative to the promised ones.

    Examples
    --------
    >>> round(relative_error((CalibrationBin(0.5, 0.6, 10), CalibrationBin(0.9, 0.8, 10))), 3)
    0.143
    """
    promised = sum(b.promised * b.rows for b in curve)
    return sum(abs(b.promised - b.happened) * b.rows for b in curve) / promised if promised else 0.0


def calibration_slope(is_fraud: ArrayLike, probability: ArrayLike) -> float:
    """Return the slope of the labels on the log odds of the probabilities; 1 is right, less says overconfident.

    Parameters
    ----------
    is_fraud : array-like of shape (n_transactions,)
        Labels, 0 or 1, both present.
    probability : array-like of shape (n_transactions,)
        In (0, 1); 0 where all are equal is returned for want of a slope.

    References
    ----------
    .. [1] Cox (1958), Two further applications of a model for binary regression, Biometrika.
    """
    p = np.asarray(probability, dtype=np.float64)
    log_odds = np.log(p / (1 - p))
    if np.ptp(log_odds) == 0:
        return 0.0
    fitted = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(log_odds[:, None], np.asarray(is_fraud))
    return float(fitted.coef_[0, 0])
