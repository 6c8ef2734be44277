"""The expected outcome under every arm: one model for each arm, fitted to its rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.learners.design import balancing_weight
from jobs.science.uplift.learners.fitted import Learning
from jobs.science.uplift.learners.trees import ShallowTrees


@dataclass(frozen=True)
class FittedResponse:
    """Fitted response models.

    Parameters
    ----------
    models : tuple of ShallowTrees
        One for each arm, the control first.
    """

    models: tuple[ShallowTrees, ...]

    def response(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the expected outcome under every arm, control first, shape (n_rows, arms)."""
        return np.column_stack([m.predict(matrix) for m in self.models])


def fit_response(learning: Learning) -> FittedResponse:
    """Fit the expected outcome under every arm, for doubly robust scores and for the response model's policy.

    Parameters
    ----------
    learning : Learning
        Rows of the trial. Its propensities are used as weights where they vary.

    Returns
    -------
    FittedResponse
        Gives the response of every arm.
    """
    weight = balancing_weight(learning)
    models = []
    for a in range(learning.arms):
        here = learning.arm == a
        trees = ShallowTrees(learning.settings, learning.seed, learning.num_threads)
        models.append(
            trees.fit(learning.matrix[here], learning.outcome[here], None if weight is None else weight[here])
        )
    return FittedResponse(tuple(models))
