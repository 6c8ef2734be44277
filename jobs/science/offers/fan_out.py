"""One allocation in many processes: prices from a sample, picks shard by shard, one repair of what is close.

Under given prices every customer's choice is his own, so shards need nothing of each other. Most choices stay the same
whatever the exact prices are; a shard settles those and hands over only customers for whom two choices are within a
margin. The repair is an ordinary allocation of these few under what the settled ones have left of budget and caps.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest
from jobs.science.offers.allocate import allocate
from jobs.science.offers.dual import price_limits, surplus_of
from jobs.science.offers.problem import NOBODY, Arms, Bools, Float32s, Floats, Ints, state
from jobs.science.offers.rounding import BUDGET_ROUNDING

MARGIN = 4.0
"""How close two choices are to be left open, in mean values of a customer over the root of the sample's size: the error
of prices goes that way too."""


@dataclass(frozen=True)
class Broadcast:
    """What every shard is told.

    Parameters
    ----------
    price : ndarray of shape (1 + k,)
        Euro of value for one more euro of budget, then for one more customer in each arm's cap; >= 0.
    margin_eur : float
        Choices whose values less prices are closer than this stay open, >= 0.
    budget_eur : float
        Most euro that all shards together may spend.
    caps : ndarray of shape (k,)
        Most customers of each arm in all shards together.
    """

    price: Floats
    margin_eur: float
    budget_eur: float
    caps: Floats


@dataclass(frozen=True)
class Picks:
    """What a shard hands over: settled choices as a few numbers each, open customers with all their pairs.

    Parameters
    ----------
    customers : int
        Customers of the shard.
    row : ndarray of shape (m,)
        Places of the settled customers who get something.
    arm : ndarray of shape (m,), int8
        Their arms.
    worth, value, cost : ndarray of shape (m,)
        Value less price, value and cost of each, euro.
    open_row : ndarray of shape (o,)
        Places of the open customers.
    open_value, open_cost, open_allowed : ndarray of shape (o, k)
        Their pairs.
    """

    customers: int
    row: Ints
    arm: Arms
    worth: Float32s
    value: Float32s
    cost: Floats
    open_row: Ints
    open_value: Float32s
    open_cost: Floats
    open_allowed: Bools

    def surplus_eur(self, price: Floats) -> float:
        """Return the sum of the best value less price of all customers: the shard's part of the bound.

        Of who is neither settled on an arm nor open, nothing is worth its price.
        """
        surplus = self.open_value - price[0] * self.open_cost - price[1:]
        best = np.where(self.open_allowed, surplus, 0.0).max(axis=1, initial=0.0)
        return float(self.worth.sum(dtype=np.float64)) + float(best.sum())


@dataclass(frozen=True)
class Repaired:
    """The whole allocation, and its certificate.

    Parameters
    ----------
    arms : tuple of ndarray of int8
        For each shard the arm of each customer, -1 for nothing.
    value_eur, spend_eur : float
        Total value and budget used.
    counts : ndarray of shape (k,)
        Customers of each arm.
    dual_bound_eur : float
        Value that no allocation within the limits can exceed.
    gap : float
        Part of the bound that may still be missing, in [0, 1].
    taken_back : int
        Settled choices that did not fit: above 0 the sample's prices were too low.
    """

    arms: tuple[Arms, ...]
    value_eur: float
    spend_eur: float
    counts: Ints
    dual_bound_eur: float
    gap: float
    taken_back: int


def sample_prices(
    value: npt.ArrayLike,
    cost: npt.ArrayLike,
    budget_eur: float,
    caps: npt.ArrayLike,
    eligible: npt.ArrayLike | None = None,
    *,
    share: float,
    seed: int = 0,
) -> Broadcast:
    """Find the prices of the whole from a random part of the customers.

    Parameters
    ----------
    value, cost, eligible
        As for :func:`jobs.science.offers.allocate.allocate`, of the sampled customers.
    budget_eur : float
        Budget of the whole, euro.
    caps : array-like of shape (k,)
        Caps of the whole.
    share : float
        Part of all customers that were sampled, in (0, 1].
    seed : int
        Seed of the smaller sample that the search starts from, >= 0.

    Returns
    -------
    Broadcast

    Raises
    ------
    BadRequest
        If the share is out of its range, a limit is negative or shapes do not fit.
    BadRows
        If a value is not finite, or a cost is negative or not finite.
    """
    if not 0 < share <= 1:
        raise BadRequest(f"share == {share}, must be in (0, 1]: the part of all customers that were sampled.")
    most = np.asarray(caps, dtype=np.float64)
    problem = state(value, cost, budget_eur * share, most * share, eligible)
    price = price_limits(problem, seed).price.copy()
    # A cap of less than one sampled customer has no price there; free, it would draw everybody to an arm that hardly
    # anybody can have.
    scarce = problem.closed & (most >= 1)
    if len(problem.value):
        price[1:][scarce] = np.maximum(problem.value[:, scarce].max(axis=0, initial=0.0), 0.0)
    return Broadcast(price, _margin(len(problem.value)) * problem.scale_eur, float(budget_eur), most)


def pick(
    value: npt.ArrayLike, cost: npt.ArrayLike, broadcast: Broadcast, eligible: npt.ArrayLike | None = None
) -> Picks:
    """Choose for the customers of one shard at the prices that all shards were told.

    Parameters
    ----------
    value, cost, eligible
        As for :func:`jobs.science.offers.allocate.allocate`, of the shard's customers.
    broadcast : Broadcast
        Prices and limits.

    Returns
    -------
    Picks

    Raises
    ------
    BadRows, BadRequest
        As `sample_prices`.

    Examples
    --------
    >>> told = Broadcast(np.array([1.0, 0.0]), margin_eur=0.5, budget_eur=10.0, caps=np.array([5.0]))
    >>> picks = pick([[3.0], [1.2], [0.1]], [1.0], told)
    >>> picks.row.tolist(), picks.open_row.tolist()
    ([0], [1])
    """
    problem = state(value, cost, broadcast.budget_eur, broadcast.caps, eligible)
    n = len(problem.value)
    best, worth, is_open = np.full(n, NOBODY, np.int8), np.zeros(n, np.float32), np.zeros(n, np.bool_)
    for rows in problem.blocks():
        surplus = surplus_of(problem, broadcast.price, rows)
        arm = surplus.argmax(axis=1)
        first = np.take_along_axis(surplus, arm[:, None], 1)[:, 0]
        np.put_along_axis(surplus, arm[:, None], -np.inf, 1)
        # Nothing at all is a choice too, of worth 0.
        second = np.maximum(surplus.max(axis=1), 0.0)
        is_open[rows] = np.abs(first - second) <= broadcast.margin_eur
        best[rows], worth[rows] = np.where(first > 0, arm, NOBODY), first
    row, open_row = np.flatnonzero(~is_open & (best >= 0)), np.flatnonzero(is_open)
    chosen = best[row]
    open_value = problem.value_of(open_row)
    allowed = np.isfinite(open_value)
    return Picks(
        customers=n,
        row=row,
        arm=chosen,
        worth=worth[row],
        value=problem.value[row, chosen],
        cost=problem.cost[row, chosen].astype(np.float64),
        open_row=open_row,
        open_value=np.where(allowed, open_value, 0).astype(np.float32),
        open_cost=problem.cost[open_row].astype(np.float64),
        open_allowed=allowed,
    )


def repair(picks: Sequence[Picks], broadcast: Broadcast, *, seed: int = 0) -> Repaired:
    """Put the picks of all shards together, within every limit.

    Settled choices keep what they have, the best of them first where a limit is broken; the open customers share what
    is left by an allocation of their own.

    Parameters
    ----------
    picks : sequence of Picks
        One of each shard, made from this broadcast.
    broadcast : Broadcast
        Prices and limits.
    seed : int
        Seed of the lot among equals, >= 0.

    Returns
    -------
    Repaired

    Raises
    ------
    BadRequest
        If there are no picks.
    """
    if not picks:
        raise BadRequest("picks is empty: give those of at least one shard.")
    arm, worth, cost = (np.concatenate([getattr(p, name) for p in picks]) for name in ("arm", "worth", "cost"))
    kept = _fitting(arm, worth, cost, broadcast, seed)
    spend, counts = float(cost[kept].sum()), np.bincount(arm[kept], minlength=len(broadcast.caps))
    rest = allocate(
        np.concatenate([p.open_value for p in picks]),
        np.concatenate([p.open_cost for p in picks]),
        max(broadcast.budget_eur - spend, 0.0),
        np.maximum(np.floor(broadcast.caps) - counts, 0.0),
        np.concatenate([p.open_allowed for p in picks]),
        seed=seed,
    )
    arms = tuple(np.full(p.customers, NOBODY, np.int8) for p in picks)
    opened = np.split(rest.arm, np.cumsum([len(p.open_row) for p in picks])[:-1])
    stayed = np.split(kept, np.cumsum([len(p.row) for p in picks])[:-1])
    total = rest.value_eur
    for of_shard, p, mine, chosen in zip(arms, picks, stayed, opened, strict=True):
        of_shard[p.row[mine]] = p.arm[mine]
        of_shard[p.open_row] = chosen
        total += float(p.value[mine].sum(dtype=np.float64))
    limits = np.concatenate([[broadcast.budget_eur], np.floor(broadcast.caps)])
    priced = broadcast.price > 0
    bound = float(broadcast.price[priced] @ limits[priced]) + sum(p.surplus_eur(broadcast.price) for p in picks)
    return Repaired(
        arms=arms,
        value_eur=total,
        spend_eur=min(spend + rest.spend_eur, broadcast.budget_eur),
        counts=counts + rest.counts,
        dual_bound_eur=bound,
        gap=max(0.0, 1.0 - total / bound) if bound > 0 else 0.0,
        taken_back=int((~kept).sum()),
    )


def _margin(sampled: int) -> float:
    return MARGIN / math.sqrt(max(sampled, 1))


def _fitting(arm: Arms, worth: Float32s, cost: Floats, broadcast: Broadcast, seed: int) -> Bools:
    """Return which settled choices stay: all where they fit, else those of most worth."""
    caps, budget = np.floor(broadcast.caps), broadcast.budget_eur * (1 + BUDGET_ROUNDING)
    kept = np.ones(len(arm), np.bool_)
    if (np.bincount(arm, minlength=len(caps)) <= caps).all() and float(cost.sum()) <= budget:
        return kept
    order = np.lexsort((np.random.default_rng(seed).random(len(arm)), -worth))
    for number, most in enumerate(caps):
        of_arm = order[arm[order] == number]
        if len(of_arm) > most:
            kept[of_arm[int(most) :]] = False
    order = order[kept[order]]
    spent = np.cumsum(cost[order])
    kept[order[spent > budget]] = False
    return kept
