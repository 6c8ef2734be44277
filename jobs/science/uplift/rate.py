"""Rank-weighted average treatment effects (RATE): AUTOC and QINI with half-sample bootstrap errors, as in grf."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.half_samples import RESAMPLES, half_samples, units_of


@dataclass(frozen=True)
class Rate:
    """How much more effect there is where a ranking says so.

    TOC(q) is the mean effect in the top share q of the ranking less the mean effect of everyone.

    Parameters
    ----------
    autoc : Estimate
        Mean of TOC(q) over q: weighs the very top most, finds rare customers of large effect.
    qini : Estimate
        Mean of q TOC(q) over q: weighs all customers alike.
    """

    autoc: Estimate
    qini: Estimate


def rate(
    priority: NDArray[np.float64],
    score: NDArray[np.float64],
    *,
    cluster: NDArray[np.int64] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Rate:
    """Judge a ranking by doubly robust scores of rows it was not made from.

    Parameters
    ----------
    priority : numpy.ndarray of shape (n_rows,)
        The higher, the sooner treated; a predicted effect, mostly. Rows of equal priority share the mean of their
        scores, as in grf: their order says nothing.
    score : numpy.ndarray of shape (n_rows,)
        Doubly robust score of treatment less that of control, in the outcome's unit.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row; whole groups are drawn.
    resamples : int
        Half samples behind the standard errors.
    seed : int
        Seed of the half samples.

    Returns
    -------
    Rate
        Both with standard errors, in the outcome's unit; 0 for certain where all priorities are equal.

    Raises
    ------
    BadTrial
        If there are fewer than four rows or clusters.

    References
    ----------
    Yadlowsky, Fleming, Shah, Brunskill and Wager (2025), JASA 120. grf, ``rank_average_treatment_effect.fit``.

    Examples
    --------
    >>> found = rate(np.array([4.0, 3.0, 2.0, 1.0]), np.array([4.0, 0.0, 0.0, 0.0]), resamples=10)
    >>> round(found.autoc.value, 6), found.qini.value
    (1.083333, 0.375)
    """
    unit = units_of(len(score), cluster)
    return _estimate(_ranked(priority, score, unit), unit, resamples, seed)


def heterogeneity_p(autoc: Sequence[Estimate]) -> float:
    """Test whether effects differ between customers at all: the one declared test, before any look.

    One-sided on AUTOC, for every arm its own, the smallest p-value times the number of arms (Bonferroni). To claim
    heterogeneity at p < .05 is wrong in at most 5% of trials without any.

    Parameters
    ----------
    autoc : sequence of Estimate
        One for each arm but the control.

    Returns
    -------
    float
        In [0, 1]; 1 where no ranking says anything.

    Examples
    --------
    >>> round(heterogeneity_p([Estimate(1.96, 1.0)]), 3), round(heterogeneity_p([Estimate(1.96, 1.0)] * 2), 3)
    (0.025, 0.05)
    """
    p_values = [0.5 * erfc(e.value / e.standard_error / sqrt(2.0)) if e.standard_error > 0 else 1.0 for e in autoc]
    return min(1.0, min(p_values, default=1.0) * len(p_values))


_Point = tuple[float, float]
_Measure = Callable[[NDArray[np.bool_] | None], _Point]


def _ranked(priority: NDArray[np.float64], score: NDArray[np.float64], unit: NDArray[np.int64]) -> _Measure:
    """Sort once; return what measures AUTOC and QINI on all rows or on a half, which keeps the order."""
    order = np.argsort(-np.asarray(priority, np.float64), kind="stable")
    ranked, sorted_score = np.asarray(priority, np.float64)[order], np.asarray(score, np.float64)[order]
    sorted_unit = unit[order]
    step = np.r_[0, np.cumsum(np.diff(ranked) != 0)].astype(np.int64)
    share = 1.0 / np.arange(1, len(order) + 1)
    tied = bool(step[-1] != len(order) - 1)
    harmonic = np.r_[0.0, np.cumsum(share)]

    def measure(half: NDArray[np.bool_] | None) -> _Point:
        kept = slice(None) if half is None else half[sorted_unit]
        if tied:
            return _tied(sorted_score[kept], step[kept], harmonic)
        return _distinct(sorted_score[kept], share)

    return measure


def _distinct(score: NDArray[np.float64], share: NDArray[np.float64]) -> _Point:
    n = len(score)
    total = np.cumsum(score)
    mean = float(total[-1]) / n
    # No BLAS here: its threads cost more than this sum.
    return float(np.sum(total * share[:n])) / n - mean, float(np.sum(total)) / n**2 - mean * (n + 1) / (2 * n)


def _tied(score: NDArray[np.float64], step: NDArray[np.int64], harmonic: NDArray[np.float64]) -> _Point:
    """Rows of one step all have its mean score; sums over the rows of a step have closed forms."""
    n = len(score)
    end = np.r_[np.flatnonzero(step[1:] != step[:-1]) + 1, n]
    if len(end) == 1:
        return 0.0, 0.0
    before = np.r_[0, end[:-1]]
    rows = (end - before).astype(np.float64)
    total = np.cumsum(score)[end - 1]
    total_before = np.r_[0.0, total[:-1]]
    each = (total - total_before) / rows
    mean = float(total[-1]) / n
    autoc = each * rows + (total_before - each * before) * (harmonic[end] - harmonic[before])
    qini = rows * total_before + each * rows * (rows + 1.0) / 2.0
    return float(np.sum(autoc)) / n - mean, float(np.sum(qini)) / n**2 - mean * (n + 1) / (2 * n)


def _estimate(measure: _Measure, unit: NDArray[np.int64], resamples: int, seed: int) -> Rate:
    """Measure on all rows and on every half sample."""
    value = measure(None)
    drawn = np.array([measure(half) for half in half_samples(int(unit.max()) + 1, resamples, seed)])
    error = np.std(drawn, axis=0, ddof=1)
    return Rate(Estimate(value[0], float(error[0])), Estimate(value[1], float(error[1])))
