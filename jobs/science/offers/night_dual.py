"""Prices of a night's resources: its Lagrangian dual, smoothed, by damped Newton steps or, for thousands, L-BFGS.

At given prices every customer takes the best offers that his contacts allow, and prices are right when what customers
take just fits. A resource's limits have a multiplier each, >= 0: one that charges for what there is most of, one that
pays towards what there must be least of; the price is the difference.
"""

from dataclasses import dataclass

import numpy as np

from jobs.science.offers.menu import Menu
from jobs.science.offers.night import Night
from jobs.science.offers.pairs import DensePairs
from jobs.science.offers.problem import Floats, Ints
from jobs.science.offers.smoothed import slots_of
from jobs.science.offers.smoothed_dual import Rows, evaluate

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
    everyone = Rows.of(night, None)
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
        start = Rows.of(night, np.sort(np.random.default_rng(seed).choice(night.customers, sampled, replace=False)))
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
    everyone = Rows.of(night, None)
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


def _are_many(night: Night, rows: Rows) -> bool:
    """Whether the matrix of curvature would be too large, or candidates leave its columns without a common order."""
    few = len(rows.multipliers.resource) <= _MOST_NEWTON and night.menu.campaigns <= _MOST_PAIRED_CAMPAIGNS
    return not (few and isinstance(night.pairs, DensePairs))


def _descend(
    rows: Rows, multiplier: Floats, temperature_eur: float, steps: int, tolerance: float, many: bool
) -> tuple[Floats, int]:
    """Move multipliers, kept >= 0, until what customers use meets the limits; count the passes."""
    if many:
        return _descend_many(rows, multiplier, temperature_eur, steps)
    found = rows.multipliers
    size = np.maximum(np.abs(found.limit), 1e-12)
    highest = _HIGHEST * rows.night.scale_eur / found.unit
    point, passes = evaluate(rows, multiplier, temperature_eur, "matrix"), 1
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
            reached = evaluate(rows, tried, temperature_eur, "matrix")
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


def _descend_many(rows: Rows, multiplier: Floats, temperature_eur: float, steps: int) -> tuple[Floats, int]:
    """The same without the matrix, which thousands of multipliers would make too large; each is scaled by its own."""
    from scipy.optimize import minimize  # noqa: PLC0415  a night that Newton prices keeps the memory

    start = evaluate(rows, multiplier, temperature_eur, "diagonal")
    longest = _LONGEST_STEP * temperature_eur / rows.multipliers.unit
    own = np.maximum(start.curvature, np.abs(start.gradient) / longest)
    scale = 1.0 / np.sqrt(np.maximum(own, 1e-12 * own.max(initial=1.0)))

    def objective(scaled: Floats) -> tuple[float, Floats]:
        point = evaluate(rows, scaled * scale, temperature_eur, "none")
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
