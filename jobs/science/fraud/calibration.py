"""Isotonic calibration: from a model's margin to a probability, as two arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Calibration:
    """A map from margin to probability that never falls, linear between its points.

    Parameters
    ----------
    margin : tuple of float
        Points in rising order, log odds as the booster gives them.
    probability : tuple of float
        Values at these points, in [0, 1], never falling; flat beyond both ends.

    Examples
    --------
    >>> Calibration((-1.0, 1.0), (0.1, 0.5)).apply([-3.0, 0.0, 2.0])
    array([0.1, 0.3, 0.5])
    """

    margin: tuple[float, ...]
    probability: tuple[float, ...]

    def apply(self, margin: ArrayLike) -> NDArray[np.float64]:
        """Return the calibrated probability of each margin."""
        return np.interp(np.asarray(margin, dtype=np.float64), self.margin, self.probability)


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
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415  a scorer loads this module without it

    x, y = np.asarray(margin, dtype=np.float64), np.asarray(is_fraud, dtype=np.float64)
    points = np.concatenate([x, [x.min(), x.max()]])
    labels = np.concatenate([y, [1.0, 0.0]])
    weights = np.concatenate([np.ones_like(y), [y.mean(), 1.0]])
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(points, labels, sample_weight=weights)
    return Calibration(tuple(map(float, fitted.X_thresholds_)), tuple(map(float, fitted.y_thresholds_)))
