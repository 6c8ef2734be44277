"""Minimums that picks fall short of: reserve customers for them where it costs least, and swap to make room."""

from dataclasses import dataclass, field

import numpy as np

from jobs.science.offers.night import Night, surplus_of
from jobs.science.offers.night_rounding import Offers, Slots, offers_of
from jobs.science.offers.pairs import Block
from jobs.science.offers.problem import Bools, Float32s, Floats, Ints
from jobs.science.offers.rounding import BUDGET_ROUNDING

_SPARE = 4
_SPARE_AT_LEAST = 1_000


@dataclass
class _State:
    """Choices under way, with the use of every resource kept up to date."""

    night: Night
    prices: tuple[Floats, Floats]
    slot: Slots
    used: Floats
    most: Floats
    least: Floats
    draws: list[list[int]]
    queue: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def amounts(self, arm: int, cost: float) -> list[tuple[int, float]]:
        """Return what a pair draws from each resource."""
        in_eur = self.night.menu.in_eur
        return [(r, cost if in_eur[r] else 1.0) for r in self.draws[arm]]

    def pair(self, row: int, slot: int) -> tuple[int, float, float]:
        """Return arm, value and cost of one pair."""
        block = self.night.pairs.block(np.array([row]))
        arm = int(block.arm[slot] if block.arm.ndim == 1 else block.arm[0, slot])
        return arm, float(block.value[0, slot]), float(block.cost[0, slot])

    def held(self, arm: int) -> bool:
        """Whether a minimum counts on every offer of this arm that there is."""
        return any(self.used[r] <= self.least[r] for r in self.draws[arm] if self.least[r] > 0)

    def put(self, row: int, campaign: int, slot: int) -> None:
        arm, _, cost = self.pair(row, slot)
        self.slot[row, campaign] = slot
        for r, amount in self.amounts(arm, cost):
            self.used[r] += amount

    def drop(self, row: int, campaign: int) -> None:
        arm, _, cost = self.pair(row, int(self.slot[row, campaign]))
        self.slot[row, campaign] = -1
        for r, amount in self.amounts(arm, cost):
            self.used[r] -= amount


def meet_minimums(night: Night, price_eur: Floats, slot: Slots) -> tuple[Slots, Floats]:
    """Raise what is below its minimum, as far as it goes.

    Parameters
    ----------
    night : Night
        Checked question.
    price_eur : ndarray of shape (resources,)
        Price of each resource.
    slot : ndarray of shape (n, campaigns)
        Choices that are nowhere above a limit.

    Returns
    -------
    slot : ndarray of shape (n, campaigns)
        Choices that are nowhere above a limit, and below no minimum that was met before.
    short : ndarray of shape (resources,)
        Customers that each minimum still lacks.
    """
    offers = offers_of(night, slot)
    used = night.use(offers.arm, offers.cost)
    if (used >= night.menu.least).all():
        return slot, np.zeros(len(used))
    draws: list[list[int]] = [[] for _ in night.campaign]
    for number, resource in enumerate(night.menu.resources):
        for arm in set(resource.arms):
            draws[arm].append(number)
    most = night.menu.most * np.where(night.menu.in_eur, 1 + BUDGET_ROUNDING, 1.0)
    state = _State(night, night.prices_of_arms(price_eur), slot.copy(), used, most, night.menu.least, draws)
    # A minimum whose customers are few by the side of it goes first: the others have more to choose from.
    scarcest = np.argsort(night.reach / np.maximum(night.menu.least, 1.0), kind="stable")
    for number in scarcest:
        if state.used[number] < state.least[number]:
            _raise(state, int(number))
    return state.slot, np.maximum(night.menu.least - state.used, 0.0)


def _raise(state: _State, number: int) -> None:
    """Take customers for one resource in order of what it costs, until its minimum is met."""
    state.queue.clear()
    row, at = _cheapest(state, number)
    for customer, slot in zip(row.tolist(), at.tolist(), strict=True):
        if state.used[number] >= state.least[number]:
            return
        _reserve(state, customer, slot)


def _cheapest(state: _State, number: int) -> tuple[Ints, Ints]:
    """Return customers and slots in order of the loss against what each would give up."""
    night = state.night
    counted = np.zeros(len(night.campaign), np.bool_)
    counted[list(night.menu.resources[number].arms)] = True
    loss, at = np.full(night.customers, np.inf, np.float32), np.zeros(night.customers, np.int64)
    for rows in night.blocks():
        block = night.block(rows)
        surplus = surplus_of(block, state.prices)
        loss[rows], at[rows] = _loss(night, block, surplus, state.slot[rows], counted)
    count = min(int((loss < np.inf).sum()), int(_SPARE * (state.least[number] - state.used[number])) + _SPARE_AT_LEAST)
    if not count:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    row = np.argpartition(loss, count - 1)[:count]
    row = row[np.argsort(loss[row], kind="stable")]
    return row, at[row]


