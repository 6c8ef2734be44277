"""Many-arm Qini against spend: what the best policy of a learner earns at every budget, with a band."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.estimate import Z_95, Estimate
from jobs.science.uplift.half_samples import RESAMPLES, half_samples, units_of
from jobs.science.uplift.upgrade_path import upgrades

POINTS = 51
"""Budgets on the curve by default, both ends included."""

_LEVEL = 0.95


@dataclass(frozen=True)
class SpendCurve:
    """What a learner's policy adds at every budget, against nobody, in euro for one customer.

    Parameters
    ----------
    unit : str
        What is spent: "euro", or "contact" where every contact is free and contacts are counted.
    spend : numpy.ndarray of shape (n_points,)
        Budget for one customer, from 0 to what the policy without a limit spends.
    gain : numpy.ndarray of shape (n_points,)
        Doubly robust gain at that budget, costs taken off.
    standard_error : numpy.ndarray of shape (n_points,)
        Of each gain, by half samples.
    critical : float
        Half width of the band in standard errors: with 95% the whole curve lies within, at least 1.96.
    untargeted : numpy.ndarray of shape (n_points,)
        Gain of the arms that are best on average, given to customers drawn by lot, at the same budgets.
    advantage : Estimate
        Mean over the budgets of gain less untargeted gain: the many-arm Qini coefficient, in euro for one customer.
    """

    unit: str
    spend: NDArray[np.float64]
    gain: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    critical: float
    untargeted: NDArray[np.float64]
    advantage: Estimate

    @property
    def low(self) -> NDArray[np.float64]:
        """Lower edge of the 95% band around the whole curve."""
        return self.gain - self.critical * self.standard_error

    @property
    def high(self) -> NDArray[np.float64]:
        """Upper edge of the 95% band around the whole curve."""
        return self.gain + self.critical * self.standard_error

    def at(self, spend_each: float) -> Estimate:
        """Return the gain at one budget for one customer, with its own interval, not the band's."""
        return Estimate(
            float(np.interp(spend_each, self.spend, self.gain)),
            float(np.interp(spend_each, self.spend, self.standard_error)),
        )


def spend_curve(
    effect_eur: NDArray[np.float64],
    lift_eur: NDArray[np.float64],
    cost_eur: Sequence[float],
    *,
    cluster: NDArray[np.int64] | None = None,
    points: int = POINTS,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> SpendCurve:
    """Follow the best policy from no budget to all that it would spend.

    At a budget the policy gives the arms that add most predicted euros net of cost. As the budget grows, customers are
    upgraded, to their first arm or to a dearer one, in the order of predicted net euros for each euro more; customers
    of equal worth share what is left by lot. Each upgrade is valued by doubly robust scores, which the order never saw.

    Parameters
    ----------
    effect_eur : numpy.ndarray of shape (n_rows, n_arms - 1)
        Predicted effect of every arm, in euro, of rows that the learner never saw.
    lift_eur : numpy.ndarray of shape (n_rows, n_arms - 1)
        Doubly robust score of every arm less that of the control, in euro.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro, at least 0.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.
    points : int
        Budgets on the curve.
    resamples : int
        Half samples behind errors and band.
    seed : int
        Seed of the half samples.

    Returns
    -------
    SpendCurve
        One point, at 0, where the learner would treat nobody at all.

    References
    ----------
    Sverdrup, Wu, Athey and Wager (2025), Qini curves for multi-armed treatment rules. Journal of Computational and
    Graphical Statistics 34.

    Examples
    --------
    >>> effect = np.array([[4.0], [3.0], [2.0], [-1.0]])
    >>> curve = spend_curve(effect, effect, [1.0], points=4, resamples=5)
    >>> curve.spend.tolist(), curve.gain.tolist(), curve.untargeted.tolist()
    ([0.0, 0.25, 0.5, 0.75], [0.0, 0.75, 1.25, 1.5], [0.0, 0.25, 0.5, 0.75])
    """
    cost = np.asarray(cost_eur, np.float64)
    unit_name = "euro" if np.any(cost > 0) else "contact"
    charged = cost if unit_name == "euro" else np.ones_like(cost)
    unit = units_of(len(lift_eur), cluster)
    net, measured = np.asarray(effect_eur, np.float64) - cost, np.asarray(lift_eur, np.float64) - cost
    path = upgrades(net, measured, charged)
    mean_path = _mean_path(np.mean(net, axis=0), charged)
    full = float(np.sum(path.spend)) / len(unit)
    spend = np.linspace(0.0, full, points) if full > 0 else np.zeros(1)

    gain, flat = path.gain_at(spend, None), _flat_gain(mean_path, spend, np.mean(measured, axis=0))
    drawn, ahead = np.empty((resamples, len(spend))), np.empty(resamples)
    for r, half in enumerate(half_samples(int(unit.max()) + 1, resamples, seed)):
        kept = half[unit]
        drawn[r] = path.gain_at(spend, kept)
        flat_here = _flat_gain(mean_path, spend, kept.astype(np.float64) @ measured / np.count_nonzero(kept))
        ahead[r] = np.mean(drawn[r] - flat_here)
    error = np.std(drawn, axis=0, ddof=1)
    return SpendCurve(
        unit=unit_name,
        spend=spend,
        gain=gain,
        standard_error=error,
        critical=_critical(drawn - gain, error),
        untargeted=flat,
        advantage=Estimate(float(np.mean(gain - flat)), float(np.std(ahead, ddof=1))),
    )


def _mean_path(mean_net: NDArray[np.float64], charged: NDArray[np.float64]) -> list[tuple[float, int]]:
    """Return the arms on the upper hull of the mean effects: what each spends for one row, and which it is."""
    hull: list[tuple[float, int]] = []
    spent, reached = 0.0, 0.0
    while True:
        slopes = [
            ((m - reached) / (c - spent) if c > spent else float("inf"), m, a)
            for a, (c, m) in enumerate(zip(charged.tolist(), mean_net.tolist(), strict=True))
            if m > reached and c >= spent
        ]
        if not slopes:
            return hull
        _, reached, arm = max(slopes)
        spent = float(charged[arm])
        hull.append((spent, arm))


def _flat_gain(
    hull: list[tuple[float, int]], spend: NDArray[np.float64], mean_measured: NDArray[np.float64]
) -> NDArray[np.float64]:
    if not hull:
        return np.zeros(len(spend))
    spent, gained = np.array([s for s, _ in hull]), mean_measured[[a for _, a in hull]]
    start = 0.0 if spent[0] > 0 else float(gained[0])
    return np.interp(spend, np.r_[0.0, spent], np.r_[start, gained])


def _critical(deviation: NDArray[np.float64], error: NDArray[np.float64]) -> float:
    some = error > 0
    if not some.any():
        return Z_95
    widest = np.max(np.abs(deviation[:, some]) / error[some], axis=1)
    return max(Z_95, float(np.quantile(widest, _LEVEL)))
