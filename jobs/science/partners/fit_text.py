"""Fit the numbers of partners' text; apart from their use, so that no scorer loads scikit-learn."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD

from jobs.science.partners.text import BUCKETS, TextVectors, hashed

FEWEST_TEXTS = 20
"""Of fewer texts nothing is learnt."""


def fit_text(texts: Sequence[str], *, components: int = 8, seed: int = 1) -> TextVectors | None:
    """Fit TF-IDF weights and a truncated SVD.

    Parameters
    ----------
    texts : sequence of str
        Texts of partners that were known by the end of the training days, and of no others.
    components : int
        Numbers that a text becomes, at most.
    seed : int
        Seed of the randomised SVD.

    Returns
    -------
    TextVectors or None
        None where there are fewer than `FEWEST_TEXTS` texts, or all are the same.

    References
    ----------
    .. [1] Halko, Martinsson and Tropp (2011), Finding structure with randomness, SIAM Review.
    """
    counted = [found for found in map(hashed, texts) if found[0].size]
    if len(counted) < FEWEST_TEXTS:
        return None
    seen = np.zeros(BUCKETS)
    for buckets, _ in counted:
        seen[buckets] += 1
    idf = np.log((1 + len(counted)) / (1 + seen)) + 1
    idf[seen == len(counted)] = 0.0  # what stands in every text tells no two apart
    rows, columns, weights = [], [], []
    for row, (buckets, counts) in enumerate(counted):
        weight = (1 + np.log(counts)) * idf[buckets]
        norm = np.sqrt((weight**2).sum())
        if norm > 0:
            rows.append(np.full(len(buckets), row))
            columns.append(buckets)
            weights.append(weight / norm)
    if not rows:
        return None
    matrix = csr_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), shape=(len(counted), BUCKETS)
    )
    fitted = TruncatedSVD(min(components, len(counted) - 1), random_state=seed).fit(matrix)
    return TextVectors(idf=idf.astype(np.float32), components=fitted.components_.astype(np.float32))
