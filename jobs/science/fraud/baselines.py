"""What a fraud model has to beat: a rule on the amount, and a straight line through the features."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import QuantileTransformer, StandardScaler

Score = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""From features to a margin, higher for more suspect rows."""

AMOUNT = "amount rule"
LOGISTIC = "logistic regression"
MOST_ROWS = 200_000
"""Rows that the straight line is fitted on at most: more do not move it."""


def fit_baselines(
    matrix: NDArray[np.float32], is_fraud: ArrayLike, names: Sequence[str], seed: int = 1
) -> dict[str, Score]:
    """Fit the baselines on the rows that the model learns from.

    Parameters
    ----------
    matrix : ndarray of shape (n_transactions, n_features)
        Features, NaN where missing; ``amount`` is one of them.
    is_fraud : array-like of shape (n_transactions,)
        Labels, 0 or 1, both present.
    names : sequence of str
        Names of the features.
    seed : int
        Chooses the rows where there are more than `MOST_ROWS`; frauds are all kept.

    Returns
    -------
    dict of str to callable
        A margin for the rows of any matrix of the same features, by the baseline's name.
    """
    y = np.asarray(is_fraud).astype(bool)
    amount = list(names).index("amount")
    line = _logistic(matrix, y, seed)

    def by_amount(rows: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.log1p(rows[:, amount].astype(np.float64))

    return {AMOUNT: by_amount, LOGISTIC: line}


def _logistic(matrix: NDArray[np.float32], y: NDArray[np.bool_], seed: int) -> Score:
    rng = np.random.default_rng(seed)
    genuine = np.flatnonzero(~y)
    room = max(MOST_ROWS - int(y.sum()), 1)
    taken = genuine if genuine.size <= room else rng.choice(genuine, room, replace=False)
    rows = np.sort(np.r_[np.flatnonzero(y), taken])
    filled = matrix[rows]
    known = ~np.isnan(filled)
    middle = np.array([np.median(c[k]) if k.any() else 0.0 for c, k in zip(filled.T, known.T, strict=True)])
    # Ranks beside the values: a straight line through amounts with a long tail would follow the tail alone.
    ranks = QuantileTransformer(n_quantiles=min(1_000, rows.size), random_state=seed, subsample=MOST_ROWS)
    scale = StandardScaler()

    def prepared(part: NDArray[np.float32], *, fit: bool = False) -> NDArray[np.float64]:
        values = np.where(np.isnan(part), middle, part).astype(np.float64)
        both = np.hstack([np.arcsinh(values), ranks.fit_transform(values) if fit else ranks.transform(values)])
        scaled: NDArray[np.float64] = scale.fit_transform(both) if fit else scale.transform(both)
        return scaled

    fitted = LogisticRegression(C=0.1, max_iter=500).fit(prepared(filled, fit=True), y[rows])
    # Fewer genuine rows than there are raise all odds alike.
    shift = np.log(taken.size / genuine.size)

    def by_line(part: NDArray[np.float32]) -> NDArray[np.float64]:
        margin: NDArray[np.float64] = fitted.decision_function(prepared(part)) + shift
        return margin

    return by_line
