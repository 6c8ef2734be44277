"""Fit an isotonic calibration; apart from its use, so that no scorer loads scikit-learn."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.isotonic import IsotonicRegression

from jobs.science.fraud.calibration import Calibration


def fit_isotonic(margin: ArrayLike, is_fraud: ArrayLike) -> Calibration:
    """Fit the calibration on rows that the model has not learnt from.

    One genuine row is imagined at the highest margin, and a part of a fraud, as large as the share of
    fraud, at the lowest: no finite sample shows that fraud is certain or impossible.

    Parameters
    ----------
    margin : array-like of shape (n_transactions,)
        Margins, log odds.
    is_fraud : array-like of shape (n_transactions,)
        Labels, 0 or 1, both of them present.

    Returns
    -------
    Calibration
        Points and values.

    References
    ----------
    .. [1] Zadrozny and Elkan (2002), Transforming classifier scores into accurate multiclass
       probability estimates, KDD.

    Examples
    --------
    >>> fitted = fit_isotonic([-2, -1, 1, 2], [0, 0, 1, 1])
    >>> bool(0 < fitted.probability[0] < fitted.probability[-1] < 1)
    True
    """
    x, y = np.asarray(margin, dtype=np.float64), np.asarray(is_fraud, dtype=np.float64)
    points = np.concatenate([x, [x.min(), x.max()]])
    labels = np.concatenate([y, [1.0, 0.0]])
    weights = np.concatenate([np.ones_like(y), [y.mean(), 1.0]])
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(points, labels, sample_weight=weights)
    return Calibration(tuple(map(float, fitted.X_thresholds_)), tuple(map(float, fitted.y_thresholds_)))
