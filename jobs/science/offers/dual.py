"""Prices of scarce budget and caps: the allocation's Lagrangian dual, smoothed, by damped Newton steps.

Every customer takes the arm with the best value less price; prices are right when what customers take just fits.
Smoothing (log-sum-exp at a temperature) makes the dual twice differentiable, so that a handful of passes over the
customers finds the prices: first on a sample, cooling down, then on all.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.science.offers.problem import Float32s, Floats, Problem, block_slices

SAMPLE_ROWS = 20_000

_SAMPLE_TEMPERATURES = (1.0, 0.3, 0.1, 0.03)
_ALL_TEMPERATURES = (0.03, 0.01)
_FEW_TEMPERATURES = (0.03, 0.01, 0.003, 0.001)
_SAMPLE_STEPS, _ALL_STEPS = 20, 6
_SAMPLE_TOLERANCE, _ALL_TOLERANCE = 1e-3, 1e-4
_SHORTER_STEPS = 5
_LONGEST_STEP = 4.0
"""In temperatures. Farther away the curvature is another, and a tight cap's price would overshoot for good."""


@dataclass(frozen=True)
class Prices:
    """What one more unit of each limit is worth.

    Parameters
    ----------
    price : ndarray of shape (1 + k,)
        Euro of value for one more euro of budget, then for one more customer in each arm's cap; >= 0.
    bound_eur : float
        Value that no allocation can exceed: the exact dual at these prices.
    temperature_eur : float
        Smoothing at which they were found.
    passes : int
        Passes over all customers that it took.
    """

    price: Floats
    bound_eur: float
    temperature_eur: float
    passes: int


@dataclass(frozen=True)
class _Point:
    """The smoothed dual at some prices: its value, what customers use of each limit, and its curvature."""

    objective: float
    use: Floats
    hessian: Floats


@dataclass(frozen=True)
class _Rows:
    """Customers, all or a sample, with values where pairs are not allowed at -inf."""

    problem: Problem
    sample: npt.NDArray[np.int64] | None
    share: float

    def __len__(self) -> int:
        """How many customers."""
        return len(self.problem.value) if self.sample is None else len(self.sample)


def price_limits(problem: Problem, seed: int) -> Prices:
    """Find the prices of a problem's budget and caps.

    Parameters
    ----------
    problem : Problem
        Checked values, costs and limits.
    seed : int
        Seed of the sample.

    Returns
    -------
    Prices
        With the bound that certifies how good any allocation is.

    References
    ----------
    Nesterov (2005), Smooth minimization of non-smooth functions. Mathematical Programming 103.
    """
    n = len(problem.value)
    free = np.zeros(len(problem.limits))
    if not problem.binding.any() or problem.gains == 0:
        return Prices(free, exact_dual(problem, free), 0.0, 1)
    price = np.where(problem.binding, 0.1 * problem.scale_eur, 0.0)
    price[0] /= problem.scale_cost
    everyone = _Rows(problem, None, 1.0)
    few = n <= SAMPLE_ROWS
    if few:
        start = everyone
    else:
        chosen = np.sort(np.random.default_rng(seed).choice(n, SAMPLE_ROWS, replace=False))
        start = _Rows(problem, chosen, SAMPLE_ROWS / n)
    passes = 0
    for temperature in _SAMPLE_TEMPERATURES:
        price, used = _descend(start, price, temperature * problem.scale_eur, _SAMPLE_STEPS, _SAMPLE_TOLERANCE)
        passes += used if few else 0
    best, bound = free, exact_dual(problem, free)
    temperatures = _FEW_TEMPERATURES if few else _ALL_TEMPERATURES
    for temperature in temperatures:
        price, used = _descend(everyone, price, temperature * problem.scale_eur, _ALL_STEPS, _ALL_TOLERANCE)
        passes += used
        if few or temperature == temperatures[-1]:
            reached = exact_dual(problem, price)
            passes += 1
            if reached < bound:
                best, bound = price, reached
    return Prices(best, bound, temperatures[-1] * problem.scale_eur, passes + 1)


def cool(problem: Problem, prices: Prices) -> Prices:
    """Find the prices again at less than a third of the smoothing, starting from those found.

    Ties need it: where many customers are alike, smoothing itself is what keeps the bound from the optimum.

    Parameters
    ----------
    problem : Problem
        Checked values, costs and limits.
    prices : Prices
        Prices found so far, at a temperature > 0.
    """
    temperature = 0.3 * prices.temperature_eur
    price, used = _descend(_Rows(problem, None, 1.0), prices.price, temperature, _ALL_STEPS, _ALL_TOLERANCE)
    bound, passes = exact_dual(problem, price), prices.passes + used + 1
    if bound < prices.bound_eur:
        return Prices(price, bound, temperature, passes)
    return Prices(prices.price, prices.bound_eur, temperature, passes)


def exact_dual(problem: Problem, price: Floats) -> float:
    """Return the dual without smoothing, in double precision: no allocation is worth more.

    Parameters
    ----------
    problem : Problem
        Checked values, costs and limits.
    price : ndarray of shape (1 + k,)
        Any prices >= 0; better prices give a lower bound.

    Returns
    -------
    float
        Euro.
    """
    total = float(price[price > 0] @ problem.limits[price > 0])
    for rows in problem.blocks():
        surplus = problem.value_of(rows).astype(np.float64)
        surplus -= price[0] * problem.cost[rows]
        surplus -= price[1:]
        total += float(np.maximum(surplus.max(axis=1), 0.0).sum())
    return total


