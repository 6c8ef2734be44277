"""The Qini curve and coefficient, number for number as scikit-uplift computes them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class QiniCurve:
    """A Qini curve to draw, scaled to shares and to one customer.

    Parameters
    ----------
    share : numpy.ndarray of shape (n_points,)
        Share of the customers who are treated, the highest effects first, from 0 to 1.
    gain : numpy.ndarray of shape (n_points,)
        What treating them adds, in the outcome's unit for each customer of the whole group.
    random : numpy.ndarray of shape (n_points,)
        The same when as many are treated at random.
    """

    share: NDArray[np.float64]
    gain: NDArray[np.float64]
    random: NDArray[np.float64]


def qini_points(
    outcome: NDArray[np.float64], uplift: NDArray[np.float64], treatment: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the points of the Qini curve, one for each distinct uplift.

    Parameters
    ----------
    outcome : array-like of shape (n_rows,)
        Outcome, binary or continuous.
    uplift : array-like of shape (n_rows,)
        Predicted effect; rows of equal effect are one step of the curve.
    treatment : array-like of shape (n_rows,)
        1 for treated, 0 for control.

    Returns
    -------
    tuple of numpy.ndarray
        Rows treated, from 0, and treated outcomes less control outcomes scaled to as many rows.
    """
    order = np.argsort(uplift, kind="stable")[::-1]
    y, t, ranked = np.asarray(outcome, np.float64)[order], np.asarray(treatment)[order], np.asarray(uplift)[order]
    step = np.r_[np.flatnonzero(np.diff(ranked)), len(ranked) - 1]
    treated = np.cumsum(t)[step]
    rows = step + 1
    control = rows - treated
    outcome_treated = np.cumsum(np.where(t == 1, y, 0.0))[step]
    outcome_control = np.cumsum(np.where(t == 1, 0.0, y))[step]
    # As in scikit-uplift: before the first control row there is nothing to take off.
    ratio = np.divide(treated, control, out=np.zeros(len(step)), where=control != 0)
    return np.r_[0, rows], np.r_[0.0, outcome_treated - outcome_control * ratio]


def qini_auc_score(outcome: NDArray[np.float64], uplift: NDArray[np.float64], treatment: NDArray[np.int64]) -> float:
    """Compute the Qini coefficient in scikit-uplift's form: 1 is the best order there is, 0 a random one.

    The best order may hold customers whom treatment harms (scikit-uplift's ``negative_effect=True``, its default).
    For a continuous outcome, which scikit-uplift refuses, the same formula is used: the best order puts treated rows by
    falling outcome first and control rows by rising outcome last.

    Parameters
    ----------
    outcome : array-like of shape (n_rows,)
        Outcome, binary or continuous.
    uplift : array-like of shape (n_rows,)
        Predicted effect.
    treatment : array-like of shape (n_rows,)
        1 for treated, 0 for control, drawn with the same probability in every row.

    Returns
    -------
    float
        Area between curve and diagonal over the same area of the best order; 0 where the latter is 0.

    References
    ----------
    Radcliffe (2007), Using control groups to target on predicted lift. scikit-uplift,
    ``sklift.metrics.qini_auc_score``.

    Examples
    --------
    >>> round(qini_auc_score([1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5], [1, 0, 1, 0, 0]), 6)
    -0.346154
    """
    y, t = np.asarray(outcome, np.float64), np.asarray(treatment)
    rows, gain = qini_points(y, uplift, t)
    best_rows, best_gain = qini_points(y, y * t - y * (1 - t), t)
    diagonal = 0.5 * float(best_rows[-1]) * float(best_gain[-1])
    best = float(np.trapezoid(best_gain, best_rows)) - diagonal
    return (float(np.trapezoid(gain, rows)) - diagonal) / best if best else 0.0


def qini_curve(
    outcome: NDArray[np.float64], uplift: NDArray[np.float64], treatment: NDArray[np.int64], points: int = 101
) -> QiniCurve:
    """Return the Qini curve at evenly spaced shares, to draw.

    Parameters
    ----------
    outcome, uplift, treatment : array-like of shape (n_rows,)
        As for `qini_auc_score`.
    points : int
        Number of points, both ends included.

    Returns
    -------
    QiniCurve
        Its last gain is the difference of the two means: the effect of treating everyone.
    """
    rows, gain = qini_points(outcome, uplift, treatment)
    treated = max(int(np.sum(np.asarray(treatment) == 1)), 1)
    share = np.linspace(0.0, 1.0, points)
    drawn = np.interp(share, rows / rows[-1], gain / treated)
    return QiniCurve(share, drawn, share * drawn[-1])
