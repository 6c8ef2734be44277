"""EconML's XLearner on shallow trees, with the propensities that the trial knows."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from econml.metalearners import XLearner
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from jobs.science.uplift.learners.design import balancing_weight, shares
from jobs.science.uplift.learners.fitted import Learning
from jobs.science.uplift.learners.trees import ShallowTrees
from jobs.science.uplift.portable import BoostedEffect

NAME = "XLearner"


class KnownShares(BaseEstimator):  # type: ignore[misc]
    """What EconML's XLearner asks of a propensity model, answered from the trial's design.

    EconML fits one for each arm on that arm's rows and the control's. The X-learner uses the answer only to weigh its
    two effect models, the one learnt from the control's rows and the one learnt from the arm's: any weight in [0, 1] is
    consistent, and the design's shares are the weight that follows the rows each was learnt from. A customer to be
    scored was never drawn, so the weight is one number for each arm.

    Parameters
    ----------
    shares : tuple of float
        Design share of every arm, control first, each in (0, 1).
    """

    def __init__(self, shares: tuple[float, ...]) -> None:
        self.shares = shares

    def fit(self, X: NDArray[Any], T: NDArray[Any]) -> Self:  # noqa: ARG002  # EconML passes both
        """Note which arm is set against the control."""
        arm = int(np.max(T))
        self.share_ = self.shares[arm] / (self.shares[0] + self.shares[arm])
        return self

    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities of control and arm, the same for every row."""
        return np.tile([1.0 - self.share_, self.share_], (len(X), 1))


@dataclass(frozen=True)
class FittedXLearner:
    """A fitted X-learner.

    Parameters
    ----------
    model : econml.metalearners.XLearner
        The fitted model.
    arms : int
        Number of arms, the control included.
    weighted : bool
        Whether the model reads a weight column after the features.
    """

    model: XLearner
    arms: int
    weighted: bool
    name: str = NAME

    def effect(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the effect of every arm against the control, shape (n_rows, arms - 1), in units of the outcome."""
        return np.asarray(self.model.const_marginal_effect(self._widened(matrix))).reshape(len(matrix), self.arms - 1)

    def standard_error(self, matrix: NDArray[np.float32]) -> None:  # noqa: ARG002  # as every learner
        """Return None: the X-learner on trees has no standard error of a single effect."""
        return

    def portable(self) -> tuple[BoostedEffect, ...]:
        """Return the two effect models of every arm but the control, weighed."""
        return tuple(self._of_arm(at) for at in range(self.arms - 1))

    def _of_arm(self, at: int) -> BoostedEffect:
        learnt_on_control = self.model.cate_controls_models[at].booster_
        learnt_on_arm = self.model.cate_treated_models[at].booster_
        share = float(self.model.propensity_models[at].share_)
        return BoostedEffect((learnt_on_control, learnt_on_arm), (share, 1.0 - share))

    def _widened(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.column_stack([matrix, np.ones(len(matrix), np.float32)]) if self.weighted else matrix


def fit_x_learner(learning: Learning) -> FittedXLearner:
    """Fit the X-learner.

    A propensity that varies within an arm (strata, a ramp, last night's exploration) may follow something that is
    not among the features; every model is then fitted with weights of one over the propensity, so that each arm's
    rows stand for all customers. Where the propensity is one number for each arm such weights change nothing and are
    left out.

    References
    ----------
    Kunzel, Sekhon, Bickel and Yu (2019), Metalearners for estimating heterogeneous treatment effects. PNAS 116.
    """
    weight = balancing_weight(learning)
    weighted = weight is not None
    model = XLearner(
        models=ShallowTrees(learning.settings, learning.seed, learning.num_threads, weighted),
        propensity_model=KnownShares(shares(learning)),
        categories=list(range(learning.arms)),
    )
    seen = learning.matrix if weight is None else np.column_stack([learning.matrix, weight.astype(np.float32)])
    model.fit(learning.outcome, learning.arm, X=seen)
    return FittedXLearner(model, learning.arms, weighted)
