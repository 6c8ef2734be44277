"""Count, means and centred products of some columns: what every estimate is made of, and shards of it merge exactly."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
    """

    columns: tuple[str, ...]
    count: int
    mean: Floats
    products: Floats

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
        # The mean of 1e8 plus noise is rounded; the mean of what is left over corrects it.
        mean = mean + (rows - mean).mean(axis=0)
        centred = rows - mean
        return cls(tuple(columns), len(rows), mean, centred.T @ centred)

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
        apart = other.mean - self.mean
        return Moments(
            self.columns,
            count,
            self.mean + apart * (other.count / count),
            self.products + other.products + np.outer(apart, apart) * (self.count * other.count / count),
        )

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
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Moments":
        """Return the moments that :meth:`to_json` wrote."""
        products = np.array(stored["products"], np.float64).reshape(len(stored["columns"]), -1)
        return cls(tuple(stored["columns"]), int(stored["count"]), np.array(stored["mean"], np.float64), products)


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
