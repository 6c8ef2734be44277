"""Prices of a night's resources: its Lagrangian dual, smoothed, by damped Newton steps or, for thousands, L-BFGS.

At given prices every customer takes the best offers that his contacts allow, and prices are right when what customers
take just fits. A resource's limits have a multiplier each, >= 0: one that charges for what there is most of, one that
pays towards what there must be least of; the price is the difference.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from jobs.science.offers.menu import Menu
from jobs.science.offers.night import Night, surplus_of
from jobs.science.offers.pairs import Block, DensePairs
from jobs.science.offers.problem import Float32s, Floats, Ints, block_slices
from jobs.science.offers.smoothed import Smoothed, chances, slots_of, smooth

SAMPLE_ROWS = 20_000
_SAMPLE_OF_MANY = 50_000
_MOST_NEWTON = 64
_MOST_PAIRED_CAMPAIGNS = 8
_SAMPLE_TEMPERATURES = (1.0, 0.3, 0.1, 0.03)
_ALL_TEMPERATURES = (0.03, 0.01)
_FEW_TEMPERATURES = (0.01, 0.003, 0.001)
_SAMPLE_STEPS, _ALL_STEPS = 20, 6
_SAMPLE_TOLERANCE, _ALL_TOLERANCE = 1e-3, 1e-4
_SHORTER_STEPS = 5
_LONGEST_STEP = 4.0
"""In temperatures. Farther away the curvature is another, and a tight cap's price would overshoot for good."""
_HIGHEST = 1e6
"""In units of prices: where a minimum cannot be met its price would grow without end."""


@dataclass(frozen=True)
class NightPrices:
    """What one more unit of each resource is worth.

    Parameters
    ----------
    price_eur : ndarray of shape (resources,)
        Above 0 for a limit from above, below 0 for a minimum.
    bound_eur : float
        The exact dual at these prices: value that nothing within the limits can exceed.
    temperature_eur : float
        Smoothing at which they were found; 0 where none was needed.
    passes : int
        Passes over all customers that it took.
    """

    price_eur: Floats
    bound_eur: float
    temperature_eur: float
    passes: int


@dataclass(frozen=True)
class _Multipliers:
    """One for each limit that can bind: its resource, its sign in the price, its limit and its unit."""

    resource: Ints
    sign: Floats
    limit: Floats
    unit: Floats

    @classmethod
    def of(cls, night: Night, share: float) -> "_Multipliers":
        most, least = night.menu.most, night.menu.least
        up = np.flatnonzero((night.reach > most) & (most > 0))
        low = np.flatnonzero(least > 0)
        resource = np.concatenate([up, low])
        sign = np.concatenate([np.ones(len(up)), -np.ones(len(low))])
        limit = np.concatenate([most[up], -least[low]]) * share
        unit = np.where(night.menu.in_eur[resource], night.scale_cost, 1.0) if len(resource) else np.empty(0)
        return cls(resource, sign, limit, unit)

    def price(self, multiplier: Floats, resources: int) -> Floats:
        return np.bincount(self.resource, self.sign * multiplier, minlength=resources).astype(np.float64)

    def from_price(self, price_eur: Floats) -> Floats:
        return np.asarray(np.maximum(self.sign * price_eur[self.resource], 0.0), np.float64)


@dataclass(frozen=True)
class _Point:
    """The smoothed dual at some multipliers: value, gradient, and curvature or its diagonal."""

    objective: float
    gradient: Floats
    curvature: Floats


@dataclass(frozen=True)
class _Rows:
    """Customers, all or a sample."""

    night: Night
    sample: Ints | None
    multipliers: _Multipliers

    def __len__(self) -> int:
        return self.night.customers if self.sample is None else len(self.sample)

    @classmethod
    def of(cls, night: Night, sample: Ints | None) -> "_Rows":
        share = 1.0 if sample is None else len(sample) / night.customers
        return cls(night, sample, _Multipliers.of(night, share))


