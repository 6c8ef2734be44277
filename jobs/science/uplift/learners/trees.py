"""Shallow LightGBM trees, the model inside every learner."""

from dataclasses import dataclass
from typing import Any, Self

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin


@dataclass(frozen=True)
class TreeSettings:
    """Shape of the boosted trees; effects are small beside outcomes, so trees are shallow and leaves large.

    Parameters
    ----------
    leaves : int
        Leaves of a tree.
    rounds : int
        Trees of a model.
    learning_rate : float
        Share of each tree's step that is taken, in (0, 1].
    leaf_share : float
        Smallest share of a model's rows that a leaf holds, in (0, 1).
    leaf_rows : int
        Smallest number of rows that a leaf holds, whatever the share says.
    """

    leaves: int = 15
    rounds: int = 100
    learning_rate: float = 0.03
    leaf_share: float = 0.02
    leaf_rows: int = 20


class ShallowTrees(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A LightGBM regression in the shape that EconML clones, fits and asks.

    Parameters
    ----------
    settings : TreeSettings
        Shape of the trees.
    seed : int
        Seed of LightGBM.
    num_threads : int
        Threads of fitting and predicting; never left to LightGBM, which would take every core.
    weighted : bool
        Whether the last column of the matrix is the row's weight. EconML's XLearner passes no sample weights to its
        models; a column that only this class knows of carries them through.
    """

    def __init__(self, settings: TreeSettings, seed: int = 0, num_threads: int = 1, weighted: bool = False) -> None:
        self.settings = settings
        self.seed = seed
        self.num_threads = num_threads
        self.weighted = weighted

    def fit(self, X: NDArray[Any], y: NDArray[Any], sample_weight: NDArray[Any] | None = None) -> Self:
        """Fit the trees to `y`; if `weighted`, weights come from the last column."""
        s = self.settings
        features, weight = (X[:, :-1], X[:, -1]) if self.weighted else (X, sample_weight)
        self.booster_ = lgb.train(
            {
                "objective": "regression",
                "num_leaves": s.leaves,
                "learning_rate": s.learning_rate,
                "min_data_in_leaf": max(s.leaf_rows, int(s.leaf_share * len(y))),
                "num_threads": self.num_threads,
                "seed": self.seed,
                "deterministic": True,
                "force_col_wise": True,
                "verbosity": -1,
            },
            lgb.Dataset(features, y, weight=None if weight is None else weight / weight.mean()),
            s.rounds,
        )
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Predict the mean outcome; the weight column, if any, is ignored."""
        features = X[:, :-1] if self.weighted else X
        return np.asarray(self.booster_.predict(features, num_threads=self.num_threads))
