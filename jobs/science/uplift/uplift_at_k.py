"""Uplift among the top share of a ranking, as scikit-uplift computes it, with an error."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.half_samples import RESAMPLES, half_samples, units_of

Strategy = Literal["overall", "by_group"]

SHARES = (0.1, 0.2, 0.3, 0.5)
"""Top shares that a judgement tells."""


@dataclass(frozen=True)
class UpliftAtK:
    """Uplift among the top share of a ranking, in the outcome's unit.

    Parameters
    ----------
    share : float
        The top share, in (0, 1).
    overall : Estimate
        Top share of all rows together.
    by_group : Estimate
        Top share of treated and of control rows apart.
    """

    share: float
    overall: Estimate
    by_group: Estimate


def uplift_at_k(
    outcome: NDArray[np.float64],
    uplift: NDArray[np.float64],
    treatment: NDArray[np.int64],
    k: float = 0.3,
    strategy: Strategy = "overall",
) -> float:
    """Compute the difference of mean outcomes, treated less control, among the top share.

    Parameters
    ----------
    outcome : array-like of shape (n_rows,)
        Outcome, binary or continuous.
    uplift : array-like of shape (n_rows,)
        Predicted effect. Rows of equal uplift are cut by row order, the last first, as scikit-uplift does.
    treatment : array-like of shape (n_rows,)
        1 for treated, 0 for control.
    k : float
        Share, in (0, 1).
    strategy : {"overall", "by_group"}
        The top share of all rows together, or of treated and of control rows apart.

    Returns
    -------
    float
        In the outcome's unit; nan where the top has no treated or no control row.

    References
    ----------
    scikit-uplift, ``sklift.metrics.uplift_at_k``.

    Examples
    --------
    >>> float(uplift_at_k([1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5], [1, 0, 1, 0, 0], k=0.6))
    0.5
    """
    order = np.argsort(np.asarray(uplift, np.float64), kind="stable")[::-1]
    found = _differences(np.asarray(outcome, np.float64)[order], np.asarray(treatment)[order] == 1, [k])
    return float(found[0, 0 if strategy == "overall" else 1])


def uplift_at_shares(
    outcome: NDArray[np.float64],
    uplift: NDArray[np.float64],
    treatment: NDArray[np.int64],
    shares: Sequence[float] = SHARES,
    *,
    cluster: NDArray[np.int64] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[UpliftAtK, ...]:
    """Estimate uplift at several shares; half samples rank anew, so that errors know of the moving threshold.

    Parameters
    ----------
    outcome, uplift, treatment
        As for `uplift_at_k`.
    shares : sequence of float
        Shares, in (0, 1).
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.
    resamples : int
        Half samples behind the standard errors.
    seed : int
        Seed of the half samples.

    Returns
    -------
    tuple of UpliftAtK
        In the order of the shares; a standard error is infinite where a half has no difference of means to offer.
    """
    order = np.argsort(np.asarray(uplift, np.float64), kind="stable")[::-1]
    y, t = np.asarray(outcome, np.float64)[order], np.asarray(treatment)[order] == 1
    unit = units_of(len(y), cluster)[order]
    drawn = np.empty((resamples, len(shares), 2))
    for r, half in enumerate(half_samples(int(unit.max()) + 1, resamples, seed)):
        kept = half[unit]
        drawn[r] = _differences(y[kept], t[kept], shares)
    sure = np.all(np.isfinite(drawn), axis=0)
    error = np.where(sure, np.std(np.where(sure, drawn, 0.0), axis=0, ddof=1), np.inf)
    value = _differences(y, t, shares)
    return tuple(
        UpliftAtK(
            share,
            Estimate(float(value[i, 0]), float(error[i, 0])),
            Estimate(float(value[i, 1]), float(error[i, 1])),
        )
        for i, share in enumerate(shares)
    )


def _differences(y: NDArray[np.float64], treated: NDArray[np.bool_], shares: Sequence[float]) -> NDArray[np.float64]:
    """Return the differences of means in the top of sorted rows, shares by (overall, by group)."""
    one, other = np.r_[0.0, np.cumsum(y[treated])], np.r_[0.0, np.cumsum(y[~treated])]
    seen = np.r_[0, np.cumsum(treated)]
    found = np.full((len(shares), 2), np.nan)
    for i, k in enumerate(shares):
        top = int(len(y) * k)
        among = int(seen[top])
        for s, (ones, others) in enumerate(
            ((among, top - among), (int((len(one) - 1) * k), int((len(other) - 1) * k)))
        ):
            if ones and others:
                found[i, s] = one[ones] / ones - other[others] / others
    return found
