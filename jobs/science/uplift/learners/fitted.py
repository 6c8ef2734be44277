"""What every fitted learner answers, and the rows it learns from."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.learners.trees import TreeSettings
from jobs.science.uplift.portable import ArmEffect

FOLDS = 3
"""Parts of the rows for cross-fitting: a row's residual is from models that did not see its part."""


@dataclass(frozen=True)
class Learning:
    """Rows of a trial as a learner reads them, and how it is to read them.

    Parameters
    ----------
    matrix : numpy.ndarray of float32, shape (n_rows, n_columns)
        Encoded features, finite.
    arm : numpy.ndarray of int64, shape (n_rows,)
        Arm that was drawn, 0 for the control.
    outcome : numpy.ndarray of shape (n_rows,)
        Outcome, binary or continuous.
    propensity : numpy.ndarray of shape (n_rows,)
        Probability of the arm that was drawn, in (0, 1).
    arms : int
        Number of arms, the control included.
    weight : numpy.ndarray of shape (n_rows,), optional
        How many customers each row stands for, above 0.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row; cross-fitting keeps a group on one side.
    settings : TreeSettings
        Shape of the trees.
    seed : int
        Seed of folds and trees.
    num_threads : int
        Threads of fitting and predicting.
    """

    matrix: NDArray[np.float32]
    arm: NDArray[np.int64]
    outcome: NDArray[np.float64]
    propensity: NDArray[np.float64]
    arms: int
    weight: NDArray[np.float64] | None = None
    cluster: NDArray[np.int64] | None = None
    settings: TreeSettings = field(default_factory=TreeSettings)
    seed: int = 0
    num_threads: int = 1


class FittedLearner(Protocol):
    """A learner that was fitted."""

    @property
    def name(self) -> str:
        """Name of the learner, one of `LEARNERS`."""

    def effect(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the effect of every arm against the control.

        Parameters
        ----------
        matrix : numpy.ndarray of shape (n_rows, n_columns)
            Encoded features.

        Returns
        -------
        numpy.ndarray of shape (n_rows, arms - 1)
            Effects, in units of the outcome.
        """

    def standard_error(self, matrix: NDArray[np.float32]) -> NDArray[np.float64] | None:
        """Return the standard error of every effect, shape (n_rows, arms - 1), or None where the learner has none."""

    def portable(self) -> tuple[ArmEffect, ...] | None:
        """Return what a scorer carries of every arm but the control, or None if the learner only judges."""