def surplus_of(problem: Problem, price: Floats, rows: slice | npt.NDArray[np.int64]) -> Float32s:
    """Return value less price of each pair of some customers, float32, -inf where a pair is not allowed."""
    surplus = problem.value_of(rows)
    if price[0] > 0:
        surplus -= np.float32(price[0]) * problem.cost[rows].astype(np.float32, copy=False)
    surplus -= price[1:].astype(np.float32)
    return surplus


def choice_probabilities(surplus: Float32s, temperature_eur: float) -> Float32s:
    """Return the smoothed policy: probability of each arm, the rest of 1 being nothing.

    Parameters
    ----------
    surplus : ndarray of shape (n, k)
        Value less price, euro.
    temperature_eur : float
        Smoothing, > 0.

    Examples
    --------
    >>> choice_probabilities(np.zeros((1, 1), np.float32), 1.0)
    array([[0.5]], dtype=float32)
    """
    weight, total, _ = _weights(surplus.copy(), temperature_eur)
    weight /= total[:, None]
    return weight


def _weights(surplus: Float32s, temperature_eur: float) -> tuple[Float32s, Float32s, Float32s]:
    """Return exp((surplus - top) / temperature), their total with doing nothing, and top; `surplus` is overwritten."""
    t = np.float32(temperature_eur)
    top = np.maximum(surplus.max(axis=1), np.float32(0))
    # A surplus far below the top has no weight: its quotient may leave float32's range and its exponential is 0.
    with np.errstate(over="ignore", under="ignore"):
        surplus -= top[:, None]
        surplus /= t
        np.exp(surplus, out=surplus)
        total = surplus.sum(axis=1) + np.exp(-top / t)
    return surplus, total, top


def _evaluate(rows: _Rows, price: Floats, temperature_eur: float) -> _Point:
    """Pass once over the customers."""
    k = rows.problem.value.shape[1]
    objective, use, hessian = 0.0, np.zeros(1 + k), np.zeros((1 + k, 1 + k))
    for part in block_slices(len(rows)):
        where = part if rows.sample is None else rows.sample[part]
        cost = rows.problem.cost[where].astype(np.float32, copy=False)
        chance, total, top = _weights(surplus_of(rows.problem, price, where), temperature_eur)
        objective += float((top + np.float32(temperature_eur) * np.log(total)).sum(dtype=np.float64))
        chance /= total[:, None]
        taken = chance.sum(axis=0, dtype=np.float64)
        use[1:] += taken
        hessian[1:, 1:] += np.diag(taken) - chance.T @ chance
        if price[0] > 0 or rows.problem.binding[0]:
            spend = chance * cost
            of_customer = spend.sum(axis=1)
            use[0] += float(of_customer.sum(dtype=np.float64))
            squares = float(np.vdot(spend, cost)) - float(np.vdot(of_customer, of_customer))
            cross = spend.sum(axis=0, dtype=np.float64) - of_customer @ chance
            hessian[0, 0] += squares
            hessian[0, 1:] += cross
            hessian[1:, 0] += cross
    priced = price > 0
    objective += float(price[priced] @ rows.problem.limits[priced]) * rows.share
    return _Point(objective, use, hessian / temperature_eur)


def _descend(rows: _Rows, price: Floats, temperature_eur: float, steps: int, tolerance: float) -> tuple[Floats, int]:
    """Take damped Newton steps, kept at prices >= 0, until what customers use meets the limits; count the passes."""
    binding = rows.problem.binding
    limits = rows.problem.limits * rows.share
    limits[~binding] = 1.0
    unit = np.concatenate([[rows.problem.scale_cost], np.ones(len(limits) - 1)])
    point, passes = _evaluate(rows, price, temperature_eur), 1
    for _ in range(steps):
        gradient = np.where(binding, limits - point.use, 0.0)
        moving = binding & ~((price <= 0) & (gradient > 0))
        if not moving.any() or np.abs(gradient[moving] / limits[moving]).max() < tolerance:
            break
        direction = np.zeros_like(price)
        direction[moving] = -_solve(point.hessian[np.ix_(moving, moving)], gradient[moving])
        length = np.abs(direction * unit).max() / temperature_eur
        step, moved = min(1.0, _LONGEST_STEP / length) if length > 0 else 1.0, False
        for _ in range(_SHORTER_STEPS):
            tried = np.maximum(price + step * direction, 0.0)
            reached = _evaluate(rows, tried, temperature_eur)
            passes += 1
            if reached.objective <= point.objective + 1e-9 * abs(point.objective):
                moved = True
                break
            step /= 4
        if not moved:
            break
        gained = point.objective - reached.objective
        price, point = tried, reached
        if gained < 1e-9 * abs(point.objective):
            break
    return price, passes


def _solve(hessian: Floats, gradient: Floats) -> Floats:
    """Solve the Newton system; ties make it singular, so that its diagonal is raised a little."""
    diagonal = np.diag(hessian)
    damped = hessian + np.diag(1e-4 * diagonal + 1e-9 * diagonal.max() + 1e-12)
    solution: npt.NDArray[Any] = np.linalg.lstsq(damped, gradient, rcond=None)[0]
    return np.asarray(solution, dtype=np.float64)
