"""Customers whom treatment harms: how many by prediction, and how many beyond doubt."""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

from jobs.science.experiment.multiplicity import holm_adjusted
from jobs.science.uplift.calibration import decile_table
from jobs.science.uplift.estimate import Estimate, mean_estimate

FAMILY_ERROR = 0.05
"""Chance, at most, that anything at all is called negative beyond doubt where nothing is negative."""


@dataclass(frozen=True)
class NegativeShare:
    """What is predicted to be harmed, and what the untouched rows say of it.

    Parameters
    ----------
    predicted : float
        Share of the rows whose predicted effect is below 0, in [0, 1].
    measured : Estimate or None
        Mean measured effect of just these rows; none where there are none.
    beyond_doubt : float
        Share of the rows that lie in a tenth, by predicted effect, whose mean effect is measured below 0: one-sided,
        Holm over the tenths, 5% for all of them together. Some in such a tenth may still gain.
    rows_beyond_doubt : float or None
        Share of the rows whose own effect is below 0 beyond doubt by the learner's standard errors, Holm over all rows,
        5% together; none where the learner gives no standard errors.
    """

    predicted: float
    measured: Estimate | None
    beyond_doubt: float
    rows_beyond_doubt: float | None = None


def negative_share(
    effect: NDArray[np.float64],
    lift: NDArray[np.float64],
    cluster: NDArray[np.int64] | None = None,
    *,
    standard_error: NDArray[np.float64] | None = None,
) -> NegativeShare:
    """Count predicted harm and hold it against measured effects.

    Parameters
    ----------
    effect : numpy.ndarray of shape (n_rows,)
        Predicted effects of rows that the learner never saw.
    lift : numpy.ndarray of shape (n_rows,)
        Doubly robust score of the arm less that of the control.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.
    standard_error : numpy.ndarray of shape (n_rows,), optional
        Standard error of each predicted effect, from a learner that gives one.

    Examples
    --------
    >>> harmed = negative_share(np.array([1.0, -1.0, 2.0, -2.0]), np.array([3.0, -4.0, 1.0, -2.0]))
    >>> harmed.predicted, harmed.measured.value
    (0.5, -3.0)
    """
    below = effect < 0
    tenths = decile_table(effect, lift, cluster)
    p_values = np.array([_below_zero_p(t.measured) if t.rows > 1 else 1.0 for t in tenths])
    doubtless = holm_adjusted(p_values) <= FAMILY_ERROR
    return NegativeShare(
        predicted=float(np.mean(below)),
        measured=mean_estimate(lift[below], None if cluster is None else cluster[below]) if below.any() else None,
        beyond_doubt=sum(t.rows for t, sure in zip(tenths, doubtless, strict=True) if sure) / len(effect),
        rows_beyond_doubt=(
            None if standard_error is None else float(np.mean(rows_negative_beyond_doubt(effect, standard_error)))
        ),
    )


def rows_negative_beyond_doubt(
    effect: NDArray[np.float64], standard_error: NDArray[np.float64], family_error: float = FAMILY_ERROR
) -> NDArray[np.bool_]:
    """Return the rows whose own effect is below 0 beyond doubt, from a learner that gives standard errors.

    Parameters
    ----------
    effect, standard_error : numpy.ndarray of shape (n_rows,)
        Predicted effect and its standard error.
    family_error : float
        Chance of one wrong row or more, in (0, 1); Holm over all rows.

    Examples
    --------
    >>> rows_negative_beyond_doubt(np.array([-5.0, -2.0, 1.0]), np.array([1.0, 1.0, 1.0])).tolist()
    [True, True, False]
    >>> rows_negative_beyond_doubt(np.array([-5.0, -1.9, 1.0]), np.array([1.0, 1.0, 1.0])).tolist()
    [True, False, False]
    """
    tested = [_below_zero_p(Estimate(e, s)) for e, s in zip(effect.tolist(), standard_error.tolist(), strict=True)]
    return holm_adjusted(np.array(tested)) <= family_error


def _below_zero_p(estimate: Estimate) -> float:
    if estimate.standard_error == 0.0:
        return 0.0 if estimate.value < 0 else 1.0
    return 0.5 * erfc(-estimate.value / estimate.standard_error / sqrt(2.0))
