"""Who gets which offer under one budget and a cap for every arm, with proof of how good the answer is."""

from dataclasses import dataclass
from typing import Literal

import numpy.typing as npt

from jobs.science.offers.dual import Prices, cool, price_limits
from jobs.science.offers.exchange import exchange
from jobs.science.offers.problem import Arms, Bools, Floats, Ints, Problem, state
from jobs.science.offers.rounding import fill, greedy, pick_best, pick_by_chance, repair

_GOOD_GAP = 1e-4
_MOST_COOLINGS = 4
_COOLING_GAIN = 1e-6
_GREEDY_GAP = 1e-3
_FEW_CUSTOMERS = 1_000
_FEW_GAP = 2e-3
_RESTARTS = 40
_RESTART_TEMPERATURES = (0.01, 0.03, 0.1, 0.3)
"""In mean values."""
_GREEDY_PAIRS = 200_000


@dataclass(frozen=True)
class Allocation:
    """Who gets what, and a certificate.

    Parameters
    ----------
    arm : ndarray of shape (n,), int8
        Arm of each customer, -1 for nothing.
    value_eur : float
        Total value of the choices.
    dual_bound_eur : float
        Value that no allocation within the limits can exceed.
    gap : float
        Part of the bound that may still be missing, in [0, 1]: (bound - value) / bound. Loose for a handful of
        customers, because the bound allows fractions of an offer.
    budget_price : float
        Euro of value that one more euro of budget would bring.
    cap_prices_eur : ndarray of shape (k,)
        Euro of value that one more customer in an arm's cap would bring.
    spend_eur : float
        Budget used.
    counts : ndarray of shape (k,)
        Customers of each arm.
    method : {"dual", "greedy"}
        What found the choices: prices, or value per cost where that came out better.
    passes : int
        Passes over all customers to find the prices.
    temperature_eur : float
        Smoothing at which they were found, euro.
    moved : ndarray of shape (n,), bool
        Customers whose arm is not simply the best at these prices: a limit, a lot or an exchange decided.
    """

    arm: Arms
    value_eur: float
    dual_bound_eur: float
    gap: float
    budget_price: float
    cap_prices_eur: Floats
    spend_eur: float
    counts: Ints
    method: Literal["dual", "greedy"]
    passes: int
    temperature_eur: float
    moved: Bools


