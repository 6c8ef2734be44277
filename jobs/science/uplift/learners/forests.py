"""EconML's causal forests: they judge whether effects differ, with standard errors, and are not put to work."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from econml.dml import CausalForestDML
from econml.dr import ForestDRLearner
from numpy.typing import NDArray

from jobs.science.uplift.learners.design import balancing_weight, known_propensity
from jobs.science.uplift.learners.dr_learner import ResponseByArm
from jobs.science.uplift.learners.fitted import FOLDS, Learning
from jobs.science.uplift.learners.trees import ShallowTrees

CAUSAL_FOREST_DML = "CausalForestDML"
FOREST_DR_LEARNER = "ForestDRLearner"

TREES = 100
"""Trees of a forest: each sees less than half of the rows, and effects are means over all."""


@dataclass(frozen=True)
class FittedForest:
    """A fitted causal forest.

    Parameters
    ----------
    model : econml.dml.CausalForestDML or econml.dr.ForestDRLearner
        The fitted model.
    arms : int
        Number of arms, the control included.
    name : str
        Which of the two it is.
    """

    model: Any
    arms: int
    name: str

    def effect(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the effect of every arm against the control, shape (n_rows, arms - 1), in units of the outcome."""
        return np.asarray(self.model.const_marginal_effect(matrix)).reshape(len(matrix), self.arms - 1)

    def standard_error(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the standard error of every effect, shape (n_rows, arms - 1), by the forest's little bags."""
        inference = self.model.const_marginal_effect_inference(matrix)
        return np.asarray(inference.stderr).reshape(len(matrix), self.arms - 1)

    def portable(self) -> None:
        """Return None: a forest judges and is not put to work."""
        return


def fit_causal_forest_dml(learning: Learning) -> FittedForest:
    """Fit CausalForestDML, honest, its leaves as large as the settings say.

    References
    ----------
    Athey, Tibshirani and Wager (2019), Generalized random forests. The Annals of Statistics 47.
    """
    model = CausalForestDML(
        model_y=ShallowTrees(learning.settings, learning.seed, learning.num_threads),
        model_t=known_propensity(learning),
        discrete_treatment=True,
        **_shape(learning),
    )
    return _fitted(model, learning, CAUSAL_FOREST_DML)


def fit_forest_dr_learner(learning: Learning) -> FittedForest:
    """Fit ForestDRLearner: an honest forest for each arm, learnt from doubly robust scores."""
    trees = ShallowTrees(learning.settings, learning.seed, learning.num_threads)
    model = ForestDRLearner(
        model_propensity=known_propensity(learning),
        model_regression=ResponseByArm(learning.arms, trees),
        **_shape(learning),
    )
    return _fitted(model, learning, FOREST_DR_LEARNER)


def _shape(learning: Learning) -> dict[str, Any]:
    """Return how a forest is built: a tree splits on a quarter of the rows and measures on another."""
    settings = learning.settings
    rows_of_a_tree = len(learning.arm) / 4
    return {
        "categories": list(range(learning.arms)),
        "cv": FOLDS,
        "n_estimators": TREES,
        "min_samples_leaf": max(settings.leaf_rows, int(settings.leaf_share * rows_of_a_tree)),
        "n_jobs": learning.num_threads,
        "random_state": learning.seed,
    }


def _fitted(model: Any, learning: Learning, name: str) -> FittedForest:
    model.fit(
        learning.outcome,
        learning.arm,
        X=learning.matrix,
        sample_weight=balancing_weight(learning),
        groups=learning.cluster,
    )
    return FittedForest(model, learning.arms, name)
