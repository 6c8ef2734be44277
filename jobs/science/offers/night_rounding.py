"""From prices to a night's whole offers: pick, take back what does not fit, and give out what is left."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.science.offers.night import Night, surplus_of
from jobs.science.offers.pairs import Block
from jobs.science.offers.problem import Bools, Float32s, Floats, Ints
from jobs.science.offers.rounding import BUDGET_ROUNDING
from jobs.science.offers.smoothed import draw_offers, slots_of

Slots = npt.NDArray[np.int16]
"""Slot that each campaign's arm has among the customer's pairs, -1 for nothing, shape (n, campaigns)."""

_FILL_ROWS = 1 << 16
_FILL_ROUNDS = 60


@dataclass(frozen=True)
class Offers:
    """Chosen pairs, one entry each, in order of customer.

    Parameters
    ----------
    row, campaign, arm : ndarray of shape (m,)
        Customer, campaign and arm.
    value : ndarray of shape (m,), float32
        Net euro.
    cost : ndarray of shape (m,)
        Euro of budget.
    """

    row: Ints
    campaign: Ints
    arm: Ints
    value: Float32s
    cost: Floats

    def worth(self, prices: tuple[Floats, Floats]) -> Floats:
        """Return value less price of each, given `Night.prices_of_arms`."""
        return np.asarray(self.value - prices[0][self.arm] * self.cost - prices[1][self.arm], np.float64)


_NONE = np.empty(0, np.int64)
NOTHING = Offers(_NONE, _NONE, _NONE, np.empty(0, np.float32), np.empty(0))
"""No offers at all."""


def offers_of(night: Night, slot: Slots) -> Offers:
    """List the chosen pairs."""
    found: list[tuple[npt.NDArray[np.generic], ...]] = []
    for rows in night.blocks():
        row, campaign = np.nonzero(slot[rows] >= 0)
        at = slot[rows][row, campaign].astype(np.int64)
        block = night.pairs.block(rows)
        arm = (block.arm[at] if block.arm.ndim == 1 else block.arm[row, at]).astype(np.int64)
        found.append((rows.start + row, campaign, arm, block.value[row, at], block.cost[row, at]))
    if not found:
        return NOTHING
    row, campaign, arm, value, cost = (np.concatenate(column) for column in zip(*found, strict=True))
    return Offers(row, campaign, np.asarray(arm, np.int64), value, cost.astype(np.float64))


def room_of(night: Night, offers: Offers) -> Floats:
    """Return what is left of each resource; a rounding error of a sum is not held against a budget."""
    most = night.menu.most * np.where(night.menu.in_eur, 1 + BUDGET_ROUNDING, 1.0)
    return np.asarray(most - night.use(offers.arm, offers.cost), np.float64)


def pick_best(night: Night, price_eur: Floats) -> Slots:
    """Return every customer's best offers at these prices; no regard to limits."""
    prices = night.prices_of_arms(price_eur)
    slot = np.full((night.customers, night.menu.campaigns), -1, np.int16)
    for rows in night.blocks():
        block = night.block(rows)
        top, at = best_of_campaigns(night, block, surplus_of(block, prices))
        slot[rows] = np.where(wanted(top, block.contacts), at, -1)
    return slot


def pick_by_chance(night: Night, price_eur: Floats, temperature_eur: float, seed: int) -> Slots:
    """Return offers drawn from the smoothed policy, which shares ties out as the limits need; no regard to limits."""
    r = np.random.default_rng(seed)
    slot = np.empty((night.customers, night.menu.campaigns), np.int16)
    for rows in night.blocks():
        uniform = r.random((rows.stop - rows.start, 2 * night.menu.campaigns))
        slot[rows] = draw_offers(night, rows, price_eur, temperature_eur, uniform)
    return slot


