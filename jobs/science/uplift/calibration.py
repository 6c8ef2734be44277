"""How far predicted effects can be believed: calibration slope, shrinkage, promised effects, decile table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.estimate import Estimate, mean_estimate, sum_error


@dataclass(frozen=True)
class ArmCalibration:
    """Takes an arm's predicted effects to effects that money may be computed from.

    A prediction keeps `slope` of its distance from the mean prediction, and the mean itself is set to the arm's
    measured effect. With slope 0 every customer gets the arm's mean effect: no heterogeneity was found, the arm
    still works as well as it does.

    Parameters
    ----------
    center : float
        Mean predicted effect, in the outcome's unit.
    level : float
        Measured mean effect, in the outcome's unit.
    slope : float
        Share of the predicted differences that is kept, in [0, 1].

    Examples
    --------
    >>> ArmCalibration(center=2.0, level=1.0, slope=0.5).apply(np.array([2.0, 6.0])).tolist()
    [1.0, 3.0]
    """

    center: float
    level: float
    slope: float

    def apply(self, effect: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the shrunk effects."""
        return self.level + self.slope * (effect - self.center)


@dataclass(frozen=True)
class Decile:
    """A tenth of the rows, by predicted effect.

    Parameters
    ----------
    rank : int
        1 holds the highest predictions.
    rows : int
        Rows in it.
    predicted : float
        Mean predicted effect.
    measured : Estimate
        Mean effect by doubly robust scores.
    """

    rank: int
    rows: int
    predicted: float
    measured: Estimate


def calibration_slope(
    effect: NDArray[np.float64], score: NDArray[np.float64], cluster: NDArray[np.int64] | None = None
) -> Estimate:
    """Regress doubly robust effects on predicted effects: the best linear predictor.

    Parameters
    ----------
    effect : numpy.ndarray of shape (n_rows,)
        Predicted effects of rows that the learner never saw.
    score : numpy.ndarray of shape (n_rows,)
        Doubly robust score of the arm less that of the control.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.

    Returns
    -------
    Estimate
        1 where predicted differences are true on average, 0 where they are noise. Robust standard error. A constant
        prediction has slope 0 with standard error 0.

    References
    ----------
    Chernozhukov, Demirer, Duflo and Fernandez-Val (2018), Generic machine learning inference on heterogeneous
    treatment effects in randomized experiments.
    """
    return pooled_slope(effect[:, None], score[:, None], cluster)


def pooled_slope(
    effect: NDArray[np.float64], score: NDArray[np.float64], cluster: NDArray[np.int64] | None = None
) -> Estimate:
    """Regress the doubly robust effects of all arms on the predicted ones, each arm with a mean of its own.

    Differences between arms do not count, only those between customers under the same arm. With one arm it is
    `calibration_slope`.

    Parameters
    ----------
    effect, score : numpy.ndarray of shape (n_rows, n_arms - 1)
        Predicted effects of rows that the learner never saw, and doubly robust scores less that of the control.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.

    Returns
    -------
    Estimate
        As of `calibration_slope`; a row's arms count as one observation.
    """
    x, y = effect - np.mean(effect, axis=0), score - np.mean(score, axis=0)
    spread = float(np.sum(x**2))
    if _constant(spread, effect):
        return Estimate(0.0, 0.0)
    slope = float(np.sum(x * y)) / spread
    return Estimate(slope, sum_error(np.sum(x * (y - slope * x), axis=1), cluster) / spread)


def shrinkage(slope: Estimate) -> float:
    """Return the share of the predicted differences to keep: the slope, within [0, 1]."""
    return min(1.0, max(0.0, slope.value))


def calibrate(
    effect: NDArray[np.float64], score: NDArray[np.float64], level: NDArray[np.float64]
) -> tuple[ArmCalibration, ...]:
    """Return the calibration of every arm.

    Parameters
    ----------
    effect : numpy.ndarray of shape (n_rows, n_arms - 1)
        Predicted effects of rows that the learner never saw.
    score : numpy.ndarray of shape (n_rows, n_arms - 1)
        Doubly robust score of every arm less that of the control.
    level : numpy.ndarray of shape (n_arms - 1,)
        Measured mean effect of every arm.
    """
    return tuple(
        ArmCalibration(
            center=float(np.mean(effect[:, i])),
            level=float(level[i]),
            slope=shrinkage(calibration_slope(effect[:, i], score[:, i])),
        )
        for i in range(effect.shape[1])
    )


def promised_effects(
    effect: NDArray[np.float64],
    score: NDArray[np.float64],
    other_score: NDArray[np.float64],
    first: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Shrink the effects of each half of the rows with what all other rows measured.

    It is what a scorer would promise these rows had they not measured it themselves: only such a promise can be
    held against their own scores.

    Parameters
    ----------
    effect : numpy.ndarray of shape (n_rows, n_arms - 1)
        Predicted effects of rows that the learner never saw.
    score : numpy.ndarray of shape (n_rows, n_arms - 1)
        Doubly robust score of every arm less that of the control.
    other_score : numpy.ndarray of shape (n_others, n_arms - 1)
        The same of the rows that the learner saw; they help to measure the mean effects.
    first : numpy.ndarray of bool, shape (n_rows,)
        Which rows are the first half.

    Returns
    -------
    numpy.ndarray of shape (n_rows, n_arms - 1)
        Shrunk effects, none of them touched by its own row's outcome.
    """
    promised = np.empty_like(effect)
    for here in (first, ~first):
        level = np.mean(np.concatenate([other_score, score[~here]]), axis=0)
        for i, arm in enumerate(calibrate(effect[~here], score[~here], level)):
            promised[here, i] = arm.apply(effect[here, i])
    return promised


def decile_table(
    effect: NDArray[np.float64],
    score: NDArray[np.float64],
    cluster: NDArray[np.int64] | None = None,
    groups: int = 10,
) -> tuple[Decile, ...]:
    """Set predicted against measured effects, tenth by tenth.

    Parameters
    ----------
    effect : numpy.ndarray of shape (n_rows,)
        Effects that were predicted, or promised, without the rows' own outcomes.
    score : numpy.ndarray of shape (n_rows,)
        Doubly robust score of the arm less that of the control.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.
    groups : int
        Number of groups, of equal size up to one row; ties are cut by row order.

    Returns
    -------
    tuple of Decile
        The highest predictions first; no group is empty.
    """
    order = np.argsort(-effect, kind="stable")
    return tuple(
        Decile(
            rank,
            len(rows),
            float(np.mean(effect[rows])),
            mean_estimate(score[rows], None if cluster is None else cluster[rows]),
        )
        for rank, rows in enumerate(np.array_split(order, groups), start=1)
        if len(rows)
    )


def _constant(spread: float, effect: NDArray[np.float64]) -> bool:
    """Predictions that differ by rounding alone are one constant."""
    return spread <= effect.size * (1e-12 * (1.0 + float(np.max(np.abs(effect))))) ** 2
