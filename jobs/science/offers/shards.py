"""A night in many processes: prices from a sample, offers picked shard by shard, one repair of what is close.

Under given prices every customer's choice is his own, so shards need nothing of each other. Most choices stay the same
whatever the exact prices are; a shard settles those and hands over only customers for whom two choices are within a
margin. The repair is an ordinary night of these few under what the settled ones have left of every resource.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest
from jobs.science.offers.answer import Scarcity, scarcities
from jobs.science.offers.menu import Menu
from jobs.science.offers.night import surplus_of, survey
from jobs.science.offers.night_dual import best_surplus, limits_at, price_night
from jobs.science.offers.night_rounding import Offers, best_of_campaigns, indifference, lasting, wanted
from jobs.science.offers.pairs import DensePairs, Pairs, SparsePairs
from jobs.science.offers.problem import Bools, Float32s, Floats, Ints
from jobs.science.offers.solve import solve

MARGIN = 4.0
"""How close two choices are to be left open, in mean values of a customer over the root of the sample's size: the error
of prices goes that way too."""

MOST_SIDE_BY_SIDE = 64
"""Arms up to which the open customers' pairs are laid out for all arms."""


@dataclass(frozen=True)
class Told:
    """What every shard is told, beside the night's menu.

    Parameters
    ----------
    price_eur : ndarray of shape (resources,)
        Price of each resource, euro a unit.
    margin_eur : float
        Choices whose values less prices are closer than this stay open, >= 0.
    temperature_eur : float
        Smoothing at which the prices were found.
    """

    price_eur: Floats
    margin_eur: float
    temperature_eur: float


@dataclass(frozen=True)
class ShardPicks:
    """What a shard hands over: settled offers as a few numbers each, open customers with all their candidates.

    Parameters
    ----------
    customers : int
        Customers of the shard.
    row : ndarray of shape (m,), int32
        Customer of each settled offer.
    arm : ndarray of shape (m,), int16
        Its arm.
    value : ndarray of shape (m,), float32
        Net euro.
    cost : ndarray of shape (m,)
        Euro of budget.
    open_row : ndarray of shape (o,), int32
        The open customers.
    open_first, open_arm, open_value, open_cost, open_contacts : ndarray
        Their candidates, as in `SparsePairs`.
    surplus_eur : float
        Sum over all customers of the best value less price: the shard's part of the bound.
    """

    customers: int
    row: npt.NDArray[np.int32]
    arm: npt.NDArray[np.int16]
    value: Float32s
    cost: npt.NDArray[np.floating[Any]]
    open_row: npt.NDArray[np.int32]
    open_first: Ints
    open_arm: npt.NDArray[np.int16]
    open_value: Float32s
    open_cost: npt.NDArray[np.floating[Any]]
    open_contacts: npt.NDArray[np.int16]
    surplus_eur: float


@dataclass(frozen=True)
class Joined:
    """The whole night's offers, and their certificate.

    Parameters
    ----------
    arm : tuple of ndarray of shape (customers, campaigns), int16
        For each shard the arm of each customer in each campaign, -1 for nothing.
    value_eur : float
        Total value.
    dual_bound_eur : float
        Value that nothing within the limits can exceed.
    gap : float
        Part of the bound that may still be missing, in [0, 1].
    resources : tuple of Scarcity
        Use of every resource by all, and its price.
    taken_back : int
        Settled offers that did not fit: above 0 the sample's prices were too low.
    opened : int
        Customers who were left to the repair.
    """

    arm: tuple[npt.NDArray[np.int16], ...]
    value_eur: float
    dual_bound_eur: float
    gap: float
    resources: tuple[Scarcity, ...]
    taken_back: int
    opened: int