def price_night(night: Night, seed: int) -> NightPrices:
    """Find the prices of a night's resources.

    Parameters
    ----------
    night : Night
        Checked question.
    seed : int
        Seed of the sample that is looked at first.

    References
    ----------
    Nesterov (2005), Smooth minimization of non-smooth functions. Mathematical Programming 103.
    Byrd, Lu, Nocedal and Zhu (1995), A limited memory algorithm for bound constrained optimization. SIAM J. Sci.
    Comput. 16.
    """
    resources = len(night.menu.resources)
    everyone = _Rows.of(night, None)
    free = np.zeros(resources)
    bound = exact_bound(night, free)
    found = everyone.multipliers
    if not len(found.resource) or not night.customers or not (night.gains or night.needed.any()):
        return NightPrices(free, bound, 0.0, 1)
    many = _are_many(night, everyone)
    sampled = _SAMPLE_OF_MANY if many else SAMPLE_ROWS
    few = night.customers <= sampled
    start = everyone
    if not few:
        start = _Rows.of(night, np.sort(np.random.default_rng(seed).choice(night.customers, sampled, replace=False)))
    multiplier = 0.1 * night.scale_eur / found.unit
    multiplier[found.sign < 0] = 0.0
    passes, best = 1, free
    for temperature in _SAMPLE_TEMPERATURES:
        multiplier, used = _descend(
            start, multiplier, temperature * night.scale_eur, _SAMPLE_STEPS, _SAMPLE_TOLERANCE, many
        )
        passes += used if few else 0
    temperatures = _FEW_TEMPERATURES if few else _ALL_TEMPERATURES
    for temperature in temperatures:
        multiplier, used = _descend(
            everyone, multiplier, temperature * night.scale_eur, _ALL_STEPS, _ALL_TOLERANCE, many
        )
        passes += used + 1
        price = found.price(multiplier, resources)
        reached = exact_bound(night, price)
        if reached < bound:
            best, bound = price, reached
    return NightPrices(best, bound, temperatures[-1] * night.scale_eur, passes)


def cool(night: Night, prices: NightPrices) -> NightPrices:
    """Find the prices again at less than a third of the smoothing, starting from those found.

    Ties need it: where many customers are alike, smoothing itself is what keeps the bound from the optimum.

    Parameters
    ----------
    night : Night
        Checked question.
    prices : NightPrices
        Prices found so far, at a temperature > 0.
    """
    everyone = _Rows.of(night, None)
    temperature = 0.3 * prices.temperature_eur
    start = everyone.multipliers.from_price(prices.price_eur)
    multiplier, used = _descend(everyone, start, temperature, _ALL_STEPS, _ALL_TOLERANCE, _are_many(night, everyone))
    price, passes = everyone.multipliers.price(multiplier, len(prices.price_eur)), prices.passes + used + 1
    bound = exact_bound(night, price)
    if bound < prices.bound_eur:
        return NightPrices(price, bound, temperature, passes)
    return NightPrices(prices.price_eur, prices.bound_eur, temperature, passes)


def exact_bound(night: Night, price_eur: Floats) -> float:
    """Return the dual without smoothing, in double precision: no answer within the limits is worth more.

    Parameters
    ----------
    night : Night
        Checked question.
    price_eur : ndarray of shape (resources,)
        Any prices; better prices give a lower bound.
    """
    return limits_at(night.menu, price_eur) + sum(best_surplus(night, rows, price_eur) for rows in night.blocks())


def limits_at(menu: Menu, price_eur: Floats) -> float:
    """Return what all limits are worth at some prices, euro."""
    charged = np.where(price_eur > 0, menu.most, menu.least)[price_eur != 0]
    return float(price_eur[price_eur != 0] @ charged)


def best_surplus(night: Night, rows: slice | Ints, price_eur: Floats) -> float:
    """Return the sum over customers of the best value less price that their contacts allow, in double precision."""
    block = night.block(rows)
    per_eur, per_customer = night.prices_of_arms(price_eur)
    surplus = block.value - per_eur[block.arm] * block.cost - per_customer[block.arm]
    top = np.empty((len(surplus), night.menu.campaigns))
    for g, mine in slots_of(night, block):
        part = surplus[:, mine] if isinstance(mine, slice) or mine.ndim == 1 else np.where(mine, surplus, -np.inf)
        top[:, g] = part.max(axis=1)
    np.maximum(top, 0.0, out=top)
    if top.shape[1] > 1:
        top = -np.sort(-top, axis=1)
        top[np.arange(top.shape[1]) >= block.contacts[:, None]] = 0.0
    return float(top.sum())


