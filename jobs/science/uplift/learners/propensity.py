"""The propensity of every arm, estimated where no design says it: cross-fitted, so that no row tells its own."""

from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from jobs.science.uplift.learners.fitted import FOLDS
from jobs.science.uplift.learners.trees import TreeSettings

SHAPE = TreeSettings(leaves=4, learning_rate=0.1)
"""Shape of the trees: small, for a draw seldom follows interactions, and in steps so large that a propensity near 0 is
not held up at the arm's share, which would hide missing overlap."""


def estimate_propensity(
    matrix: NDArray[np.float32],
    arm: NDArray[np.int64],
    *,
    arms: int,
    cluster: NDArray[np.int64] | None = None,
    settings: TreeSettings = SHAPE,
    seed: int = 0,
    num_threads: int = 1,
) -> NDArray[np.float64]:
    """Estimate every row's probability of every arm by models fitted to other rows.

    Only for trials whose log holds no propensity: an estimate is right where all that moved the draw is among the
    features, and nobody can check that. Look at `overlap_of` before anything is learnt with it.

    Parameters
    ----------
    matrix : numpy.ndarray of shape (n_rows, n_columns)
        Encoded features, known before the draw.
    arm : numpy.ndarray of int64, shape (n_rows,)
        Arm of each row, 0 for the control.
    arms : int
        Number of arms, the control included.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row; a group is never on both sides of a fold.
    settings : TreeSettings, optional
        Shape of the trees.
    seed : int
        Seed of the folds and of LightGBM.
    num_threads : int
        Threads of LightGBM.

    Returns
    -------
    numpy.ndarray of shape (n_rows, arms)
        Probabilities, control first; every row sums to one.
    """
    folds: Any = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    if cluster is not None:
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    estimated = np.empty((len(arm), arms))
    for learn, ask in folds.split(matrix, arm, cluster):
        booster = lgb.train(
            {
                "objective": "multiclass",
                "num_class": arms,
                "num_leaves": settings.leaves,
                "learning_rate": settings.learning_rate,
                "min_data_in_leaf": max(settings.leaf_rows, int(settings.leaf_share * len(learn))),
                "num_threads": num_threads,
                "seed": seed,
                "deterministic": True,
                "force_col_wise": True,
                "verbosity": -1,
            },
            lgb.Dataset(matrix[learn], arm[learn]),
            settings.rounds,
        )
        estimated[ask] = booster.predict(matrix[ask], num_threads=num_threads)
    return np.asarray(estimated / estimated.sum(axis=1, keepdims=True))
