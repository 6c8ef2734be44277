"""Features on one scale: how far a customer is from the median, in spreads that a few extreme ones do not widen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jobs.errors import BadRows

FURTHEST = 4.0
"""Spreads beyond which a customer is not further away: nobody is a segment of his own."""

_IQR_OF_NORMAL = 1.349
_SIGNIFICANT = 9


@dataclass(frozen=True)
class Scaling:
    """Median and spread of each feature, from the customers that the segments were made of.

    Parameters
    ----------
    features : tuple of str
        Names, in the order of the columns.
    median : ndarray of shape (n_features,)
        Median of the known values.
    spread : ndarray of shape (n_features,)
        The smaller of two that extremes do not widen: interquartile range over that of a standard normal, and
        standard deviation with the outermost hundredths drawn in; 0 of a constant feature, which tells nobody apart.
        The first alone grows with a segment of a third of the customers until it no longer stands out; an interval
        shorter than both would turn a skewed feature's long end into segments.
    """

    features: tuple[str, ...]
    median: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def fit(cls, values: ArrayLike, features: Sequence[str]) -> "Scaling":
        """Measure median and spread.

        Parameters
        ----------
        values : array-like of shape (n_customers, n_features)
            Features; NaN where one is not known of a customer.
        features : sequence of str
            Their names.

        Raises
        ------
        BadRows
            If a value is infinite.
        """
        x = _checked(values, features)
        known = [column[~np.isnan(column)] for column in x.T]
        return cls(
            tuple(features),
            np.array([_rounded(np.median(c)) if len(c) else 0.0 for c in known]),
            np.array([_rounded(_spread(c)) if len(c) else 0.0 for c in known]),
        )

    def transform(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return the features in spreads from the median, between -FURTHEST and FURTHEST; what is unknown is 0.

        Raises
        ------
        BadRows
            If a value is infinite.

        Examples
        --------
        >>> scaling = Scaling.fit([[1, 5], [2, 5], [3, 5], [4, 5], [5, 5]], ("age", "same"))
        >>> scaling.transform([[3, 5], [np.nan, 9]]).tolist()
        [[0.0, 0.0], [0.0, 0.0]]
        """
        x = _checked(values, self.features)
        tells = self.spread > 0
        scaled = np.zeros_like(x)
        scaled[:, tells] = (x[:, tells] - self.median[tells]) / self.spread[tells]
        return np.clip(np.nan_to_num(scaled, nan=0.0), -FURTHEST, FURTHEST)

    @property
    def constant(self) -> tuple[str, ...]:
        """Features that are the same for everybody, or known of nobody."""
        return tuple(name for name, spread in zip(self.features, self.spread, strict=True) if spread == 0)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {"features": list(self.features), "median": self.median.tolist(), "spread": self.spread.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Scaling":
        """Read it back."""
        return cls(tuple(values["features"]), np.array(values["median"], float), np.array(values["spread"], float))


def _spread(known: NDArray[np.float64]) -> float:
    first, low, high, last = np.percentile(known, [1, 25, 75, 99])
    between_quartiles = float(high - low) / _IQR_OF_NORMAL
    # Half of the customers alike leave no range between quartiles: then all of them must say it.
    return min(between_quartiles, float(np.clip(known, first, last).std())) or float(known.std())


def _rounded(value: float) -> float:
    """Drop what the last digits of a float say: a sum over a constant is not quite constant."""
    return float(f"{value:.{_SIGNIFICANT}g}") if abs(value) > 1e-12 else 0.0


def _checked(values: ArrayLike, features: Sequence[str]) -> NDArray[np.float64]:
    x = np.asarray(values, dtype=np.float64)
    if np.isinf(x).any():
        row, column = np.argwhere(np.isinf(x))[0]
        raise BadRows(
            f"feature {features[column]} of customer number {row} is infinite: set the customer aside or mend the "
            f"feature before segments are made."
        )
    return x
