"""Learn what risky partners' text reads like; apart from its use, so that no scorer loads scikit-learn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import RidgeCV

from jobs.science.partners.text import BUCKETS, TextRisk, hashed

FEWEST_TEXTS = 20
"""Of fewer texts nothing is learnt."""

FOLDS = 10
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)

Texts = list[tuple[NDArray[np.int64], NDArray[np.float64]]]


@dataclass(frozen=True)
class FittedText:
    """What text tells of risk.

    Parameters
    ----------
    risk : TextRisk
        Learnt from all partners: for days and partners that come later.
    held_out : ndarray of shape (n_texts,)
        Number of each given text by what was learnt from other partners alone: what a model of the same partners
        is to be trained on, for it would take a partner's own for the general case. NaN where a text says nothing.
    """

    risk: TextRisk
    held_out: NDArray[np.float32]


def fit_text(texts: Sequence[str], risky_share: ArrayLike, *, components: int = 32, seed: int = 1) -> FittedText | None:
    """Fit TF-IDF weights, a truncated SVD and a ridge regression on its coordinates.

    Parameters
    ----------
    texts : sequence of str
        Texts of partners that were known by the end of the training days, and of no others.
    risky_share : array-like of shape (n_texts,)
        Share of those days on which the partner was risky, in [0, 1].
    components : int
        Coordinates of the SVD, at most.
    seed : int
        Seed of the randomised SVD and of the folds.

    Returns
    -------
    FittedText or None
        None where fewer than `FEWEST_TEXTS` texts say something, all are the same, or no partner differs in risk.

    References
    ----------
    .. [1] Halko, Martinsson and Tropp (2011), Finding structure with randomness, SIAM Review.
    """
    counted = [hashed(text) for text in texts]
    says = np.flatnonzero([buckets.size > 0 for buckets, _ in counted])
    share = np.asarray(risky_share, dtype=np.float64)[says]
    if says.size < FEWEST_TEXTS or np.ptp(share) == 0:
        return None
    found = [counted[i] for i in says]
    idf = _idf(found)
    matrix = _weighted(found, idf)
    if matrix.nnz == 0:
        return None
    used = np.unique(matrix.indices)  # most buckets stay empty: what is not there costs nothing
    matrix = matrix[:, used]
    svd = TruncatedSVD(min(components, says.size - 1, used.size - 1), random_state=seed).fit(matrix)
    coordinates = svd.transform(matrix)
    held_out = np.full(len(counted), np.nan, dtype=np.float32)
    fold = np.random.default_rng(seed).permutation(says.size) % FOLDS
    for one in range(FOLDS):
        other = _ridge(coordinates[fold != one], share[fold != one])
        held_out[says[fold == one]] = other.predict(coordinates[fold == one])
    ridge = _ridge(coordinates, share)
    weight = np.zeros(BUCKETS, dtype=np.float32)
    weight[used] = ridge.coef_ @ svd.components_
    return FittedText(TextRisk(idf.astype(np.float32), weight, float(ridge.intercept_)), held_out)


def _idf(found: Texts) -> NDArray[np.float64]:
    seen = np.zeros(BUCKETS)
    for buckets, _ in found:
        seen[buckets] += 1
    idf: NDArray[np.float64] = np.log((1 + len(found)) / (1 + seen)) + 1
    idf[seen == len(found)] = 0.0  # what stands in every text tells no two apart
    return idf


def _weighted(found: Texts, idf: NDArray[np.float64]) -> csr_matrix:
    rows, columns, weights = [], [], []
    for row, (buckets, counts) in enumerate(found):
        weight = (1 + np.log(counts)) * idf[buckets]
        norm = np.sqrt((weight**2).sum())
        rows.append(np.full(len(buckets), row))
        columns.append(buckets)
        weights.append(weight / norm if norm > 0 else weight)
    matrix = csr_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), shape=(len(found), BUCKETS)
    )
    matrix.eliminate_zeros()
    return matrix


def _ridge(x: NDArray[np.float64], y: NDArray[np.float64]) -> RidgeCV:
    return RidgeCV(alphas=PENALTIES).fit(x, y)
