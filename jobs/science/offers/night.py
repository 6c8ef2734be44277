"""A night's question, checked and surveyed: which pairs can help at all, and in which units prices are counted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest
from jobs.science.offers.menu import Menu
from jobs.science.offers.pairs import Block, Pairs
from jobs.science.offers.problem import Bools, Float32s, Floats, Ints, block_slices


@dataclass(frozen=True)
class Night:
    """Menu and pairs, with what one pass over the customers says of them.

    Parameters
    ----------
    menu : Menu
        Arms and resources.
    pairs : DensePairs or SparsePairs
        Values and costs, checked.
    campaign : ndarray of shape (arms,)
        Campaign of each arm.
    needed : ndarray of shape (arms,)
        Arms that a minimum counts: only these may be given where they lose money.
    dearest_eur : ndarray of shape (arms,)
        Most that a pair may cost, by the tightest budget of its arm; below 0 for an arm that nobody can get.
    reach : ndarray of shape (resources,)
        Use of each resource if every allowed pair were chosen.
    possible : ndarray of shape (resources,)
        Customers that each minimum could count at most; infinity where there is none.
    gains : int
        Customers with an allowed pair of positive value.
    scale_eur, scale_cost : float
        Mean best value of those customers, and mean dearest cost: the units of prices and of smoothing.
    """

    menu: Menu
    pairs: Pairs
    campaign: Ints
    needed: Bools
    dearest_eur: Floats
    reach: Floats
    possible: Floats
    gains: int
    scale_eur: float
    scale_cost: float

    @property
    def customers(self) -> int:
        """How many customers."""
        return self.pairs.customers

    def blocks(self) -> Iterator[slice]:
        """Yield the rows in blocks that fit a processor's cache."""
        return block_slices(self.customers)

    def block(self, rows: slice | Ints) -> Block:
        """Return the pairs of some customers, with -inf where a pair cannot help or cannot be."""
        return _useful(self.pairs.block(rows), self.needed, self.dearest_eur)

    def prices_of_arms(self, price_eur: Floats) -> tuple[Floats, Floats]:
        """Return what a euro of cost is charged for each arm, and what a customer is; euro, shape (arms,)."""
        charged = {True: np.zeros(len(self.campaign)), False: np.zeros(len(self.campaign))}
        for in_eur, family in zip(self.menu.family_in_eur, self.menu.families, strict=True):
            charged[in_eur] += np.where(family >= 0, price_eur[family], 0.0)
        return charged[True], charged[False]

    def use(self, arm: npt.NDArray[np.integer[Any]], cost: npt.NDArray[np.floating[Any]]) -> Floats:
        """Return what chosen pairs use of each resource, shape (resources,)."""
        count = np.bincount(arm, minlength=len(self.campaign)).astype(np.float64)
        spend = np.bincount(arm, cost, minlength=len(self.campaign)).astype(np.float64)
        return self.use_of_arms(count, spend)

    def use_of_arms(self, count: Floats, spend_eur: Floats) -> Floats:
        """Return the use of each resource from customers and euro of each arm."""
        used = np.zeros(len(self.menu.resources))
        for in_eur, family in zip(self.menu.family_in_eur, self.menu.families, strict=True):
            inside = family >= 0
            amount = spend_eur if in_eur else count
            used += np.bincount(family[inside], amount[inside], minlength=len(used))
        return used


def ask(menu: Menu, pairs: Pairs) -> Night:
    """Check pairs against a menu, and that every minimum has customers enough.

    Raises
    ------
    BadRows
        If a value is not finite, a cost is negative or not finite, or a candidate is given twice.
    BadRequest
        If the pairs are not of this menu, or a minimum alone is beyond the customers who may get it.
    """
    night = survey(menu, pairs)
    for number in np.flatnonzero(night.possible < menu.least):
        raise BadRequest(
            f"{menu.resources[number].name} must go to at least {menu.least[number]:g} customers, but only "
            f"{night.possible[number]:g} may get it: lower the minimum by "
            f"{menu.least[number] - night.possible[number]:g}."
        )
    for wanting in np.flatnonzero(menu.least > 0).tolist():
        _check_budgets(night, wanting)
    return night


