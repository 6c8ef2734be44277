"""What the propensities of a trial ask of a learner: weights where they vary, shares where they do not."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from jobs.science.uplift.learners.fitted import Learning


def varies(learning: Learning) -> bool:
    """Return whether the propensity varies within an arm, as with strata, a ramp or exploration."""
    return any(float(np.ptp(learning.propensity[learning.arm == a])) > 1e-9 for a in range(learning.arms))


def balancing_weight(learning: Learning) -> NDArray[np.float64] | None:
    """Return the weight of each row under which arms are drawn alike from all customers, or None if all are equal.

    Where the propensity is one number for each arm, an arm's rows stand for all customers as they are; where it
    varies, they do when weighted by one over it.
    """
    if not varies(learning):
        return learning.weight
    one_over = 1.0 / learning.propensity
    return one_over if learning.weight is None else one_over * learning.weight


class KnownPropensity(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """What EconML asks of a propensity model, answered from the trial's design: the same for every row.

    Where propensities vary, rows are weighted by one over theirs. Among rows so weighted every arm is as frequent as
    every other, whatever the features, and `shares` says so.

    Parameters
    ----------
    shares : tuple of float
        Probability of every arm, control first, each in (0, 1).
    """

    def __init__(self, shares: tuple[float, ...]) -> None:
        self.shares = shares

    def fit(self, X: NDArray[Any], T: NDArray[Any], sample_weight: NDArray[Any] | None = None) -> Self:  # noqa: ARG002
        """Fit nothing: the design is known."""
        self.classes_ = np.arange(len(self.shares))
        return self

    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities of all arms, the same for every row."""
        return np.tile(np.array(self.shares) / sum(self.shares), (len(X), 1))

    def score(self, X: NDArray[Any], T: NDArray[Any], sample_weight: NDArray[Any] | None = None) -> float:
        """Return the mean log-likelihood of the arms that were drawn; EconML records it."""
        likelihood = self.predict_proba(X)[np.arange(len(X)), np.ravel(T).astype(np.int64)]
        return float(np.average(np.log(likelihood), weights=sample_weight))


def known_propensity(learning: Learning) -> KnownPropensity:
    """Return the propensity model of rows weighted by `balancing_weight`."""
    return KnownPropensity((1.0 / learning.arms,) * learning.arms if varies(learning) else shares(learning))


def shares(learning: Learning) -> tuple[float, ...]:
    """Return the share of every arm: the design's where it is one number for each arm, else the share of the rows."""
    if varies(learning):
        return tuple(float(np.mean(learning.arm == a)) for a in range(learning.arms))
    return tuple(float(learning.propensity[learning.arm == a][0]) for a in range(learning.arms))
