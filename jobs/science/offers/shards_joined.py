"""The picks of all shards of a night put together, and one repair of what is close.

The repair is an ordinary night of the few customers whom the shards left open, under what the settled ones have left of
every resource.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest
from jobs.science.offers.answer import Scarcity, scarcities
from jobs.science.offers.menu import Menu
from jobs.science.offers.night import survey
from jobs.science.offers.night_dual import limits_at
from jobs.science.offers.night_rounding import Offers, lasting
from jobs.science.offers.pairs import DensePairs, Pairs, SparsePairs
from jobs.science.offers.problem import Bools
from jobs.science.offers.shards import ShardPicks, Told
from jobs.science.offers.solve import solve

MOST_SIDE_BY_SIDE = 64
"""Arms up to which the open customers' pairs are laid out for all arms."""


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
