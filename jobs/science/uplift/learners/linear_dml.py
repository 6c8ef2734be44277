"""EconML's LinearDML: effects that are a line in the features, with honest standard errors."""

from dataclasses import dataclass

import numpy as np
from econml.dml import LinearDML
from numpy.typing import NDArray

from jobs.science.uplift.learners.columns import LineColumns
from jobs.science.uplift.learners.design import balancing_weight, known_propensity
from jobs.science.uplift.learners.fitted import FOLDS, Learning
from jobs.science.uplift.learners.trees import ShallowTrees
from jobs.science.uplift.portable import LinearEffect

NAME = "LinearDML"

_BLOCK = 65_536


@dataclass(frozen=True)
class FittedLinearDML:
    """A fitted LinearDML.

    Parameters
    ----------
    model : econml.dml.LinearDML
        The fitted model.
    arms : int
        Number of arms, the control included.
    columns : LineColumns
        The columns that the line is in.
    covariance : numpy.ndarray of shape (arms - 1, n_used + 1, n_used + 1)
        Covariance of every arm's slopes and intercept.
    """

    model: LinearDML
    arms: int
    columns: LineColumns
    covariance: NDArray[np.float64]
    name: str = NAME

    def effect(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the effect of every arm against the control, shape (n_rows, arms - 1), in units of the outcome."""
        seen = self.columns.standardised(matrix)
        effect = np.asarray(self.model.const_marginal_effect(seen))
        return np.broadcast_to(effect.reshape(-1, self.arms - 1), (len(matrix), self.arms - 1)).copy()

    def standard_error(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the standard error of every effect, shape (n_rows, arms - 1), robust and by cluster."""
        return np.column_stack([arm.standard_error(matrix) for arm in self.portable()])

    def portable(self) -> tuple[LinearEffect, ...]:
        """Return the line of every arm but the control."""
        used = len(self.columns.used)
        slopes = np.asarray(self.model.coef_).reshape(self.arms - 1, used) if used else np.empty((self.arms - 1, 0))
        intercepts = np.atleast_1d(self.model.intercept_)
        return tuple(
            self.columns.line(slopes[at], float(intercepts[at]), self.covariance[at]) for at in range(self.arms - 1)
        )


def fit_linear_dml(learning: Learning) -> FittedLinearDML:
    """Fit LinearDML: the outcome's residual regressed on the arm's residual times the features.

    References
    ----------
    Chernozhukov, Chetverikov, Demirer, Duflo, Hansen, Newey and Robins (2018), Double/debiased machine learning for
    treatment and structural parameters. The Econometrics Journal 21.
    """
    columns = LineColumns.of(learning.matrix)
    weight = balancing_weight(learning)
    model = LinearDML(
        model_y=ShallowTrees(learning.settings, learning.seed, learning.num_threads),
        model_t=known_propensity(learning),
        discrete_treatment=True,
        categories=list(range(learning.arms)),
        cv=FOLDS,
        random_state=learning.seed,
    )
    seen = columns.standardised(learning.matrix)
    # Where no column varies the line is its intercept, and the trees read what there is as controls.
    model.fit(
        learning.outcome,
        learning.arm,
        X=seen,
        W=learning.matrix if seen is None else None,
        sample_weight=weight,
        groups=learning.cluster,
        cache_values=True,
        inference=None,
    )
    return FittedLinearDML(model, learning.arms, columns, _covariance(model, learning, seen, weight))


def _covariance(
    model: LinearDML, learning: Learning, seen: NDArray[np.float64] | None, weight: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return the sandwich covariance of every arm's slopes and intercept, by cluster where there are clusters.

    EconML's own is robust row by row (HC1); rows of a cluster share more than their features.
    """
    outcome_residual, arm_residual, _, _ = model.residuals_
    n, k = len(learning.arm), learning.arms - 1
    columns = np.ones((n, 1)) if seen is None else np.column_stack([seen, np.ones(n)])
    each = columns.shape[1]
    lines = np.column_stack([np.asarray(model.coef_).reshape(k, each - 1), np.atleast_1d(model.intercept_)])
    w = np.ones(n) if weight is None else weight / weight.mean()
    gram, meat = np.zeros((k * each, k * each)), np.zeros((k * each, k * each))
    groups = 0 if learning.cluster is None else int(learning.cluster.max()) + 1
    by_group = np.zeros((groups, k * each))
    for start in range(0, n, _BLOCK):
        rows = slice(start, start + _BLOCK)
        design = (arm_residual[rows, :, None] * columns[rows, None, :]).reshape(-1, k * each)
        missed = outcome_residual[rows].ravel() - design @ lines.ravel()
        gram += design.T @ (design * w[rows, None])
        moments = design * (w[rows] * missed)[:, None]
        if learning.cluster is None:
            meat += moments.T @ moments
        else:
            np.add.at(by_group, learning.cluster[rows], moments)
    if learning.cluster is None:
        meat *= n / max(n - k * each, 1)
    else:
        seen_groups = len(np.unique(learning.cluster))
        meat = by_group.T @ by_group * (seen_groups / max(seen_groups - 1, 1))
    bread = np.linalg.pinv(gram, hermitian=True)
    whole = (bread @ meat @ bread).reshape(k, each, k, each)
    return np.array([whole[a, :, a, :] for a in range(k)])
