"""From prices to whole offers: take pairs in order of worth, and never more than a limit allows."""

import numpy as np

from jobs.science.offers.dual import choice_probabilities, surplus_of
from jobs.science.offers.problem import NOBODY, Arms, Floats, Ints, Problem

_FILL_ROWS = 1 << 16

BUDGET_ROUNDING = 1e-9
"""Relative error of a sum in double precision that is not held against a budget."""


def pick_best(problem: Problem, price: Floats) -> Arms:
    """Return every customer's arm with the best value less price; no regard to limits."""
    arm = np.empty(len(problem.value), np.int8)
    for rows in problem.blocks():
        surplus = surplus_of(problem, price, rows)
        best = surplus.argmax(axis=1)
        arm[rows] = np.where(np.take_along_axis(surplus, best[:, None], 1)[:, 0] > 0, best, NOBODY)
    return arm


def pick_by_chance(problem: Problem, price: Floats, temperature_eur: float, seed: int) -> Arms:
    """Return arms drawn from the smoothed policy, which shares ties out as the limits need; no regard to limits."""
    r = np.random.default_rng(seed)
    arm = np.empty(len(problem.value), np.int8)
    for rows in problem.blocks():
        chance = choice_probabilities(surplus_of(problem, price, rows), temperature_eur)
        ladder = np.cumsum(chance, axis=1, out=chance)
        drawn = (r.random(len(ladder), dtype=np.float32)[:, None] >= ladder).sum(axis=1)
        drawn[drawn == ladder.shape[1]] = NOBODY
        chosen = np.flatnonzero(drawn >= 0)
        useless = problem.value_of(rows)[chosen, drawn[chosen]] <= 0
        drawn[chosen[useless]] = NOBODY
        arm[rows] = drawn
    return arm


def repair(problem: Problem, price: Floats, arm: Arms, seed: int) -> Arms:
    """Keep the choices with most value less price while budget and caps last; equals are kept by lot.

    Parameters
    ----------
    problem : Problem
        Checked values, costs and limits.
    price : ndarray of shape (1 + k,)
        Price of each limit.
    arm : ndarray of shape (n,)
        Choices that may break limits.
    seed : int
        Seed of the lot.

    Returns
    -------
    ndarray of shape (n,)
        Choices that break none.
    """
    budget = problem.budget_eur * (1 + BUDGET_ROUNDING)
    fits = problem.spend_of_choice(arm) <= budget and (problem.counts_of_choice(arm) <= problem.caps).all()
    if fits:
        return arm
    row = np.flatnonzero(arm >= 0)
    chosen = arm[row].astype(np.int64)
    cost = problem.cost[row, chosen].astype(np.float64)
    worth = problem.value[row, chosen] - price[0] * cost - price[1:][chosen]
    order = np.lexsort((np.random.default_rng(seed).random(len(row)), -worth))
    row, chosen, cost = row[order], chosen[order], cost[order]
    keep = _place_within(chosen) < problem.caps[chosen]
    keep &= np.cumsum(np.where(keep, cost, 0.0)) <= budget
    kept = np.full_like(arm, NOBODY)
    kept[row[keep]] = chosen[keep]
    return kept


def fill(problem: Problem, price: Floats, arm: Arms, seed: int) -> Arms:
    """Give what is left of budget and caps to customers without an offer, most value less price first.

    Parameters
    ----------
    problem, price, arm, seed
        As for `repair`; `arm` breaks no limit.

    Returns
    -------
    ndarray of shape (n,)
        Choices that break no limit and are worth at least as much.
    """
    filled = arm.copy()
    left = problem.budget_eur * (1 + BUDGET_ROUNDING) - problem.spend_of_choice(arm)
    room = problem.caps - problem.counts_of_choice(arm)
    best = np.full(len(arm), -np.inf, np.float32)
    for rows in problem.blocks():
        idle = rows.start + np.flatnonzero(arm[rows] == NOBODY)
        if len(idle):
            best[idle] = np.where(problem.value_of(idle) > 0, surplus_of(problem, price, idle), -np.inf).max(axis=1)
    waiting = np.flatnonzero(best > -np.inf)
    waiting = waiting[np.lexsort((np.random.default_rng(seed).random(len(waiting)), -best[waiting]))]
    for first in range(0, len(waiting), _FILL_ROWS):
        if left <= 0 or not (room > 0).any():
            break
        some = waiting[first : first + _FILL_ROWS]
        worth = surplus_of(problem, price, some).astype(np.float64)
        worth[~(problem.value_of(some) > 0)] = -np.inf
        cost = problem.cost[some].astype(np.float64)
        taken = take_in_order(worth, cost, left, room)
        filled[some] = taken
        got = np.flatnonzero(taken >= 0)
        left -= float(cost[got, taken[got]].sum())
        room = room - np.bincount(taken[got], minlength=len(room))
    return filled


