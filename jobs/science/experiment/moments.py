"""Count, means and centred products of some columns: what every estimate is made of, and shards of it merge exactly."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadRequest, BadTrial

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Sufficient statistics of rows.

    Parameters
    ----------
    columns : tuple of str
        Names, each once.
    count : int
        Rows.
    mean : numpy.ndarray of shape (n_columns,)
        Means.
    products : numpy.ndarray of shape (n_columns, n_columns)
        Sums over rows of the products of deviations from the means: ``(count - 1)`` times the covariance. A pair that
        was not asked for is NaN.
    rest : numpy.ndarray of shape (n_columns,), optional
        What rounding took from the means; without it shards of a mean of 1e8 merge to 1e-10 only, with it to 1e-12.
    """

    columns: tuple[str, ...]
    count: int
    mean: Floats
    products: Floats
    rest: Floats = field(default_factory=lambda: np.zeros(1))

    @classmethod
    def of_rows(cls, columns: Sequence[str], rows: Floats) -> "Moments":
        """Return the moments of rows in memory.

        Parameters
        ----------
        columns : sequence of str, length n_columns
            Names.
        rows : numpy.ndarray of shape (n_rows, n_columns)
            Values.

        Returns
        -------
        Moments

        Examples
        --------
        >>> Moments.of_rows(["spend"], np.array([[1.0], [2.0], [6.0]])).variance("spend")
        7.0
        """
        if len(rows) == 0:
            return cls.empty(columns)
        mean = rows.mean(axis=0)
        mean, rest = rounded_sum(mean, (rows - mean).mean(axis=0))
        centred = rows - mean - rest
        return cls(tuple(columns), len(rows), mean, centred.T @ centred, rest)

    @classmethod
    def empty(cls, columns: Sequence[str]) -> "Moments":
        """Return the moments of no rows: merging them changes nothing."""
        return cls(tuple(columns), 0, np.zeros(len(columns)), np.zeros((len(columns), len(columns))))

    def merge(self, other: "Moments") -> "Moments":
        """Return the moments of the rows of both.

        Parameters
        ----------
        other : Moments
            Of other rows, with the same columns in the same order.

        Returns
        -------
        Moments

        Raises
        ------
        BadRequest
            If the columns differ.

        References
        ----------
        Chan, Golub and LeVeque (1983), Algorithms for computing the sample variance. The American Statistician 37.
        """
        if self.columns != other.columns:
            raise BadRequest(
                f"moments of {list(self.columns)} and of {list(other.columns)} cannot be merged: give the same columns."
            )
        if not self.count or not other.count:
            return other if not self.count else self
        count = self.count + other.count
        apart = (other.mean - self.mean) + (other.rest - self.rest)
        mean, rest = rounded_sum(self.mean, self.rest + apart * (other.count / count))
        products = self.products + other.products + np.outer(apart, apart) * (self.count * other.count / count)
        return Moments(self.columns, count, mean, products, rest)

    def index(self, column: str) -> int:
        """Return the position of a column."""
        if column not in self.columns:
            raise BadRequest(f"column {column!r} is not in the moments of {list(self.columns)}: aggregate it first.")
        return self.columns.index(column)

    def of(self, column: str) -> float:
        """Return a column's mean."""
        return float(self.mean[self.index(column)])

    def covariances(self, columns: Sequence[str]) -> Floats:
        """Return the covariance matrix of some columns, with ``count - 1`` below.

        Raises
        ------
        BadTrial
            If there are fewer than two rows.
        BadRequest
            If a pair of them was not aggregated.
        """
        if self.count < 2:
            raise BadTrial(f"{self.count} rows have no variance: an arm needs two units at least.")
        at = [self.index(column) for column in columns]
        found = self.products[np.ix_(at, at)] / (self.count - 1)
        missing = np.argwhere(np.isnan(found))
        if len(missing):
            pair = [columns[i] for i in missing[0]]
            raise BadRequest(f"the product of columns {pair} was not aggregated: name both in one metric.")
        return found

    def variance(self, column: str) -> float:
        """Return a column's variance, with ``count - 1`` below."""
        return float(self.covariances([column])[0, 0])

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers from which :meth:`from_json` makes these moments again, digit by digit."""
        products = [[None if np.isnan(value) else float(value) for value in row] for row in self.products]
        return {
            "columns": list(self.columns),
            "count": self.count,
            "mean": [float(value) for value in self.mean],
            "products": products,
            "rest": [float(value) for value in np.broadcast_to(self.rest, self.mean.shape)],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Moments":
        """Return the moments that :meth:`to_json` wrote."""
        products = np.array(stored["products"], np.float64).reshape(len(stored["columns"]), -1)
        mean, rest = (np.array(stored[name], np.float64) for name in ("mean", "rest"))
        return cls(tuple(stored["columns"]), int(stored["count"]), mean, products, rest)


def rounded_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return a sum as it is rounded, and exactly what rounding took from it.

    References
    ----------
    Knuth, The Art of Computer Programming 2, 4.2.2, theorem B.

    Examples
    --------
    >>> rounded_sum(np.array([1e16]), np.array([1.0]))
    (array([1.e+16]), array([1.]))
    """
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def merged(parts: Iterable[Moments]) -> Moments:
    """Return the moments of the rows of all parts.

    Parameters
    ----------
    parts : iterable of Moments
        One at least, all with the same columns.

    Returns
    -------
    Moments

    Raises
    ------
    BadRequest
        If there are none, or their columns differ.
    """
    whole: Moments | None = None
    for part in parts:
        whole = part if whole is None else whole.merge(part)
    if whole is None:
        raise BadRequest("no moments were given to merge: give one part at least.")
    return whole
