"""Fit a beta calibration: three numbers, so that few frauds suffice to learn it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression

from jobs.science.fraud.calibration import Calibration

POINTS = 513
BEYOND = 3.0
"""Log odds beyond the margins seen, up to which the curve goes on rising."""


def fit_beta(margin: ArrayLike, is_fraud: ArrayLike) -> Calibration:
    """Fit the calibration on rows that the model has not learnt from.

    The log odds are ``a ln s - b ln(1 - s) + c``, where `s` is the model's own probability; `a` and `b`
    are held at 0 or above, so that the curve never falls.

    Parameters
    ----------
    margin : array-like of shape (n_transactions,)
        Margins, log odds.
    is_fraud : array-like of shape (n_transactions,)
        Labels, 0 or 1, both of them present.

    Returns
    -------
    Calibration
        The curve at `POINTS` margins.

    References
    ----------
    .. [1] Kull, Silva Filho and Flach (2017), Beta calibration: a well-founded and easily implemented
       improvement on logistic calibration for binary classifiers, AISTATS.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> margin = rng.normal(-2, 2, 20_000)
    >>> fitted = fit_beta(2 * margin, rng.random(20_000) < 1 / (1 + np.exp(-margin)))
    >>> bool(abs(fitted.apply([2.0])[0] - 1 / (1 + np.exp(-1))) < 0.02)
    True
    """
    x, y = np.asarray(margin, dtype=np.float64), np.asarray(is_fraud).astype(bool)
    both = _log_parts(x)
    used = [0, 1]
    fitted = _fit(both, y)
    while len(used) > 1 and fitted.coef_.min() < 0:
        used = [used[int(np.argmax(fitted.coef_[0]))]]
        fitted = _fit(both[:, used], y)
    at = np.linspace(x.min() - BEYOND, x.max() + BEYOND, POINTS)
    slopes = np.maximum(fitted.coef_[0], 0.0)
    log_odds = _log_parts(at)[:, used] @ slopes + fitted.intercept_[0]
    return Calibration(tuple(map(float, at)), tuple(map(float, 1 / (1 + np.exp(-log_odds)))))


def _log_parts(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln s and -ln(1 - s) of each margin."""
    return np.column_stack([-np.logaddexp(0.0, -margin), np.logaddexp(0.0, margin)])


def _fit(parts: NDArray[np.float64], y: NDArray[np.bool_]) -> LogisticRegression:
    return LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(parts, y)