def best_of_campaigns(night: Night, block: Block, surplus: Float32s) -> tuple[Float32s, Ints]:
    """Return the best surplus of each campaign, -inf for none, and its slot; both of shape (b, campaigns)."""
    top = np.empty((len(surplus), night.menu.campaigns), np.float32)
    at = np.empty(top.shape, np.int64)
    row = np.arange(len(surplus))
    for g, mine in slots_of(night, block):
        if isinstance(mine, slice):
            at[:, g] = mine.start + surplus[:, mine].argmax(axis=1)
            top[:, g] = surplus[row, at[:, g]]
        else:
            part = np.where(mine, surplus, np.float32(-np.inf))
            at[:, g] = part.argmax(axis=1)
            top[:, g] = part[row, at[:, g]]
    return top, at


def wanted(top: Float32s, contacts: Ints) -> Bools:
    """Return which campaigns' best arms a customer gets: those above 0, the best ones where contacts are short."""
    chosen = top > 0
    campaigns = top.shape[1]
    if campaigns > 1 and contacts.min(initial=campaigns) < campaigns:
        rank = np.argsort(np.argsort(-top, axis=1, kind="stable"), axis=1, kind="stable")
        chosen &= rank < contacts[:, None]
    return chosen


def indifference(night: Night, block: Block, surplus: Float32s, slot: Slots) -> Float32s:
    """Return how little the best change of one campaign's choice would lose, for each customer; uses up `surplus`."""
    full = (slot >= 0).sum(axis=1) >= np.minimum(block.contacts, night.menu.campaigns)
    here = np.full(slot.shape, np.inf, np.float32)
    for g in range(slot.shape[1]):
        mine = np.flatnonzero(slot[:, g] >= 0)
        here[mine, g] = surplus[mine, slot[mine, g]]
        surplus[mine, slot[mine, g]] = -np.inf
    least = here.min(axis=1)
    other, _ = best_of_campaigns(night, block, surplus)
    loss = np.full(len(slot), np.inf, np.float32)
    for g in range(slot.shape[1]):
        has = slot[:, g] >= 0
        stay = np.where(has, here[:, g], np.where(full & (slot.shape[1] > 1), least, 0))
        instead = np.where(has, np.maximum(other[:, g], 0), other[:, g])
        loss = np.minimum(loss, np.abs(stay - instead))
    return loss


def take_back(night: Night, price_eur: Floats, slot: Slots, seed: int) -> Slots:
    """Keep the choices with most value less price while every resource lasts; equals are kept by lot.

    What a minimum counts on is kept before the rest.

    Parameters
    ----------
    night : Night
        Checked question.
    price_eur : ndarray of shape (resources,)
        Price of each resource.
    slot : ndarray of shape (n, campaigns)
        Choices that may break limits.
    seed : int
        Seed of the lot.

    Returns
    -------
    ndarray of shape (n, campaigns)
        Choices that are nowhere above a limit.
    """
    offers = offers_of(night, slot)
    if (room_of(night, offers) >= 0).all():
        return slot
    kept = lasting(night, price_eur, offers, seed)
    trimmed = slot.copy()
    trimmed[offers.row[~kept], offers.campaign[~kept]] = -1
    return trimmed


def lasting(night: Night, price_eur: Floats, offers: Offers, seed: int) -> Bools:
    """Return which offers stay when every resource is held to its most: see `take_back`."""
    worth = offers.worth(night.prices_of_arms(price_eur))
    order = np.lexsort((np.random.default_rng(seed).random(len(worth)), -worth))
    later = np.ones(len(worth), np.bool_)
    for number in np.flatnonzero(night.menu.least > 0):
        inside = order[np.isin(offers.arm[order], night.menu.resources[number].arms)]
        later[inside[: int(night.menu.least[number])]] = False
    order = order[np.argsort(later[order], kind="stable")]
    arm, cost = offers.arm[order], offers.cost[order]
    fits = np.ones(len(order), np.bool_)
    room = room_of(night, NOTHING)
    for in_eur, family in zip(night.menu.family_in_eur, night.menu.families, strict=True):
        still = np.flatnonzero(fits)
        fits[still] = _lasts(family[arm[still]], cost[still] if in_eur else np.ones(len(still)), room)
    kept = np.empty(len(order), np.bool_)
    kept[order] = fits
    return kept


