"""The smoothed policy: what each customer would be given at a temperature, with the exact chance of every arm.

Inside a campaign arms compete by exp(surplus / temperature); between campaigns subsets no larger than the customer's
contacts compete by the product of their campaigns' weights.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.science.offers.night import Night, surplus_of
from jobs.science.offers.pairs import Block
from jobs.science.offers.problem import Bools, Float32s, Floats, Ints
from jobs.science.offers.subsets import draw, excess, subsets

_LOWEST = np.float32(-1e30)
"""Stands for a campaign without an allowed arm: exp of it is 0 at any temperature, and nothing becomes NaN."""


@dataclass(frozen=True)
class Smoothed:
    """The smoothed choice of some customers.

    Parameters
    ----------
    log_weight : ndarray of shape (b, campaigns)
        Logarithm of each campaign's weight.
    inside : ndarray of shape (b, slots), float32
        Chance of each arm, given that its campaign reaches the customer.
    contacts : ndarray of shape (b,)
        Most offers of each customer.
    log_total : ndarray of shape (b,)
        Logarithm of the weight of everything that could be done; times the temperature, the smoothed best surplus.
    of_campaign : ndarray of shape (b, campaigns)
        Chance that a campaign reaches the customer.
    """

    log_weight: Floats
    inside: Float32s
    contacts: Ints
    log_total: Floats
    of_campaign: Floats

    def excess(self, one: int, other: int) -> Floats:
        """Return how much two campaigns go together, -1 where never, 0 where independent; shape (b,)."""
        return excess(self.log_weight, self.contacts, self.of_campaign, one, other)


def slots_of(night: Night, block: Block) -> Iterator[tuple[int, slice | Bools]]:
    """Yield each campaign with its slots: a slice or mask of columns, or a mask of single pairs for candidates."""
    if block.arm.ndim == 1:
        of_slot = night.campaign[block.arm]
        for g in range(night.menu.campaigns):
            mine = np.flatnonzero(of_slot == g)
            whole = len(mine) and mine[-1] - mine[0] + 1 == len(mine)
            yield g, slice(int(mine[0]), int(mine[-1]) + 1) if whole else of_slot == g
        return
    of_pair = night.campaign[block.arm]
    for g in range(night.menu.campaigns):
        yield g, of_pair == g


def smooth(night: Night, block: Block, surplus: Float32s, temperature_eur: float) -> Smoothed:
    """Return the smoothed choice; `surplus` is overwritten.

    Parameters
    ----------
    night : Night
        The question.
    block : Block
        Pairs of some customers.
    surplus : ndarray of shape (b, slots), float32
        Value less price of each, -inf where not allowed.
    temperature_eur : float
        Smoothing, > 0.
    """
    t = np.float32(temperature_eur)
    log_weight = np.empty((len(surplus), night.menu.campaigns))
    # Far below the top there is no weight: quotients may leave float32's range and their exponential is 0.
    with np.errstate(over="ignore", under="ignore"):
        if block.arm.ndim == 1 or night.menu.campaigns == 1:
            every = slots_of(night, block) if block.arm.ndim == 1 else iter([(0, slice(None))])
            for g, columns in every:
                log_weight[:, g] = _compete(surplus, columns, t)
        else:
            of_pair = night.campaign[block.arm]
            for g in range(night.menu.campaigns):
                mine = of_pair == g
                part = np.where(mine, surplus, np.float32(-np.inf))
                log_weight[:, g] = _compete(part, slice(None), t)
                surplus[mine] = part[mine]
    reach = subsets(log_weight, block.contacts)
    return Smoothed(log_weight, surplus, block.contacts, reach.log_total, reach.chance)


def chances(night: Night, block: Block, choice: Smoothed) -> Float32s:
    """Return the exact chance of each pair, shape (b, slots): inside its campaign, times that of the campaign."""
    of_campaign = choice.of_campaign.astype(np.float32)
    if night.menu.campaigns == 1:
        return choice.inside * of_campaign
    if block.arm.ndim == 1:
        return choice.inside * of_campaign[:, night.campaign[block.arm]]
    return choice.inside * np.take_along_axis(of_campaign, night.campaign[block.arm], axis=1)


def draw_offers(
    night: Night, rows: slice | Ints, price_eur: Floats, temperature_eur: float, uniform: Floats
) -> npt.NDArray[np.int16]:
    """Draw offers from the smoothed policy.

    Parameters
    ----------
    night : Night
        The question.
    rows : slice or ndarray of int
        Customers.
    price_eur : ndarray of shape (resources,)
        Prices, as in an answer.
    temperature_eur : float
        Smoothing, > 0.
    uniform : ndarray of shape (b, 2 * campaigns)
        Random numbers in [0, 1): first which campaigns, then which arm of each.

    Returns
    -------
    ndarray of shape (b, campaigns), int16
        Slot of each campaign's arm, -1 for nothing.
    """
    block = night.block(rows)
    surplus = surplus_of(block, night.prices_of_arms(price_eur))
    choice = smooth(night, block, surplus, temperature_eur)
    campaigns = night.menu.campaigns
    reached = draw(choice.log_weight, choice.contacts, uniform[:, :campaigns])
    slot = np.full(reached.shape, -1, np.int16)
    for g, mine in slots_of(night, block):
        inside = choice.inside
        if isinstance(mine, slice):
            columns, part = np.arange(mine.start, mine.stop), inside[:, mine]
        else:
            columns, part = np.arange(inside.shape[1]), np.where(mine, inside, np.float32(0))
        ladder = np.cumsum(part, axis=1, dtype=np.float64)
        rung = (uniform[:, campaigns + g, None] * ladder[:, -1:] >= ladder).sum(axis=1)
        slot[:, g] = np.where(reached[:, g], columns[np.minimum(rung, len(columns) - 1)], -1)
    return slot


def _compete(surplus: Float32s, columns: Any, t: np.float32) -> Floats:
    """Turn the surplus of one campaign's columns into chances, in place; return the logarithm of their weight."""
    part = surplus[:, columns]
    top = np.maximum(part.max(axis=1), _LOWEST)
    part = part - top[:, None]
    part /= t
    np.exp(part, out=part)
    total = part.sum(axis=1)
    none = total == 0
    total[none] = 1.0
    part /= total[:, None]
    surplus[:, columns] = part
    return np.asarray(top.astype(np.float64) / float(t) + np.log(total), np.float64)
