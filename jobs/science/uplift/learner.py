"""The learner: EconML's XLearner on shallow LightGBM trees, with the propensities that the trial knows."""

from dataclasses import dataclass
from typing import Any, Self

import lightgbm as lgb
import numpy as np
from econml.metalearners import XLearner
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

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> Self:
        """Fit the trees to `y`; weights come from the last column if `weighted`."""
        s = self.settings
        features, weight = (X[:, :-1], X[:, -1]) if self.weighted else (X, None)
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


class KnownPropensity(BaseEstimator):  # type: ignore[misc]
    """What EconML asks of a propensity model, answered from the trial's design.

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

    def effect(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the effect of every arm against the control, shape (n_rows, arms - 1), in units of the outcome."""
        return np.asarray(self.model.const_marginal_effect(self._widened(matrix))).reshape(len(matrix), self.arms - 1)

    def response(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the expected outcome under every arm, control first, shape (n_rows, arms)."""
        widened = self._widened(matrix)
        return np.column_stack([m.predict(widened) for m in self.model.models])

    def boosters(self, arm: int) -> tuple[lgb.Booster, lgb.Booster, float]:
        """Return the two effect models of an arm and the weight of the first.

        Parameters
        ----------
        arm : int
            Code of the arm, from 1.

        Returns
        -------
        tuple of (lightgbm.Booster, lightgbm.Booster, float)
            Learnt from the control's rows, learnt from the arm's rows, and the weight of the former in [0, 1].
        """
        at = arm - 1
        learnt_on_control = self.model.cate_controls_models[at].booster_
        learnt_on_arm = self.model.cate_treated_models[at].booster_
        return learnt_on_control, learnt_on_arm, float(self.model.propensity_models[at].share_)

    def _widened(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.column_stack([matrix, np.ones(len(matrix), np.float32)]) if self.weighted else matrix


def fit_xlearner(
    matrix: NDArray[np.float32],
    arm: NDArray[np.int64],
    outcome: NDArray[np.float64],
    propensity: NDArray[np.float64],
    *,
    arms: int,
    settings: TreeSettings | None = None,
    seed: int = 0,
    num_threads: int = 1,
) -> FittedXLearner:
    """Fit the X-learner to a randomised trial.

    A propensity that varies within an arm (strata, a ramp, last night's exploration) may follow something that is
    not among the features; every model is then fitted with weights of one over the propensity, so that each arm's
    rows stand for all customers. Where the propensity is one number for each arm such weights change nothing and are
    left out.

    Parameters
    ----------
    matrix : numpy.ndarray of shape (n_rows, n_columns)
        Encoded features, finite.
    arm : numpy.ndarray of shape (n_rows,)
        Arm that was drawn, 0 for the control.
    outcome : numpy.ndarray of shape (n_rows,)
        Outcome, binary or continuous.
    propensity : numpy.ndarray of shape (n_rows,)
        Probability of the arm that was drawn, in (0, 1).
    arms : int
        Number of arms, the control included.
    settings : TreeSettings, optional
        Shape of the trees.
    seed : int
        Seed of LightGBM.
    num_threads : int
        Threads of LightGBM.

    Returns
    -------
    FittedXLearner
        Gives the effect and the response of every arm.

    References
    ----------
    Kunzel, Sekhon, Bickel and Yu (2019), Metalearners for estimating heterogeneous treatment effects. PNAS 116.
    """
    by_arm = [propensity[arm == a] for a in range(arms)]
    weighted = any(float(np.ptp(p)) > 1e-9 for p in by_arm)
    shares = tuple(float(np.mean(arm == a)) if weighted else float(by_arm[a][0]) for a in range(arms))
    model = XLearner(
        models=ShallowTrees(settings or TreeSettings(), seed, num_threads, weighted),
        propensity_model=KnownPropensity(shares),
        categories=list(range(arms)),
    )
    seen = np.column_stack([matrix, (1.0 / propensity).astype(np.float32)]) if weighted else matrix
    model.fit(outcome, arm, X=seen)
    return FittedXLearner(model, arms, weighted)