def _loss(night: Night, block: Block, surplus: Float32s, slot: Slots, counted: Bools) -> tuple[Float32s, Ints]:
    """Return, for each customer, the least that an offer of a counted arm would lose, and its slot."""
    n = len(slot)
    here = np.zeros(slot.shape, np.float32)
    mine = counted[np.broadcast_to(block.arm, surplus.shape)]
    for g in range(slot.shape[1]):
        has = np.flatnonzero(slot[:, g] >= 0)
        here[has, g] = surplus[has, slot[has, g]]
    of_slot = np.broadcast_to(night.campaign[block.arm], surplus.shape)
    full = (slot >= 0).sum(axis=1) >= np.minimum(block.contacts, slot.shape[1])
    least = np.where(slot >= 0, here, np.inf).min(axis=1)
    given_up = np.where(slot >= 0, here, np.where(full, least, 0.0)[:, None])
    # an arm that the resource counts already is not given up for another that it counts
    taken = np.zeros(slot.shape, np.bool_)
    for g in range(slot.shape[1]):
        has = np.flatnonzero(slot[:, g] >= 0)
        taken[has, g] = mine[has, slot[has, g]]
    gain = np.where(mine, surplus, np.float32(-np.inf)) - np.take_along_axis(given_up, of_slot, axis=1)
    gain[np.take_along_axis(taken, of_slot, axis=1)] = -np.inf
    at = gain.argmax(axis=1)
    return -gain[np.arange(n), at].astype(np.float32), at.astype(np.int64)


def _reserve(state: _State, row: int, slot: int) -> None:
    """Give a customer an arm that a minimum lacks, in place of his own if need be, and make room for it."""
    night = state.night
    arm, _, cost = state.pair(row, slot)
    campaign = int(night.campaign[arm])
    leaving = _leaving(state, row, campaign)
    if leaving is None:
        return
    before = state.slot[row].copy(), state.used.copy()
    for g in leaving:
        state.drop(row, g)
    removed: list[tuple[int, int, int]] = []
    for r, amount in state.amounts(arm, cost):
        while state.used[r] + amount > state.most[r]:
            victim = _victim(state, r, row)
            if victim is None:
                for other, g, old in removed:
                    state.slot[other, g] = old
                state.slot[row], state.used[:] = before
                return
            removed.append((*victim, int(state.slot[victim])))
            state.drop(*victim)
    state.put(row, campaign, slot)


def _leaving(state: _State, row: int, campaign: int) -> list[int] | None:
    """Return the campaigns whose offers the customer would give up; None if a minimum holds one of them."""
    mine = state.slot[row]
    if mine[campaign] >= 0:
        leaving = [campaign]
    elif int((mine >= 0).sum()) < int(state.night.pairs.block(np.array([row])).contacts[0]):
        return []
    else:
        worth = {}
        for g in np.flatnonzero(mine >= 0).tolist():
            arm, value, cost = state.pair(row, int(mine[g]))
            if not state.held(arm):
                worth[g] = value - state.prices[0][arm] * cost - state.prices[1][arm]
        leaving = [min(worth, key=lambda g: worth[g])] if worth else [-1]
    if leaving == [-1] or state.held(state.pair(row, int(mine[leaving[0]]))[0]):
        return None
    return leaving


def _victim(state: _State, resource: int, spared: int) -> tuple[int, int] | None:
    """Return the chosen pair of least worth that draws on a resource and that no minimum holds."""
    if resource not in state.queue:
        state.queue[resource] = _least_worth(state, resource)
    queue = state.queue[resource]
    while queue:
        row, campaign = queue.pop()
        at = int(state.slot[row, campaign])
        if at < 0 or row == spared:
            continue
        arm = state.pair(row, at)[0]
        if resource in state.draws[arm] and not state.held(arm):
            return row, campaign
    return None


def _least_worth(state: _State, resource: int) -> list[tuple[int, int]]:
    """Return the chosen pairs that draw on a resource, the least worth for what they draw last."""
    offers: Offers = offers_of(state.night, state.slot)
    mine = np.flatnonzero(np.isin(offers.arm, state.night.menu.resources[resource].arms))
    worth = offers.worth(state.prices)[mine]
    if state.night.menu.in_eur[resource]:
        mine, worth = mine[offers.cost[mine] > 0], worth[offers.cost[mine] > 0]
        worth = worth / offers.cost[mine]
    order = mine[np.argsort(-worth, kind="stable")]
    return list(zip(offers.row[order].tolist(), offers.campaign[order].tolist(), strict=True))
