"""A world without segments that looks like the customers at hand: what any grouping must beat.

Columns shuffled one by one keep two peaks where a feature has two, and lose that features go together: the first hides
segments, the second invents them. Here every feature keeps its skew but has one peak, and ranks go together as they do.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata
from sklearn.isotonic import isotonic_regression

_BINS_PER_ROOT = 2.0
_FEWEST_BINS, _MOST_BINS = 8, 48

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """A population of one segment, as near to the customers as one segment can be.

    Parameters
    ----------
    edges : tuple of ndarray of shape (n_bins + 1,)
        Bins of each feature.
    reach : tuple of ndarray of shape (n_bins + 1,)
        Share of the population below each edge, of a density with one peak.
    root : ndarray of shape (n_features, n_features)
        Lower root of the correlations between normal scores of the ranks.

    References
    ----------
    .. [1] Tibshirani, Walther and Hastie (2001), Estimating the number of clusters in a data set via the gap
       statistic, JRSS B 63.
    .. [2] Hartigan and Hartigan (1985), The dip test of unimodality, Annals of Statistics 13.
    """

    edges: tuple[Matrix, ...]
    reach: tuple[Matrix, ...]
    root: Matrix

    @classmethod
    def fit(cls, x: Matrix) -> "Reference":
        """Fit it to scaled features, none of them constant."""
        n, features = x.shape
        bins = int(np.clip(_BINS_PER_ROOT * np.cbrt(n), _FEWEST_BINS, _MOST_BINS))
        edges, reach = zip(*(_one_peak(column, bins) for column in x.T), strict=True)
        scores = ndtri(rankdata(x, axis=0) / (n + 1))
        correlation = np.atleast_2d(np.corrcoef(scores, rowvar=False))
        # Features that are one another's copies have no root; a little of their own gives them one.
        root = np.linalg.cholesky(0.999 * correlation + 0.001 * np.eye(features))
        return cls(edges, reach, np.asarray(root, dtype=np.float64))

    def draw(self, n: int, r: np.random.Generator) -> Matrix:
        """Draw n customers of the one segment."""
        uniform = ndtr(r.standard_normal((n, len(self.root))) @ self.root.T)
        columns = [
            np.interp(u, reach, edges) for u, reach, edges in zip(uniform.T, self.reach, self.edges, strict=True)
        ]
        return np.stack(columns, axis=1)


def _one_peak(column: Matrix, bins: int) -> tuple[Matrix, Matrix]:
    """Return edges and cumulated shares of the density with one peak that is nearest to the column's histogram."""
    counts, edges = np.histogram(column, bins)
    height = counts.astype(np.float64)
    nearest = min((_with_peak_at(height, peak) for peak in range(bins)), key=lambda f: ((f - height) ** 2).sum())
    reach = np.concatenate([[0.0], np.cumsum(nearest)])
    return edges, reach / reach[-1]


def _with_peak_at(height: Matrix, peak: int) -> Matrix:
    up = isotonic_regression(height[: peak + 1], increasing=True)
    down = isotonic_regression(height[peak:], increasing=False)
    return np.concatenate([up[:-1], [max(up[-1], down[0])], down[1:]])