def _evaluate(
    rows: _Rows, multiplier: Floats, temperature_eur: float, second: Literal["matrix", "diagonal", "none"]
) -> _Point:
    """Pass once over the customers; with the curvature, its diagonal, or neither."""
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
        return _Point(objective, gradient, diagonal)
    both = np.outer(found.sign, found.sign)
    matrix = both * curvature.of_resources()[np.ix_(found.resource, found.resource)] / temperature_eur
    return _Point(objective, gradient, matrix)


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


def _are_many(night: Night, rows: _Rows) -> bool:
    """Whether the matrix of curvature would be too large, or candidates leave its columns without a common order."""
    few = len(rows.multipliers.resource) <= _MOST_NEWTON and night.menu.campaigns <= _MOST_PAIRED_CAMPAIGNS
    return not (few and isinstance(night.pairs, DensePairs))


def _descend(
    rows: _Rows, multiplier: Floats, temperature_eur: float, steps: int, tolerance: float, many: bool
) -> tuple[Floats, int]:
    """Move multipliers, kept >= 0, until what customers use meets the limits; count the passes."""
    if many:
        return _descend_many(rows, multiplier, temperature_eur, steps)
    found = rows.multipliers
    size = np.maximum(np.abs(found.limit), 1e-12)
    highest = _HIGHEST * rows.night.scale_eur / found.unit
    point, passes = _evaluate(rows, multiplier, temperature_eur, "matrix"), 1
    for _ in range(steps):
        moving = ~((multiplier <= 0) & (point.gradient > 0))
        if not moving.any() or np.abs(point.gradient[moving] / size[moving]).max() < tolerance:
            break
        direction = np.zeros_like(multiplier)
        direction[moving] = -_solve(point.curvature[np.ix_(moving, moving)], point.gradient[moving])
        length = np.abs(direction * found.unit).max() / temperature_eur
        step, moved = min(1.0, _LONGEST_STEP / length) if length > 0 else 1.0, False
        for _ in range(_SHORTER_STEPS):
            tried = np.clip(multiplier + step * direction, 0.0, highest)
            reached = _evaluate(rows, tried, temperature_eur, "matrix")
            passes += 1
            if reached.objective <= point.objective + 1e-9 * abs(point.objective):
                moved = True
                break
            step /= 4
        if not moved:
            break
        gained = point.objective - reached.objective
        multiplier, point = tried, reached
        if gained < 1e-9 * abs(point.objective):
            break
    return multiplier, passes


def _descend_many(rows: _Rows, multiplier: Floats, temperature_eur: float, steps: int) -> tuple[Floats, int]:
    """The same without the matrix, which thousands of multipliers would make too large; each is scaled by its own."""
    from scipy.optimize import minimize  # noqa: PLC0415  a night that Newton prices keeps the memory

    start = _evaluate(rows, multiplier, temperature_eur, "diagonal")
    longest = _LONGEST_STEP * temperature_eur / rows.multipliers.unit
    own = np.maximum(start.curvature, np.abs(start.gradient) / longest)
    scale = 1.0 / np.sqrt(np.maximum(own, 1e-12 * own.max(initial=1.0)))

    def objective(scaled: Floats) -> tuple[float, Floats]:
        point = _evaluate(rows, scaled * scale, temperature_eur, "none")
        return point.objective, point.gradient * scale

    answer = minimize(
        objective,
        multiplier / scale,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, most) for most in _HIGHEST * rows.night.scale_eur / rows.multipliers.unit / scale],
        options={"maxiter": 2 * steps, "maxfun": 3 * steps, "ftol": 1e-9, "gtol": 0.0, "maxcor": 20},
    )
    return np.asarray(answer.x * scale, np.float64), int(answer.nfev) + 1


def _solve(matrix: Floats, gradient: Floats) -> Floats:
    """Solve the Newton system; ties make it singular, so that its diagonal is raised a little."""
    diagonal = np.diag(matrix)
    damped = matrix + np.diag(1e-4 * diagonal + 1e-9 * diagonal.max() + 1e-12)
    return np.asarray(np.linalg.lstsq(damped, gradient, rcond=None)[0], np.float64)
