"""The answer to anybody's allocation: which of the file's pairs, counted again pair by pair."""

from dataclasses import dataclass

import numpy as np

from jobs.errors import BadRequest
from jobs.science.offers.answer import Scarcity
from jobs.science.offers.instance import Instance
from jobs.science.offers.instance_limits import Limits, menu_of, must_be_possible
from jobs.science.offers.problem import Floats, Ints
from jobs.science.offers.rounding import BUDGET_ROUNDING
from jobs.science.offers.solve import solve

MOST_SEVERAL = 64
"""Offers beyond which a customer can get one only: each offer is then a campaign of its own to the solver."""


@dataclass(frozen=True)
class Choice:
    """Which pairs were chosen, and the certificate.

    Parameters
    ----------
    pair : ndarray of shape (m,)
        Places of the chosen pairs in the instance.
    value_eur, spend_eur : float
        Their value and cost together, in double precision.
    dual_bound_eur : float
        Value that no choice within the limits can exceed.
    gap : float
        Part of the bound that may still be missing, in [0, 1].
    counts : ndarray of shape (k,)
        Customers of each offer.
    value_of_offer, spend_of_offer : ndarray of shape (k,)
        Euro by offer.
    resources : tuple of Scarcity
        Use and price of the budget, then of every offer with a limit of its own.
    method : str
        What found the choice: dual, greedy or exact.
    feasible : bool
        Whether every limit holds, counted again from the file's own numbers.
    """

    pair: Ints
    value_eur: float
    spend_eur: float
    dual_bound_eur: float
    gap: float
    counts: Ints
    value_of_offer: Floats
    spend_of_offer: Floats
    resources: tuple[Scarcity, ...]
    method: str
    feasible: bool


def choose(instance: Instance, limits: Limits, *, seed: int = 0, exact_s: float = 0.0) -> Choice:
    """Choose offers within the limits so that their value is as large as can be.

    Parameters
    ----------
    instance : Instance
        Checked pairs.
    limits : Limits
        Budget, caps, minimums, offers a customer.
    seed : int
        Seed of the sample and of the lot among equals, >= 0.
    exact_s : float
        Seconds that HiGHS may take for the whole problem, of at most 2,000 customers; 0 leaves it out.

    Raises
    ------
    BadRequest
        If the limits cannot be kept, or several offers a customer are asked for out of too many.
    """
    if limits.most_offers > 1 and len(instance.offers) > MOST_SEVERAL:
        raise BadRequest(
            f"{limits.most_offers} offers a customer out of {len(instance.offers):,}: more than one each can be chosen "
            f"out of {MOST_SEVERAL} offers at most, leave offers out or give one each."
        )
    must_be_possible(instance, limits)
    pairs = instance.pairs(limits.most_offers)
    answer = solve(menu_of(instance, limits), pairs, seed=seed, exact_s=exact_s)
    customer, campaign = np.nonzero(answer.arm >= 0)
    key = customer * len(instance.offers) + answer.arm[customer, campaign]
    pair = np.searchsorted(instance.customer * len(instance.offers) + instance.offer, np.sort(key))
    value = float(instance.value[pair].sum())
    bound = answer.dual_bound_eur + _rounding(instance, limits) * limits.most_offers
    if 0 < value - bound <= BUDGET_ROUNDING * abs(value):
        bound = value  # two sums of the same numbers in another order
    k = len(instance.offers)
    return Choice(
        pair=pair,
        value_eur=value,
        spend_eur=float(instance.cost[pair].sum()),
        dual_bound_eur=bound,
        gap=min(1.0, max(0.0, (bound - value) / abs(bound))) if bound else 0.0,
        counts=np.bincount(instance.offer[pair], minlength=k).astype(np.int64),
        value_of_offer=np.bincount(instance.offer[pair], instance.value[pair], minlength=k).astype(np.float64),
        spend_of_offer=np.bincount(instance.offer[pair], instance.cost[pair], minlength=k).astype(np.float64),
        resources=answer.resources,
        method=answer.method,
        feasible=holds(instance, limits, pair),
    )


def holds(instance: Instance, limits: Limits, pair: Ints) -> bool:
    """Return whether chosen pairs keep every limit: none twice, budget, caps, minimums, offers a customer."""
    counts = np.bincount(instance.offer[pair], minlength=len(instance.offers))
    each = np.bincount(instance.customer[pair], minlength=1)
    return bool(
        len(np.unique(pair)) == len(pair)
        and instance.cost[pair].sum() <= limits.budget_eur * (1 + BUDGET_ROUNDING)
        and (counts <= limits.caps).all()
        and (counts >= limits.minimums).all()
        and each.max() <= limits.most_offers
    )


def _rounding(instance: Instance, limits: Limits) -> float:
    """Return by how much the solver's single precision can lower the bound: each customer's largest rounding, euro."""
    off = np.abs(instance.value - instance.value.astype(np.float32))
    useful = (instance.value > 0) | (limits.minimums[instance.offer] > 0)
    off[~useful | (instance.cost > limits.budget_eur)] = 0.0
    return float(np.maximum.reduceat(off, instance.first[:-1]).sum())