def survey(menu: Menu, pairs: Pairs) -> Night:
    """Check pairs against a menu and survey them; they may be a part of the customers that its limits are for.

    Raises
    ------
    BadRows, BadRequest
        As `ask`, but for minimums.
    """
    pairs.check(len(menu.arms))
    arms = len(menu.arms)
    needed, dearest = np.zeros(arms, np.bool_), np.full(arms, np.inf)
    for resource, most, least in zip(menu.resources, menu.most, menu.least, strict=True):
        mine = list(resource.arms)
        if least > 0:
            needed[mine] = True
        if resource.unit == "eur":
            dearest[mine] = np.minimum(dearest[mine], most)
        elif most < 1:
            dearest[mine] = -1.0
    campaign = np.array(menu.campaign, np.int64)
    count, spend = np.zeros(arms), np.zeros(arms)
    gains, best_sum, dearest_sum, too_dear = 0, 0.0, 0.0, False
    possible = np.zeros(len(menu.resources))
    for rows in block_slices(pairs.customers):
        block = pairs.block(rows)
        too_dear |= bool((block.cost > dearest[block.arm]).any())
        block = _useful(block, needed, dearest)
        allowed = block.value > -np.inf
        cost = np.where(allowed, block.cost, 0.0)
        arm: Ints = np.broadcast_to(block.arm, allowed.shape).astype(np.int64, copy=False)
        count += np.bincount(arm[allowed], minlength=arms)
        spend += np.bincount(arm[allowed], cost[allowed], minlength=arms)
        best = block.value.max(axis=1, initial=-np.inf)
        gaining = best > 0
        gains += int(gaining.sum())
        best_sum += float(best[gaining].sum(dtype=np.float64))
        dearest_sum += float(cost[gaining].max(axis=1).sum()) if gaining.any() else 0.0
        for number in np.flatnonzero(menu.least > 0):
            possible[number] += _possible(menu, int(number), allowed, arm, campaign, block.contacts)
    night = Night(
        menu=menu,
        pairs=pairs,
        campaign=campaign,
        needed=needed,
        # where no pair is too dear, no pass need look
        dearest_eur=dearest if too_dear else np.full(arms, np.inf),
        reach=np.zeros(len(menu.resources)),
        possible=np.where(menu.least > 0, possible, np.inf),
        gains=gains,
        scale_eur=best_sum / gains if gains else 1.0,
        scale_cost=dearest_sum / gains if dearest_sum > 0 else 1.0,
    )
    return replace(night, reach=night.use_of_arms(count, spend))


def _check_budgets(night: Night, number: int) -> None:
    """Raise where a minimum, even by its cheapest offers, takes more than a budget that all of its arms draw on."""
    menu = night.menu
    mine = set(menu.resources[number].arms)
    budgets = [r for r in menu.resources if r.unit == "eur" and r.most < np.inf and mine <= set(r.arms)]
    if not budgets:
        return
    budget = min(budgets, key=lambda r: r.most)
    least = int(menu.least[number])
    cheapest = np.sort(np.concatenate([_cheapest(night, rows, mine) for rows in night.blocks()]))[:least]
    spend = np.cumsum(cheapest)
    if spend[-1] > budget.most * (1 + 1e-9):
        reached = int(np.searchsorted(spend, budget.most, side="right"))
        raise BadRequest(
            f"{menu.resources[number].name} must go to at least {least} customers, who take {spend[-1]:.2f} euro at "
            f"least, but {budget.name} is {budget.most:.2f} euro: lower the minimum by {least - reached} or raise the "
            f"budget by {spend[-1] - budget.most:.2f} euro."
        )


def _cheapest(night: Night, rows: slice, arms: set[int]) -> Floats:
    """Return the least cost of some arms for each customer and campaign that may have one."""
    block = night.block(rows)
    counted = np.zeros(len(night.campaign), np.bool_)
    counted[list(arms)] = True
    found = []
    for g in sorted({int(night.campaign[arm]) for arm in arms}):
        inside = (block.value > -np.inf) & (counted & (night.campaign == g))[block.arm]
        cost = np.where(inside, block.cost, np.inf).min(axis=1)
        found.append(cost[cost < np.inf])
    return np.concatenate(found).astype(np.float64)


def _useful(block: Block, needed: Bools, dearest_eur: Floats) -> Block:
    """Forbid, in place, pairs that lose money for no minimum, cost more than their budget, or go to nobody."""
    value = block.value
    useless = value <= 0
    if needed.any():
        useless &= ~needed[block.arm]
    if (dearest_eur < np.inf).any():
        useless |= block.cost > dearest_eur[block.arm]
    if (block.contacts < 1).any():
        useless |= (block.contacts < 1)[:, None]
    np.copyto(value, np.float32(-np.inf), where=useless)
    return block


def _possible(menu: Menu, number: int, allowed: Bools, arm: Ints, campaign: Ints, contacts: Ints) -> float:
    """Return how many offers that a resource counts these customers could get."""
    mine = np.zeros(len(campaign), np.bool_)
    mine[list(menu.resources[number].arms)] = True
    inside = allowed & mine[arm]
    chosen_campaigns = set(campaign[mine].tolist())
    some = sum((inside & (campaign[arm] == g)).any(axis=1).astype(np.int64) for g in chosen_campaigns)
    return float(np.minimum(some, contacts).sum())


def surplus_of(block: Block, prices: tuple[Floats, Floats]) -> Float32s:
    """Return value less price of each pair, float32, -inf where a pair is not allowed; the block's value is used up.

    Parameters
    ----------
    block : Block
        From `Night.block`.
    prices : tuple of ndarray
        From `Night.prices_of_arms`.
    """
    surplus = block.value
    per_eur, per_customer = prices
    if per_eur.any():
        surplus -= per_eur.astype(np.float32)[block.arm] * block.cost.astype(np.float32, copy=False)
    if per_customer.any():
        surplus -= per_customer.astype(np.float32)[block.arm]
    return surplus
