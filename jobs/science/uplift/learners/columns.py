"""The columns that a line can be in: those that vary and are no sum of others, in units of their spread."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.portable import LinearEffect

LEAST_OWN_VARIANCE = 1e-4
"""Share of a column's variance that the columns before it must leave unexplained."""

_BLOCK = 65_536


@dataclass(frozen=True)
class LineColumns:
    """What a line needs to know of the training rows.

    Indicator columns of all levels of a category sum to one: with an intercept the last of them says nothing new and
    would leave the coefficients without a unique solution. A line is not continued beyond what the trial has seen:
    values outside the training rows' range count as its end.

    Parameters
    ----------
    used : numpy.ndarray of int64, shape (n_used,)
        Places of the columns that the line is in.
    center, scale, low, high : numpy.ndarray of shape (n_columns,)
        Mean, standard deviation and range of every column.
    """

    used: NDArray[np.int64]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @classmethod
    def of(cls, matrix: NDArray[np.float32]) -> Self:
        """Learn from the training rows.

        Parameters
        ----------
        matrix : numpy.ndarray of shape (n_rows, n_columns)
            Encoded features, finite.
        """
        center = np.asarray(np.mean(matrix, axis=0, dtype=np.float64))
        low, high = matrix.min(axis=0), matrix.max(axis=0)
        gram = np.zeros((matrix.shape[1], matrix.shape[1]))
        for start in range(0, len(matrix), _BLOCK):
            block = matrix[start : start + _BLOCK] - center
            gram += block.T @ block
        scale = np.sqrt(np.diag(gram) / len(matrix))
        varied = (high > low) & (scale > 1e-6 * np.abs(center)) & np.isfinite(scale)
        return cls(_independent(gram, np.flatnonzero(varied)), center, scale, low, high)

    def standardised(self, matrix: NDArray[np.float32]) -> NDArray[np.float64] | None:
        """Return the used columns, less their mean, over their spread; None if there are none."""
        if not len(self.used):
            return None
        within = np.clip(matrix[:, self.used], self.low[self.used], self.high[self.used])
        return np.asarray((within - self.center[self.used]) / self.scale[self.used])

    def line(self, slopes: NDArray[np.float64], intercept: float, covariance: NDArray[np.float64]) -> LinearEffect:
        """Return a line in standardised columns as one in the columns of the matrix.

        Parameters
        ----------
        slopes : numpy.ndarray of shape (n_used,)
            Slopes in the standardised columns.
        intercept : float
            Effect at the mean of all columns.
        covariance : numpy.ndarray of shape (n_used + 1, n_used + 1)
            Covariance of slopes and intercept.
        """
        n_columns = len(self.center)
        places = np.append(self.used, n_columns)
        one_over = np.append(1.0 / self.scale[self.used], 1.0)
        coefficients, spread = np.zeros(n_columns + 1), np.zeros((n_columns + 1, n_columns + 1))
        coefficients[places] = np.append(slopes, intercept) * one_over
        spread[np.ix_(places, places)] = covariance * np.outer(one_over, one_over)
        return LinearEffect(self.low, self.high, self.center, coefficients, spread)


def _independent(gram: NDArray[np.float64], candidates: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, in order, the candidates that those before them leave something of: a Cholesky factor, row by row."""
    spread = np.sqrt(np.diag(gram)[candidates])
    correlation = gram[np.ix_(candidates, candidates)] / np.outer(spread, spread)
    factor = np.zeros((0, 0))
    kept: list[int] = []
    for at in range(len(candidates)):
        explained = np.linalg.solve(factor, correlation[kept, at]) if kept else np.empty(0)
        own = 1.0 - float(explained @ explained)
        if own > LEAST_OWN_VARIANCE:
            factor = np.block([[factor, np.zeros((len(kept), 1))], [explained[None, :], np.full((1, 1), np.sqrt(own))]])
            kept.append(at)
    return candidates[kept]