def price_sample(menu: Menu, pairs: Pairs, share: float, *, seed: int = 0) -> Told:
    """Find the prices of the whole night from a random part of its customers.

    Parameters
    ----------
    menu : Menu
        Of the whole night.
    pairs : DensePairs or SparsePairs
        Of the sampled customers.
    share : float
        Part of all customers that were sampled, in (0, 1].
    seed : int
        Seed of the smaller sample that the search starts from, >= 0.

    Raises
    ------
    BadRequest
        If the share is out of its range, or the pairs are not of this menu.
    BadRows
        If a value is not finite, a cost is negative or not finite, or a candidate is given twice.
    """
    if not 0 < share <= 1:
        raise BadRequest(f"share == {share}, must be in (0, 1]: the part of all customers that were sampled.")
    # A cap of less than one sampled customer would shut its arm in the sample, and leave it without a price.
    floor = np.where(menu.in_eur, 0.0, np.minimum(menu.most, 1.0))
    most = np.maximum(menu.most * share, floor)
    possible = survey(menu, pairs).possible
    least = np.minimum(np.minimum(menu.least * share, possible), np.floor(most))
    night = survey(menu.with_limits(most, np.floor(least)), pairs)
    prices = price_night(night, seed)
    margin = MARGIN / math.sqrt(max(night.customers, 1)) * night.scale_eur
    return Told(prices.price_eur, margin, prices.temperature_eur)


def pick_shard(menu: Menu, pairs: Pairs, told: Told) -> ShardPicks:
    """Choose for the customers of one shard at the prices that all shards were told.

    Parameters
    ----------
    menu : Menu
        Of the whole night.
    pairs : DensePairs or SparsePairs
        Of the shard's customers.
    told : Told
        Prices.

    Raises
    ------
    BadRows, BadRequest
        As `price_sample`.
    """
    night = survey(menu, pairs)
    prices = night.prices_of_arms(told.price_eur)
    settled: list[tuple[npt.NDArray[Any], ...]] = []
    opened: list[tuple[npt.NDArray[Any], ...]] = []
    total = 0.0
    for rows in night.blocks():
        block = night.block(rows)
        value = block.value.copy()
        surplus = surplus_of(block, prices)
        top, at = best_of_campaigns(night, block, surplus)
        slot = np.where(wanted(top, block.contacts), at, -1).astype(np.int16)
        is_open = indifference(night, block, surplus, slot) <= told.margin_eur
        arms = np.broadcast_to(block.arm, value.shape)
        row, campaign = np.nonzero((slot >= 0) & ~is_open[:, None])
        chosen = slot[row, campaign]
        settled.append((rows.start + row, arms[row, chosen], value[row, chosen], block.cost[row, chosen]))
        left = np.flatnonzero(is_open)
        of_open, column = np.nonzero(value[left] > -np.inf)
        mine = left[of_open]
        widths = np.bincount(of_open, minlength=len(left))
        contacts = np.minimum(block.contacts[left], menu.campaigns)
        pairs_of = (arms[mine, column], value[mine, column], block.cost[mine, column])
        opened.append((rows.start + left, widths, *pairs_of, contacts))
        total += best_surplus(night, rows, told.price_eur)
    row, arm, worth, cost = _columns(settled, 4)
    open_row, width, open_arm, open_value, open_cost, open_contacts = _columns(opened, 6)
    return ShardPicks(
        customers=night.customers,
        row=row.astype(np.int32),
        arm=arm.astype(np.int16),
        value=worth.astype(np.float32),
        cost=cost,
        open_row=open_row.astype(np.int32),
        open_first=np.concatenate([[0], np.cumsum(width)]).astype(np.int64),
        open_arm=open_arm.astype(np.int16),
        open_value=open_value.astype(np.float32),
        open_cost=open_cost,
        open_contacts=open_contacts.astype(np.int16),
        surplus_eur=total,
    )


