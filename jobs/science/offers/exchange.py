"""The last cents: moves of one customer, or of two at once, among those nearest to indifference."""

from dataclasses import dataclass

import numpy as np

from jobs.science.offers.dual import surplus_of
from jobs.science.offers.problem import NOBODY, Arms, Bools, Float32s, Floats, Ints, Problem
from jobs.science.offers.rounding import BUDGET_ROUNDING

_CUSTOMERS = 600
_PAIRED_MOVES = 200
_ROUNDS = 120
_FRUITLESS_ROUNDS = 3
_JITTER = 1e-4
"""In mean values: how much chance decides which of many customers alike are looked at."""


@dataclass(frozen=True)
class _Moves:
    """Moves of single customers: what each changes."""

    customer: Ints
    to: Ints
    value_eur: Floats
    cost_eur: Floats
    loss_eur: Floats
    load: Floats


def exchange(problem: Problem, price: Floats, arm: Arms, seed: int) -> Arms:
    """Improve an allocation by moves of one or two customers until none helps.

    Only customers for whom the price decides by little are looked at: with right prices all others are where they
    belong.

    Parameters
    ----------
    problem : Problem
        Checked values, costs and limits.
    price : ndarray of shape (1 + k,)
        Price of each limit.
    arm : ndarray of shape (n,)
        Choices that break no limit.
    seed : int
        Seed of the lot that says which of many customers alike are looked at.

    Returns
    -------
    ndarray of shape (n,)
        Choices that break no limit and are worth at least as much.
    """
    r = np.random.default_rng(seed)
    jitter = _JITTER * problem.scale_eur
    row = _nearest(problem, price, arm, r)
    if not len(row):
        return arm
    value = problem.value_of(row).astype(np.float64)
    cost = problem.cost[row].astype(np.float64)
    current = arm[row].astype(np.int64)
    left = problem.budget_eur * (1 + BUDGET_ROUNDING) - problem.spend_of_choice(arm)
    room = problem.caps - problem.counts_of_choice(arm)
    least = 1e-9 * problem.scale_eur
    fruitless = 0
    for _ in range(_ROUNDS):
        moves = _list_moves(value, cost, current, price)
        order = moves.loss_eur + jitter * r.random(len(moves.loss_eur))
        chosen = _best_single(moves, left, room, least) or _best_pair(moves, order, left, room, least)
        for m in chosen:
            current[moves.customer[m]] = moves.to[m]
            left -= float(moves.cost_eur[m])
            room = room - moves.load[m]
        fruitless = 0 if chosen else fruitless + 1
        if fruitless == _FRUITLESS_ROUNDS:
            break
    better = arm.copy()
    better[row] = current
    return better


def _nearest(problem: Problem, price: Floats, arm: Arms, r: np.random.Generator) -> Ints:
    """Return the customers whose best other choice loses least at these prices, with and without an offer alike."""
    loss = np.full(len(arm), np.inf, np.float32)
    for rows in problem.blocks():
        surplus = surplus_of(problem, price, rows)
        surplus[~(problem.value_of(rows) > 0)] = -np.inf
        mine = arm[rows].astype(np.int64)
        at = np.flatnonzero(mine >= 0)
        here = np.zeros(len(mine), np.float32)
        here[at] = surplus[at, mine[at]]
        surplus[at, mine[at]] = -np.inf
        other = surplus.max(axis=1)
        other[at] = np.maximum(other[at], 0)
        loss[rows] = here - other
    loss += np.float32(_JITTER * problem.scale_eur) * r.random(len(loss), dtype=np.float32)
    served = arm >= 0
    near = [_lowest(np.where(side, loss, np.inf), _CUSTOMERS // 2) for side in (served, ~served)]
    return np.sort(np.concatenate(near))


def _lowest(loss: Floats | Float32s, most: int) -> Ints:
    """Return the places of the lowest finite entries, `most` at most."""
    count = min(most, int((loss < np.inf).sum()))
    return np.argpartition(loss, count - 1)[:count].astype(np.int64) if count else np.empty(0, np.int64)


def _list_moves(value: Floats, cost: Floats, current: Ints, price: Floats) -> _Moves:
    """List every move of a customer to another arm of positive value, or to none."""
    n, k = value.shape
    row = np.arange(n)
    with_none_value = np.concatenate([value, np.zeros((n, 1))], axis=1)
    with_none_cost = np.concatenate([cost, np.zeros((n, 1))], axis=1)
    charge = np.concatenate([price[1:], [0.0]])
    column = np.where(current == NOBODY, k, current)
    allowed: Bools = np.concatenate([value > 0, np.ones((n, 1), np.bool_)], axis=1)
    allowed[row, column] = False
    customer, to = np.nonzero(allowed)
    origin = column[customer]
    gain = with_none_value[customer, to] - with_none_value[customer, origin]
    extra = with_none_cost[customer, to] - with_none_cost[customer, origin]
    load = np.zeros((len(customer), k + 1))
    every = np.arange(len(customer))
    load[every, to] += 1
    load[every, origin] -= 1
    loss = price[0] * extra + charge[to] - charge[origin] - gain
    return _Moves(customer, np.where(to == k, NOBODY, to), gain, extra, loss, load[:, :k])


def _best_single(moves: _Moves, left: float, room: Floats, least: float) -> tuple[int, ...]:
    """Return the move that gains most and fits, or nothing."""
    fits = (moves.value_eur > least) & (moves.cost_eur <= left) & (moves.load <= room).all(axis=1)
    if not fits.any():
        return ()
    return (int(np.where(fits, moves.value_eur, -np.inf).argmax()),)


def _best_pair(moves: _Moves, order: Floats, left: float, room: Floats, least: float) -> tuple[int, ...]:
    """Return the two moves of different customers that together gain most and fit, or nothing.

    One of the two must gain by itself; the other makes room for it, or gains too.
    """
    gaining = moves.value_eur > 0
    first = _lowest(np.where(gaining, order, np.inf), _PAIRED_MOVES)
    second = np.concatenate([_lowest(np.where(gaining, np.inf, order), _PAIRED_MOVES), first])
    gain = moves.value_eur[first][:, None] + moves.value_eur[second]
    extra = moves.cost_eur[first][:, None] + moves.cost_eur[second]
    fits = (gain > least) & (extra <= left) & (moves.customer[first][:, None] != moves.customer[second])
    one, two = np.nonzero(fits)
    fit = (moves.load[first[one]] + moves.load[second[two]] <= room).all(axis=1)
    if not fit.any():
        return ()
    best = int(np.where(fit, gain[one, two], -np.inf).argmax())
    return int(first[one[best]]), int(second[two[best]])
