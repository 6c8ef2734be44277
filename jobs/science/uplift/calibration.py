"""How far predicted effects can be believed: calibration slope, shrinkage, decile table."""

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
    x = effect - np.mean(effect)
    spread = float(np.sum(x**2))
    # Predictions that differ by rounding alone are one constant.
    if spread <= len(x) * (1e-12 * (1.0 + float(np.max(np.abs(effect))))) ** 2:
        return Estimate(0.0, 0.0)
    y = score - np.mean(score)
    slope = float(np.sum(x * y)) / spread
    return Estimate(slope, sum_error(x * (y - slope * x), cluster) / spread)


def shrinkage(slope: Estimate) -> float:
    """Return the share of the predicted differences to keep: the slope, within [0, 1]."""
    return min(1.0, max(0.0, slope.value))


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
        Predicted effects of rows that the learner never saw.
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