def fill(night: Night, price_eur: Floats, slot: Slots, seed: int) -> Slots:
    """Give what is left to customers who may get more, most value less price first.

    Parameters
    ----------
    night, price_eur, slot, seed
        As for `take_back`; `slot` is nowhere above a limit.

    Returns
    -------
    ndarray of shape (n, campaigns)
        Choices that are nowhere above a limit and worth at least as much.
    """
    prices = night.prices_of_arms(price_eur)
    room = room_of(night, offers_of(night, slot))
    best = np.full(night.customers, -np.inf, np.float32)
    for rows in night.blocks():
        best[rows] = _open_worth(night, rows, slot[rows], room, prices)[0].max(axis=1, initial=-np.inf)
    waiting = np.flatnonzero(best > -np.inf)
    waiting = waiting[np.lexsort((np.random.default_rng(seed).random(len(waiting)), -best[waiting]))]
    filled = slot.copy()
    for first in range(0, len(waiting), _FILL_ROWS):
        some = waiting[first : first + _FILL_ROWS]
        got, room = _fill_some(night, some, filled[some], room, prices)
        if (got == filled[some]).all():
            break
        filled[some] = got
    return filled


def _fill_some(
    night: Night, rows: Ints, slot: Slots, room: Floats, prices: tuple[Floats, Floats]
) -> tuple[Slots, Floats]:
    """Fill a few customers in rounds: a round takes everyone's best open pair as far as resources last."""
    slot = slot.copy()
    for _ in range(_FILL_ROUNDS):
        worth, block = _open_worth(night, rows, slot, room, prices)
        at = worth.argmax(axis=1)
        score = worth[np.arange(len(rows)), at]
        order = np.argsort(-score, kind="stable")
        order = order[score[order] > -np.inf]
        if not len(order):
            break
        at = at[order]
        arm = block.arm[at] if block.arm.ndim == 1 else block.arm[order, at]
        cost = block.cost[order, at].astype(np.float64)
        fits = np.ones(len(order), np.bool_)
        for in_eur, family in zip(night.menu.family_in_eur, night.menu.families, strict=True):
            fits &= _lasts(family[arm], cost if in_eur else np.ones(len(order)), room)
        slot[order[fits], night.campaign[arm[fits]]] = at[fits]
        room = room - night.use(arm[fits], cost[fits])
    return slot, room


def _open_worth(
    night: Night, rows: slice | Ints, slot: Slots, room: Floats, prices: tuple[Floats, Floats]
) -> tuple[Float32s, Block]:
    """Return value less price of the pairs that could be added by themselves, -inf for the others."""
    block = night.block(rows)
    shut = ~(block.value > 0)
    worth = surplus_of(block, prices)
    shut |= ((slot >= 0).sum(axis=1) >= block.contacts)[:, None]
    taken = slot >= 0
    if taken.shape[1] == 1:
        shut |= taken
    else:
        of_slot = night.campaign[block.arm]
        shut |= taken[:, of_slot] if block.arm.ndim == 1 else np.take_along_axis(taken, of_slot, axis=1)
    affordable = affordable_eur(night, room)
    shut |= block.cost > affordable[block.arm]
    worth[shut] = -np.inf
    return worth, block


def affordable_eur(night: Night, room: Floats) -> Floats:
    """Return the most that one more offer of each arm may cost; below 0 where its customers are used up."""
    most = np.full(len(night.campaign), np.inf)
    for in_eur, family in zip(night.menu.family_in_eur, night.menu.families, strict=True):
        inside = family >= 0
        left = room[family[inside]]
        most[inside] = np.minimum(most[inside], left if in_eur else np.where(left >= 1, np.inf, -1.0))
    return most


def _lasts(resource: Ints, amount: Floats, room: Floats) -> Bools:
    """Return which entries, taken in order, are within their resource's room; -1 draws on none."""
    order = np.argsort(resource, kind="stable")
    sums = np.cumsum(amount[order])
    starts = np.flatnonzero(np.diff(resource[order], prepend=-2))
    before = np.repeat(sums[starts] - amount[order][starts], np.diff(starts, append=len(order)))
    fits = np.empty(len(order), np.bool_)
    fits[order] = (sums - before <= room[resource[order]]) | (resource[order] < 0)
    return fits