def greedy(problem: Problem) -> Arms:
    """Return the allocation that takes pairs by value per cost, best first, while they fit: the rival to beat."""
    everyone = np.arange(len(problem.value))
    value = problem.value_of(everyone).astype(np.float64)
    cost = problem.cost.astype(np.float64)
    # A pair that costs nothing comes before all others, the most valuable first.
    ratio = np.where(value > 0, value, -np.inf) / np.maximum(cost, 1e-12)
    return take_in_order(ratio, cost, problem.budget_eur * (1 + BUDGET_ROUNDING), problem.caps)


def take_in_order(worth: Floats, cost: Floats, budget_eur: float, caps: Floats) -> Arms:
    """Walk through all pairs by worth, best first, and take each that still fits.

    The same as sorting all pairs and walking, but in a few rounds of whole arrays: a round takes every customer's best
    open pair up to the first that does not fit, then closes what no longer can.

    Parameters
    ----------
    worth : ndarray of shape (n, k)
        What orders the pairs; -inf is never taken. Overwritten.
    cost : ndarray of shape (n, k)
        Euro, >= 0.
    budget_eur : float
        Most euro, may be infinite.
    caps : ndarray of shape (k,)
        Most customers of each arm.

    Returns
    -------
    ndarray of shape (n,)
        Arm of each customer, -1 for none; equals in order of customer, then arm.

    Examples
    --------
    >>> worth, cost = np.array([[3.0, 2.0], [9.0, 1.0]]), np.ones((2, 2))
    >>> take_in_order(worth, cost, 2.0, np.array([1.0, 5.0]))
    array([1, 0], dtype=int8)
    """
    arm = np.full(len(worth), NOBODY, np.int8)
    room, left = caps.astype(np.float64), budget_eur
    row = np.arange(len(worth))
    worth[:, room < 1] = -np.inf
    worth[cost > left] = -np.inf
    while len(row):
        best = worth.argmax(axis=1)
        score = worth[np.arange(len(row)), best]
        alive = score > -np.inf
        if not alive.all():
            row, worth, cost, best, score = row[alive], worth[alive], cost[alive], best[alive], score[alive]
        order = np.argsort(-score, kind="stable")
        chosen = best[order]
        spent = np.cumsum(cost[order, chosen])
        stuck = (_place_within(chosen) >= room[chosen]) | (spent > left)
        stop = int(stuck.argmax()) if stuck.any() else len(order)
        arm[row[order[:stop]]] = chosen[:stop]
        left -= float(spent[stop - 1]) if stop else 0.0
        room = room - np.bincount(chosen[:stop], minlength=len(room))
        rest = order[stop:]
        rest.sort()
        row, worth, cost = row[rest], worth[rest], cost[rest]
        worth[:, room < 1] = -np.inf
        worth[cost > left] = -np.inf
    return arm


def _place_within(group: Ints) -> Ints:
    """Return each entry's place among the entries of its group so far, 0 for the first."""
    order = np.argsort(group, kind="stable")
    size = np.bincount(group)
    first = np.cumsum(size) - size
    place = np.empty(len(group), np.int64)
    place[order] = np.arange(len(group)) - first[group[order]]
    return place
