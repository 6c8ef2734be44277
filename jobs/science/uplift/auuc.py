"""Areas under the uplift curve: scikit-uplift's form and CausalML's two, number for number."""

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadTrial


def uplift_auc_score(outcome: NDArray[np.float64], uplift: NDArray[np.float64], treatment: NDArray[np.int64]) -> float:
    """Compute the area under the uplift curve in scikit-uplift's form: 1 is its best order, 0 a random one.

    The curve is (mean of the treated - mean of the controls) times rows; scikit-uplift's best order puts treated rows
    with the outcome and control rows without it first.

    Parameters
    ----------
    outcome : array-like of shape (n_rows,)
        0 or 1: scikit-uplift has no best order for any other.
    uplift : array-like of shape (n_rows,)
        Predicted effect.
    treatment : array-like of shape (n_rows,)
        1 for treated, 0 for control.

    Returns
    -------
    float
        Area between curve and diagonal over the same of the best order; 0 where the latter is 0.

    Raises
    ------
    BadTrial
        If an outcome is neither 0 nor 1.

    References
    ----------
    scikit-uplift, ``sklift.metrics.uplift_auc_score``.

    Examples
    --------
    >>> round(uplift_auc_score([1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5], [1, 0, 1, 0, 0]), 6)
    -1.35
    """
    y, t = np.asarray(outcome, np.float64), np.asarray(treatment)
    other = y[(y != 0) & (y != 1)]
    if len(other):
        raise BadTrial(f"the outcome has the value {other[0]}: scikit-uplift's area takes outcomes of 0 and 1 only")
    more_control = np.sum((y == 1) & (t == 0)) > np.sum((y == 0) & (t == 1))
    best = 2.0 * (y == t) + (y if more_control else t)
    rows, gain = _uplift_points(y, np.asarray(uplift, np.float64), t)
    best_rows, best_gain = _uplift_points(y, best, t)
    diagonal = 0.5 * float(best_rows[-1]) * float(best_gain[-1])
    area = float(np.trapezoid(best_gain, best_rows)) - diagonal
    return (float(np.trapezoid(gain, rows)) - diagonal) / area if area else 0.0


def auuc_causalml(outcome: NDArray[np.float64], uplift: NDArray[np.float64], treatment: NDArray[np.int64]) -> float:
    """Compute the area under the cumulative gain in CausalML's form: .5 is a random order of a helpful treatment.

    The gain of the first k rows is (mean of the treated - mean of the controls) times k, over its size at the end.
    Where the first rows are all of one group the difference of means rises evenly from 0. CausalML leaves the order of
    rows of equal uplift to its sort; here the curve runs straight across them, so that their order says nothing.

    Parameters
    ----------
    outcome : array-like of shape (n_rows,)
        Outcome, binary or continuous.
    uplift : array-like of shape (n_rows,)
        Predicted effect.
    treatment : array-like of shape (n_rows,)
        1 for treated, 0 for control.

    Returns
    -------
    float
        Mean height of the curve; -.5 is a random order of a harmful treatment; 0 where the effect of everyone is 0.

    References
    ----------
    CausalML, ``causalml.metrics.auuc_score``. Gutierrez and Gerardy (2016), Causal inference and uplift modeling.

    Examples
    --------
    >>> round(auuc_causalml([1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5], [1, 0, 1, 0, 0]), 6)
    0.416667
    """
    end, counts = _sorted_counts(outcome, uplift, treatment)
    treated, control, of_treated, of_control = counts
    rows = np.arange(1, len(treated) + 1)
    both = (treated > 0) & (control > 0)
    if not both.any():
        return 0.0
    lift = of_treated[both] / treated[both] - of_control[both] / control[both]
    gain = np.interp(rows, np.r_[0, rows[both]], np.r_[0.0, lift]) * rows
    return _mean_height(gain, end)


def qini_causalml(outcome: NDArray[np.float64], uplift: NDArray[np.float64], treatment: NDArray[np.int64]) -> float:
    """Compute the Qini score in CausalML's form: 0 is a random order.

    The curve is scikit-uplift's, over its size at the end, less the straight line to the end. It is not scikit-uplift's
    coefficient: that one divides by the best order there is, this one by the effect of everyone.

    Parameters
    ----------
    outcome, uplift, treatment : array-like of shape (n_rows,)
        As for `auuc_causalml`; rows of equal uplift are treated alike there and here.

    Returns
    -------
    float
        Mean height of the curve above the straight line; 0 where the effect of everyone is 0.

    References
    ----------
    CausalML, ``causalml.metrics.qini_score``.

    Examples
    --------
    >>> round(qini_causalml([1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5], [1, 0, 1, 0, 0]), 6)
    -0.1875
    """
    end, counts = _sorted_counts(outcome, uplift, treatment)
    treated, control, of_treated, of_control = counts
    rows = np.arange(1, len(treated) + 1)
    some = control > 0
    if not some.any():
        return 0.0
    curve = of_treated[some] - of_control[some] * treated[some] / control[some]
    gain = np.interp(rows, np.r_[0, rows[some]], np.r_[0.0, curve])
    straight = 0.5 * float(np.sign(gain[-1]))
    return _mean_height(gain, end) - straight


_Counts = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _sorted_counts(
    outcome: NDArray[np.float64], uplift: NDArray[np.float64], treatment: NDArray[np.int64]
) -> tuple[NDArray[np.int64], _Counts]:
    """Return the ends of rows of equal uplift, and running counts and outcomes of treated and control."""
    ranking = np.asarray(uplift, np.float64)
    order = np.argsort(-ranking, kind="stable")
    y, t = np.asarray(outcome, np.float64)[order], np.asarray(treatment, np.float64)[order]
    end = np.r_[np.flatnonzero(np.diff(ranking[order])) + 1, len(order)]
    return end, (np.cumsum(t), np.cumsum(1.0 - t), np.cumsum(y * t), np.cumsum(y * (1.0 - t)))


def _mean_height(gain: NDArray[np.float64], end: NDArray[np.int64]) -> float:
    """Return the mean of the curve over its points, 0 and every row, as a share of its last."""
    last = float(gain[-1])
    if last == 0.0:
        return 0.0
    rows = np.arange(1, len(gain) + 1)
    straight = np.interp(rows, np.r_[0, end], np.r_[0.0, gain[end - 1]])
    return float(np.sum(straight)) / abs(last) / (len(gain) + 1)


def _uplift_points(
    outcome: NDArray[np.float64], uplift: NDArray[np.float64], treatment: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Turn treated outcomes less scaled control outcomes into means times rows, point by point."""
    end, counts = _sorted_counts(outcome, uplift, treatment)
    treated, control, of_treated, of_control = (c[end - 1] for c in counts)
    mean_treated = np.divide(of_treated, treated, out=np.zeros(len(end)), where=treated != 0)
    mean_control = np.divide(of_control, control, out=np.zeros(len(end)), where=control != 0)
    return np.r_[0, end], np.r_[0.0, (mean_treated - mean_control) * end]
