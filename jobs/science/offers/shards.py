"""A night in many processes: prices from a sample, and offers picked at these prices shard by shard.

Under given prices every customer's choice is his own, so shards need nothing of each other. Most choices stay the same
whatever the exact prices are; a shard settles those and hands over only customers for whom two choices are within a
margin.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest
from jobs.science.offers.menu import Menu
from jobs.science.offers.night import surplus_of, survey
from jobs.science.offers.night_dual import best_surplus, price_night
from jobs.science.offers.night_rounding import best_of_campaigns, indifference, wanted
from jobs.science.offers.pairs import Pairs
from jobs.science.offers.problem import Float32s, Floats, Ints

MARGIN = 4.0
"""How close two choices are to be left open, in mean values of a customer over the root of the sample's size: the error
of prices goes that way too."""


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


def _columns(parts: list[tuple[npt.NDArray[Any], ...]], count: int) -> list[npt.NDArray[Any]]:
    if not parts:
        return [np.empty(0)] * count
    return [np.concatenate(column) for column in zip(*parts, strict=True)]
