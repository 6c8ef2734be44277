"""The trees of the fraud model: their parameters, and how they are grown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import ArrayLike, NDArray

PARAMETERS: Mapping[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 7,
    "min_data_in_leaf": 20,
    "lambda_l2": 5.0,
    "feature_fraction": 0.5,
    "max_bin": 8191,
    "min_data_in_bin": 1,
    "monotone_constraints_method": "basic",
    "force_col_wise": True,
    "deterministic": True,
    "verbosity": -1,
}
"""Chosen on five weeks of the Handbook before its test weeks; a search starts from them.

Fine bins isolate the tail of the amounts, which quantile bins cannot; small trees and the penalty
keep a handful of frauds from dominating a leaf.
"""

RISING = ("partner_fraud_rate_", "partner_fraud_run_length")
"""Beginnings of features that can only raise the odds: more known fraud at a partner never speaks for a payment."""

PATIENCE = 40
"""Trees without a gain on later days after which no more are grown."""


@dataclass(frozen=True)
class Later:
    """Rows of later days that say when to stop.

    Parameters
    ----------
    matrix : ndarray of shape (n_transactions, n_features)
        Features.
    is_fraud : ndarray of shape (n_transactions,)
        Labels, 0 or 1.
    """

    matrix: NDArray[np.float32]
    is_fraud: NDArray[np.float64]


def grow(
    matrix: NDArray[np.float32],
    is_fraud: ArrayLike,
    names: Sequence[str],
    *,
    rounds: int,
    seed: int = 1,
    threads: int = 1,
    parameters: Mapping[str, Any] | None = None,
    later: Later | None = None,
) -> lgb.Booster:
    """Grow the trees.

    Parameters
    ----------
    matrix : ndarray of shape (n_transactions, n_features)
        Features, NaN where missing.
    is_fraud : array-like of shape (n_transactions,)
        Labels, 0 or 1.
    names : sequence of str
        Names of the features.
    rounds : int
        Trees; with `later`, at most so many.
    seed : int
        Seed of LightGBM.
    threads : int
        Threads of LightGBM; the trees are the same for any number.
    parameters : mapping, optional
        Take the place of those of `PARAMETERS`.
    later : Later, optional
        Growing stops where the average precision on these rows no longer rises.

    Returns
    -------
    lightgbm.Booster
        The trees up to the best.
    """
    asked = {
        **PARAMETERS,
        **(parameters or {}),
        "monotone_constraints": [int(name.startswith(RISING)) for name in names],
        "seed": seed,
        "num_threads": threads,
    }
    data = lgb.Dataset(matrix, np.asarray(is_fraud, dtype=np.float32), feature_name=list(names))
    if later is None:
        return lgb.train(asked, data, rounds)
    judge = lgb.Dataset(later.matrix, later.is_fraud.astype(np.float32), reference=data)
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    return lgb.train({**asked, "metric": "average_precision"}, data, rounds, valid_sets=[judge], callbacks=[stop])