def join_shards(menu: Menu, shards: Sequence[ShardPicks], told: Told, *, seed: int = 0) -> Joined:
    """Put the picks of all shards together, within every limit.

    Settled offers keep what they have, the best of them first where a limit is broken; the open customers share what
    is left by a night of their own.

    Parameters
    ----------
    menu : Menu
        Of the whole night.
    shards : sequence of ShardPicks
        One of each shard, made under this menu and these prices.
    told : Told
        Prices.
    seed : int
        Seed of the lot among equals, >= 0.

    Raises
    ------
    BadRequest
        If there are no shards, or the open customers cannot meet what a minimum still lacks.
    """
    if not shards:
        raise BadRequest("shards is empty: give the picks of at least one.")
    opened = _open_pairs(menu, shards)
    everyone = survey(menu, opened)
    used = np.zeros(len(menu.resources))
    for shard in shards:
        used += everyone.use(shard.arm, shard.cost)
    kept: list[Bools] = [np.ones(len(shard.row), np.bool_) for shard in shards]
    if (used > menu.most).any():
        kept = _fitting(menu, shards, told, seed, opened)
        used = sum(
            (everyone.use(s.arm[mine], s.cost[mine]) for s, mine in zip(shards, kept, strict=True)),
            np.zeros(len(menu.resources)),
        )
    rest_menu = menu.with_limits(np.maximum(menu.most - used, 0.0), np.maximum(menu.least - used, 0.0))
    rest = solve(rest_menu, opened, seed=seed)
    campaign = np.array(menu.campaign)
    arms = []
    value = rest.value_eur
    chosen = np.split(rest.arm, np.cumsum([len(s.open_row) for s in shards])[:-1])
    for shard, mine, of_open in zip(shards, kept, chosen, strict=True):
        arm = np.full((shard.customers, menu.campaigns), -1, np.int16)
        arm[shard.row[mine], campaign[shard.arm[mine]]] = shard.arm[mine]
        arm[shard.open_row] = of_open
        arms.append(arm)
        value += float(shard.value[mine].sum(dtype=np.float64))
    bound = limits_at(menu, told.price_eur) + sum(s.surplus_eur for s in shards)
    total = used + np.array([s.used for s in rest.resources])
    return Joined(
        arm=tuple(arms),
        value_eur=value,
        dual_bound_eur=bound,
        gap=float(np.clip((bound - value) / abs(bound), 0.0, 1.0)) if bound else 0.0,
        resources=scarcities(menu, total, told.price_eur),
        taken_back=int(sum((~mine).sum() for mine in kept)),
        opened=opened.customers,
    )


def _open_pairs(menu: Menu, shards: Sequence[ShardPicks]) -> Pairs:
    """Return the open customers of all shards, with their candidates; side by side where arms are few."""
    width = np.concatenate([np.diff(shard.open_first) for shard in shards])
    arm, value, cost, contacts = (
        np.concatenate([getattr(s, name) for s in shards])
        for name in ("open_arm", "open_value", "open_cost", "open_contacts")
    )
    if len(menu.arms) > MOST_SIDE_BY_SIDE:
        return SparsePairs(np.concatenate([[0], np.cumsum(width)]), arm, value, cost, contacts)
    shape = (len(width), len(menu.arms))
    at = np.repeat(np.arange(len(width)), width), arm
    allowed, values, costs = np.zeros(shape, np.bool_), np.zeros(shape, np.float32), np.zeros(shape, cost.dtype)
    allowed[at], values[at], costs[at] = True, value, cost
    return DensePairs(values, costs, allowed, contacts)


def _fitting(menu: Menu, shards: Sequence[ShardPicks], told: Told, seed: int, opened: Pairs) -> list[Bools]:
    """Return which settled offers of each shard stay."""
    arm, value, cost = (np.concatenate([getattr(s, name) for s in shards]) for name in ("arm", "value", "cost"))
    place = np.arange(len(arm))
    offers = Offers(place, np.zeros_like(place), arm.astype(np.int64), value, cost.astype(np.float64))
    kept = lasting(survey(menu, opened), told.price_eur, offers, seed)
    return list(np.split(kept, np.cumsum([len(s.row) for s in shards])[:-1]))


def _columns(parts: list[tuple[npt.NDArray[Any], ...]], count: int) -> list[npt.NDArray[Any]]:
    if not parts:
        return [np.empty(0)] * count
    return [np.concatenate(column) for column in zip(*parts, strict=True)]
