"""A mean with its standard error and interval, clusters kept together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054
"""Half width of a two-sided 95% normal interval, in standard errors."""


@dataclass(frozen=True)
class Estimate:
    """An estimate and its two-sided 95% interval.

    Parameters
    ----------
    value : float
        The estimate.
    standard_error : float
        Its standard error, in the same unit.
    """

    value: float
    standard_error: float

    @property
    def low(self) -> float:
        """Lower end of the 95% interval."""
        return self.value - Z_95 * self.standard_error

    @property
    def high(self) -> float:
        """Upper end of the 95% interval."""
        return self.value + Z_95 * self.standard_error

    def times(self, factor: float) -> "Estimate":
        """Return the estimate of `factor` times as much, as for a whole list from the mean of a customer."""
        return Estimate(self.value * factor, self.standard_error * abs(factor))


def mean_estimate(values: NDArray[np.float64], cluster: NDArray[np.int64] | None = None) -> Estimate:
    """Estimate a mean.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_rows,)
        One value a row.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row; rows of a group may depend on each other.

    Returns
    -------
    Estimate
        The mean, its standard error robust to what happens inside a cluster.

    Examples
    --------
    >>> mean_estimate(np.array([0.0, 2.0, 0.0, 2.0])).value
    1.0
    """
    mean = float(np.mean(values))
    return Estimate(mean, sum_error(values - mean, cluster) / len(values))


def sum_error(residuals: NDArray[np.float64], cluster: NDArray[np.int64] | None = None) -> float:
    """Return the standard error of a sum of residuals, row by row or cluster by cluster.

    Parameters
    ----------
    residuals : numpy.ndarray of shape (n_rows,)
        What each row adds to the sum, less its mean.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.
    """
    terms = residuals
    if cluster is not None:
        _, group = np.unique(cluster, return_inverse=True)
        terms = np.bincount(group, weights=residuals).astype(np.float64)
    groups = len(terms)
    return float(np.sqrt(np.sum(terms**2) * groups / max(groups - 1, 1)))
