"""The smoothed dual of a night at some multipliers: its value, how far use is from the limits, and its curvature."""

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from jobs.science.offers.night import Night, surplus_of
from jobs.science.offers.pairs import Block
from jobs.science.offers.problem import Float32s, Floats, Ints, block_slices
from jobs.science.offers.smoothed import Smoothed, chances, slots_of, smooth


@dataclass(frozen=True)
class Multipliers:
    """One for each limit that can bind: its resource, its sign in the price, its limit and its unit."""

    resource: Ints
    sign: Floats
    limit: Floats
    unit: Floats

    @classmethod
    def of(cls, night: Night, share: float) -> "Multipliers":
        """Return those of a night whose customers are a part of all."""
        most, least = night.menu.most, night.menu.least
        up = np.flatnonzero((night.reach > most) & (most > 0))
        low = np.flatnonzero(least > 0)
        resource = np.concatenate([up, low])
        sign = np.concatenate([np.ones(len(up)), -np.ones(len(low))])
        limit = np.concatenate([most[up], -least[low]]) * share
        unit = np.where(night.menu.in_eur[resource], night.scale_cost, 1.0) if len(resource) else np.empty(0)
        return cls(resource, sign, limit, unit)

    def price(self, multiplier: Floats, resources: int) -> Floats:
        """Return the price of each resource."""
        return np.bincount(self.resource, self.sign * multiplier, minlength=resources).astype(np.float64)

    def from_price(self, price_eur: Floats) -> Floats:
        """Return the multipliers that make these prices."""
        return np.asarray(np.maximum(self.sign * price_eur[self.resource], 0.0), np.float64)


@dataclass(frozen=True)
class Point:
    """The smoothed dual at some multipliers: value, gradient, and curvature or its diagonal."""

    objective: float
    gradient: Floats
    curvature: Floats


@dataclass(frozen=True)
class Rows:
    """Customers, all or a sample."""

    night: Night
    sample: Ints | None
    multipliers: Multipliers

    def __len__(self) -> int:
        return self.night.customers if self.sample is None else len(self.sample)

    @classmethod
    def of(cls, night: Night, sample: Ints | None) -> "Rows":
        """Return all customers, or a sample of them."""
        share = 1.0 if sample is None else len(sample) / night.customers
        return cls(night, sample, Multipliers.of(night, share))


def evaluate(
    rows: Rows, multiplier: Floats, temperature_eur: float, second: Literal["matrix", "diagonal", "none"]
) -> Point:
    """Pass once over the customers.

    Parameters
    ----------
    rows : Rows
        Customers and limits.
    multiplier : ndarray of shape (multipliers,)
        Where, >= 0.
    temperature_eur : float
        Smoothing, > 0.
    second : {"matrix", "diagonal", "none"}
        How much of the curvature; the matrix only of customers whose slots are the menu's arms.
    """
    night, found = rows.night, rows.multipliers
    price = found.price(multiplier, len(night.menu.resources))
    prices = night.prices_of_arms(price)
    arms = len(night.campaign)
    objective, count, spend = 0.0, np.zeros(arms), np.zeros(arms)
    curvature = _Curvature(night) if second == "matrix" else None
    spread = np.zeros((2, arms))
    for part in block_slices(len(rows)):
        block = night.block(part if rows.sample is None else rows.sample[part])
        cost = block.cost.astype(np.float32, copy=False)
        choice = smooth(night, block, surplus_of(block, prices), temperature_eur)
        objective += temperature_eur * float(choice.log_total.sum())
        chance = chances(night, block, choice)
        spent = chance * cost
        if curvature is not None:
            curvature.add(block, choice, chance, spent, cost)
        if block.arm.ndim == 1:
            every = np.ones(len(chance), np.float32)
            count += every @ chance
            spend += every @ spent
        else:
            flat = block.arm.ravel().astype(np.int64)
            count += np.bincount(flat, chance.ravel(), minlength=arms)
            spend += np.bincount(flat, spent.ravel(), minlength=arms)
        if second == "diagonal":
            flat = np.broadcast_to(block.arm, chance.shape).ravel().astype(np.int64)
            varied = chance * (1 - chance)
            spread[0] += np.bincount(flat, varied.ravel(), minlength=arms)
            spread[1] += np.bincount(flat, (varied * cost * cost).ravel(), minlength=arms)
    used = night.use_of_arms(count, spend)
    objective += float(multiplier @ found.limit)
    gradient = found.limit - found.sign * used[found.resource]
    if curvature is None:
        diagonal = night.use_of_arms(spread[0], spread[1])[found.resource] / temperature_eur
        return Point(objective, gradient, diagonal)
    both = np.outer(found.sign, found.sign)
    matrix = both * curvature.of_resources()[np.ix_(found.resource, found.resource)] / temperature_eur
    return Point(objective, gradient, matrix)


class _Curvature:
    """Covariance of what customers use of the resources, summed over customers whose slots are the menu's arms."""

    def __init__(self, night: Night) -> None:
        draws = np.zeros((len(night.campaign), len(night.menu.resources)), np.float32)
        for number, resource in enumerate(night.menu.resources):
            draws[list(resource.arms), number] = 1.0
        self._night = night
        self._by_count, self._by_eur = draws * ~night.menu.in_eur, draws * night.menu.in_eur
        self._moments = np.zeros((3, len(draws)))
        self._crossed = np.zeros((draws.shape[1], draws.shape[1]))

    def add(self, block: Block, choice: Smoothed, chance: Float32s, spent: Float32s, cost: Float32s) -> None:
        """Add some customers: arms of one campaign exclude each other, campaigns as far as contacts are short."""
        every = np.ones(len(chance), np.float32)
        self._moments[0] += every @ chance
        self._moments[1] += every @ spent
        self._moments[2] += np.einsum("ij,ij->j", spent, cost)
        uses = []
        for _, mine in slots_of(self._night, block):
            use = chance[:, mine] @ self._by_count[mine] + spent[:, mine] @ self._by_eur[mine]
            self._crossed -= use.T @ use
            uses.append(use)
        if len(uses) > 1 and block.contacts.min(initial=len(uses)) < len(uses):
            for one, other in combinations(range(len(uses)), 2):
                together = choice.excess(one, other).astype(np.float32)[:, None]
                crossed = (uses[one] * together).T @ uses[other]
                self._crossed += crossed + crossed.T

    def of_resources(self) -> Floats:
        """Return the covariance, shape (resources, resources)."""
        count, eur = self._by_count.astype(np.float64), self._by_eur.astype(np.float64)
        mixed = (count * self._moments[1][:, None]).T @ eur
        own = (count * self._moments[0][:, None]).T @ count + (eur * self._moments[2][:, None]).T @ eur
        return np.asarray(own + mixed + mixed.T + self._crossed, np.float64)