def allocate(
    value: npt.ArrayLike,
    cost: npt.ArrayLike,
    budget_eur: float,
    caps: npt.ArrayLike | None = None,
    eligible: npt.ArrayLike | None = None,
    *,
    seed: int = 0,
) -> Allocation:
    """Give each customer at most one arm so that the total value is as large as budget and caps allow.

    Prices of budget and caps come from the smoothed Lagrangian dual; every customer then takes the arm with the best
    value less price, what does not fit is taken back, what is left is given out, and the last cents are found by
    exchanges. No limit is ever broken. Where it is cheap, or the gap is not small, value per cost is tried too and the
    better of both is the answer.

    Parameters
    ----------
    value : array-like of shape (n, k)
        Net euro of giving arm j to customer i, all costs and losses already taken off; finite, any sign. A pair of
        value <= 0 is never chosen.
    cost : array-like of shape (n, k) or (k,)
        Euro of budget it takes, >= 0. In float64 cents add up to the budget exactly.
    budget_eur : float
        Most euro that may be spent, >= 0; infinity is no limit.
    caps : array-like of shape (k,), or None
        Most customers an arm may go to, >= 0; None is no limit.
    eligible : array-like of bool of shape (n,) or (n, k), or None
        Customers, or pairs, that are allowed.
    seed : int
        Seed of the sample and of the lot among equals, >= 0.

    Returns
    -------
    Allocation

    Raises
    ------
    BadRows
        If a value is not finite, or a cost is negative or not finite.
    BadRequest
        If a limit is negative or not a number, or shapes do not fit.

    Examples
    --------
    >>> answer = allocate([[3.0, 2.0], [9.0, 1.0], [-1.0, -2.0]], cost=[1.0, 1.0], budget_eur=2.0, caps=[1, 5])
    >>> answer.arm.tolist(), answer.value_eur, answer.spend_eur
    ([1, 0, -1], 11.0, 2.0)
    """
    problem = state(value, cost, budget_eur, caps, eligible)
    prices = price_limits(problem, seed)
    method: Literal["dual", "greedy"] = "dual"
    arm = _round_both(problem, prices, seed)
    for _ in range(_MOST_COOLINGS):
        if prices.temperature_eur == 0 or _gap(problem, prices, arm) <= _GOOD_GAP:
            break
        before, prices = prices.bound_eur, cool(problem, prices)
        arm = _better(problem, arm, _round_both(problem, prices, seed))
        if prices.bound_eur > before * (1 - _COOLING_GAIN):
            break
    if len(problem.value) <= _FEW_CUSTOMERS and _gap(problem, prices, arm) > _FEW_GAP:
        arm = _restart(problem, prices, arm, seed)
    if problem.value.size <= _GREEDY_PAIRS or _gap(problem, prices, arm) > _GREEDY_GAP:
        rival = greedy(problem)
        if problem.value_of_choice(rival) > problem.value_of_choice(arm):
            arm, method = exchange(problem, prices.price, rival, seed), "greedy"
    return Allocation(
        arm=arm,
        value_eur=problem.value_of_choice(arm),
        dual_bound_eur=prices.bound_eur,
        gap=_gap(problem, prices, arm),
        budget_price=float(prices.price[0]),
        cap_prices_eur=prices.price[1:],
        spend_eur=min(problem.spend_of_choice(arm), problem.budget_eur),
        counts=problem.counts_of_choice(arm),
        method=method,
        passes=prices.passes,
        temperature_eur=prices.temperature_eur,
        moved=arm != pick_best(problem, prices.price),
    )


def _round_both(problem: Problem, prices: Prices, seed: int) -> Arms:
    """Round each customer's best choice, and where that leaves a gap a draw from the smoothed policy too."""
    arm = _round(problem, prices, pick_best(problem, prices.price), seed)
    if prices.temperature_eur == 0 or _gap(problem, prices, arm) <= _GOOD_GAP:
        return arm
    drawn = pick_by_chance(problem, prices.price, prices.temperature_eur, seed)
    return _better(problem, arm, _round(problem, prices, drawn, seed))


def _restart(problem: Problem, prices: Prices, arm: Arms, seed: int) -> Arms:
    """Round again from warmer and warmer draws: among few customers a single one may be a hundredth of the whole."""
    for number in range(1, _RESTARTS + 1):
        if prices.temperature_eur == 0 or _gap(problem, prices, arm) <= _FEW_GAP:
            break
        temperature = problem.scale_eur * _RESTART_TEMPERATURES[number % len(_RESTART_TEMPERATURES)]
        drawn = pick_by_chance(problem, prices.price, temperature, seed + number)
        arm = _better(problem, arm, _round(problem, prices, drawn, seed + number))
    return arm


def _round(problem: Problem, prices: Prices, arm: Arms, seed: int) -> Arms:
    """Make choices fit, use what is left, and exchange at the margin."""
    kept = fill(problem, prices.price, repair(problem, prices.price, arm, seed), seed)
    return exchange(problem, prices.price, kept, seed)


def _better(problem: Problem, one: Arms, two: Arms) -> Arms:
    return two if problem.value_of_choice(two) > problem.value_of_choice(one) else one


def _gap(problem: Problem, prices: Prices, arm: Arms) -> float:
    """Part of the bound that the choices may miss, in [0, 1]."""
    if prices.bound_eur <= 0:
        return 0.0
    return max(0.0, 1.0 - problem.value_of_choice(arm) / prices.bound_eur)
