"""Upgrades of customers, the best first: what a policy spends and earns as its budget grows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class UpgradePath:
    """Upgrades of all rows, the best first; equally good ones share what is left of a budget by lot.

    Parameters
    ----------
    rows : int
        Number of rows, upgraded or not.
    row : numpy.ndarray of int64, shape (n_upgrades,)
        Whom each upgrade is for.
    spend : numpy.ndarray of shape (n_upgrades,)
        What each spends more, in euro or contacts.
    gain : numpy.ndarray of shape (n_upgrades,)
        What each is measured to add, in euro.
    step : numpy.ndarray of int64, shape (n_upgrades,)
        Number that equally good upgrades have in common, rising.
    """

    rows: int
    row: NDArray[np.int64]
    spend: NDArray[np.float64]
    gain: NDArray[np.float64]
    step: NDArray[np.int64]

    def gain_at(self, spend: NDArray[np.float64], kept: NDArray[np.bool_] | None) -> NDArray[np.float64]:
        """Return the gain for one row at each budget for one row, on all rows or on those kept.

        Parameters
        ----------
        spend : numpy.ndarray of shape (n_points,)
            Budgets for one row.
        kept : numpy.ndarray of bool, shape (n_rows,), optional
            Rows that count; they are the whole population then.
        """
        inside = slice(None) if kept is None else kept[self.row]
        rows = self.rows if kept is None else int(np.count_nonzero(kept))
        step = self.step[inside]
        if not len(step):
            return np.zeros(len(spend))
        end = np.r_[np.flatnonzero(step[1:] != step[:-1]), len(step) - 1]
        spent, gained = np.cumsum(self.spend[inside])[end] / rows, np.cumsum(self.gain[inside])[end] / rows
        # Upgrades that cost nothing are made at every budget, also at none.
        start = 0.0 if spent[0] > 0 else gained[0]
        return np.interp(spend, np.r_[0.0, spent], np.r_[start, gained])


def ranking_path(priority: NDArray[np.float64], gain: NDArray[np.float64]) -> UpgradePath:
    """Return the path that treats one row after the other, by falling priority; each is one contact.

    Parameters
    ----------
    priority : numpy.ndarray of shape (n_rows,)
        The higher, the sooner treated.
    gain : numpy.ndarray of shape (n_rows,)
        What treating each row is measured to add, in euro.

    Examples
    --------
    >>> path = ranking_path(np.array([1.0, 2.0, 2.0]), np.array([0.0, 3.0, 6.0]))
    >>> path.gain_at(np.array([1 / 3, 1.0]), None).tolist()
    [1.5, 3.0]
    """
    order = np.argsort(-np.asarray(priority, np.float64), kind="stable")
    return UpgradePath(len(order), order, np.ones(len(order)), gain[order], _steps(np.asarray(priority)[order]))


def upgrades(net: NDArray[np.float64], measured: NDArray[np.float64], charged: NDArray[np.float64]) -> UpgradePath:
    """Climb every row's upper hull of spend and predicted net euros, and sort all steps by euros for each one spent.

    Parameters
    ----------
    net : numpy.ndarray of shape (n_rows, n_arms - 1)
        Predicted effect of every arm, cost taken off, in euro.
    measured : numpy.ndarray of shape (n_rows, n_arms - 1)
        The same measured: doubly robust scores less cost, in euro.
    charged : numpy.ndarray of shape (n_arms - 1,)
        What an arm takes from the budget.

    Returns
    -------
    UpgradePath
        A row's own upgrades in order; none for rows that are better left alone.
    """
    n, arms = net.shape
    row = np.arange(n)
    spent, reached, valued = np.zeros(n), np.zeros(n), np.zeros(n)
    rows, slopes, spends, gains = [], [], [], []
    for _ in range(arms):
        if not len(row):
            break
        more, better = charged - spent[:, None], net[row] - reached[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(better > 0, np.where(more > 0, better / more, np.where(more == 0, np.inf, -1.0)), -1.0)
        # Among arms that cost nothing more, the best; among equal slopes, the first.
        key = np.where(np.isinf(slope), better, -1.0)
        arm = np.where(np.any(np.isinf(slope), axis=1), np.argmax(key, axis=1), np.argmax(slope, axis=1))
        here = np.arange(len(row))
        climbs = slope[here, arm] > 0
        row, arm, slope_of = row[climbs], arm[climbs], slope[here, arm][climbs]
        rows.append(row)
        slopes.append(slope_of)
        spends.append(charged[arm] - spent[climbs])
        gains.append(measured[row, arm] - valued[climbs])
        spent, reached, valued = charged[arm], net[row, arm], measured[row, arm]
    slope_all = np.concatenate(slopes)
    order = np.argsort(-slope_all, kind="stable")
    return UpgradePath(
        n,
        np.concatenate(rows)[order],
        np.concatenate(spends)[order],
        np.concatenate(gains)[order],
        _steps(slope_all[order]),
    )


def _steps(ranked: NDArray[np.float64]) -> NDArray[np.int64]:
    if not len(ranked):
        return np.zeros(0, np.int64)
    return np.cumsum(np.r_[False, ranked[1:] != ranked[:-1]]).astype(np.int64)
