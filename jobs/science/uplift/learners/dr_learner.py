"""EconML's DRLearner on shallow trees: trees that learn effects from doubly robust scores."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from econml.dr import DRLearner
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone

from jobs.science.uplift.learners.design import balancing_weight, known_propensity
from jobs.science.uplift.learners.fitted import FOLDS, Learning
from jobs.science.uplift.learners.trees import ShallowTrees
from jobs.science.uplift.portable import BoostedEffect

NAME = "DRLearner"


class ResponseByArm(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A model for each arm in the shape of EconML's one regression of the outcome on features and arm.

    One model for all arms would seldom cut its trees by arm: effects are small beside what else moves outcomes.

    Parameters
    ----------
    arms : int
        Number of arms; the last ``arms - 1`` columns of the matrix say which of the others a row is in.
    trees : ShallowTrees
        Cloned for every arm.
    """

    def __init__(self, arms: int, trees: ShallowTrees) -> None:
        self.arms = arms
        self.trees = trees

    def fit(self, X: NDArray[Any], y: NDArray[Any], sample_weight: NDArray[Any] | None = None) -> Self:
        """Fit each arm's model to its rows; an arm without rows answers with the mean of all."""
        features, arm = self._apart(X)
        self.mean_ = float(np.mean(y))
        self.models_: list[ShallowTrees | None] = []
        for a in range(self.arms):
            here = arm == a
            weight = None if sample_weight is None else sample_weight[here]
            self.models_.append(clone(self.trees).fit(features[here], y[here], weight) if here.any() else None)
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Predict the mean outcome of every row under its arm."""
        features, arm = self._apart(X)
        answer = np.full(len(X), self.mean_)
        for a, model in enumerate(self.models_):
            here = arm == a
            if model is not None and here.any():
                answer[here] = model.predict(features[here])
        return answer

    def _apart(self, X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        drawn = X[:, X.shape[1] - (self.arms - 1) :]
        return X[:, : X.shape[1] - (self.arms - 1)], drawn @ np.arange(1, self.arms)


@dataclass(frozen=True)
class FittedDRLearner:
    """A fitted DRLearner.

    Parameters
    ----------
    model : econml.dr.DRLearner
        The fitted model.
    arms : int
        Number of arms, the control included.
    """

    model: DRLearner
    arms: int
    name: str = NAME

    def effect(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the effect of every arm against the control, shape (n_rows, arms - 1), in units of the outcome."""
        return np.asarray(self.model.const_marginal_effect(matrix)).reshape(len(matrix), self.arms - 1)

    def standard_error(self, matrix: NDArray[np.float32]) -> None:  # noqa: ARG002  # as every learner
        """Return None: boosted trees have no standard error of a single effect."""
        return

    def portable(self) -> tuple[BoostedEffect, ...]:
        """Return the effect model of every arm but the control."""
        return tuple(BoostedEffect((self.model.model_cate(T=a).booster_,), (1.0,)) for a in range(1, self.arms))


def fit_dr_learner(learning: Learning) -> FittedDRLearner:
    """Fit the DRLearner, its nuisances cross-fitted, clusters kept on one side.

    References
    ----------
    Kennedy (2023), Towards optimal doubly robust estimation of heterogeneous causal effects. Electronic Journal of
    Statistics 17.
    """
    trees = ShallowTrees(learning.settings, learning.seed, learning.num_threads)
    model = DRLearner(
        model_propensity=known_propensity(learning),
        model_regression=ResponseByArm(learning.arms, trees),
        model_final=trees,
        categories=list(range(learning.arms)),
        cv=FOLDS,
        random_state=learning.seed,
    )
    model.fit(
        learning.outcome,
        learning.arm,
        X=learning.matrix,
        sample_weight=balancing_weight(learning),
        groups=learning.cluster,
    )
    return FittedDRLearner(model, learning.arms)
