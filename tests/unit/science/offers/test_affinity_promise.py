"""What a promise for offers of a catalogue is worth, in worlds where it is known what affinity does to effects.

The trial drew every offer of the arm alike, so that a customer's effect is the mean of his effects over the arm's
offers. The list gives him the offers he is close to. True effects go by his true taste, of which the night sees only
his purchases.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from jobs.science.offers.affinity import Affinity, AffinityPlan
from jobs.science.offers.menu import Menu, Resource
from jobs.science.offers.pairs import SparsePairs
from jobs.science.offers.solve import solve
from tests.unit.science.offers.purchases import END_S, FIRST_S, Purchases

CUSTOMERS, OFFERS, PARTNERS, CATEGORIES = 1_200, 120, 60, 6
COST_EUR = 0.3


@dataclass(frozen=True)
class Outcome:
    """What a list promised, and what its offers truly bring, euro of effect."""

    promised: float
    true: float


@cache
def taste() -> tuple[np.ndarray, np.ndarray]:
    """Probability that a customer's next purchase is at each partner, and the category of each partner."""
    rng = np.random.default_rng(1)
    category = np.arange(PARTNERS) % CATEGORIES
    of_category = rng.dirichlet(np.full(CATEGORIES, 0.6), CUSTOMERS)
    popular = rng.dirichlet(np.full(PARTNERS // CATEGORIES, 2.0), CATEGORIES)
    within = np.stack([rng.dirichlet(8.0 * popular[c], CUSTOMERS) for c in range(CATEGORIES)], axis=1)
    place = np.arange(PARTNERS) // CATEGORIES
    own = of_category[:, category] * within[:, category, place]
    # A third of what anybody buys is what everybody buys.
    return (2 * own + own.mean(axis=0)) / 3, category


def outcome(true_strength: float, strength: float, purchases_each: float = 12.0) -> Outcome:
    """Allocate by purchases, and count by taste."""
    chance, category = taste()
    rng = np.random.default_rng(2)
    bought = rng.poisson(purchases_each * chance)
    customer, partner = (np.repeat(axis, bought[bought > 0]) for axis in np.nonzero(bought))
    of_partner = np.arange(OFFERS) % PARTNERS
    world = Purchases(customer, partner, np.zeros(OFFERS, np.int64), of_partner, category, np.ones(OFFERS))
    with world.engine() as connection:
        plan = AffinityPlan(FIRST_S, END_S, strength=strength)
        ids = pa.array([f"k{c}" for c in range(CUSTOMERS)])
        found = Affinity(connection, world.offers, {}, plan).candidates(ids)
    effect = rng.normal(0.8, 0.6, CUSTOMERS)
    relative = (chance / chance.mean(axis=0))[:, of_partner] ** true_strength
    true = effect[:, None] * relative / relative.mean(axis=1, keepdims=True)
    times = np.ones(found.offer.shape) if found.times is None else found.times
    value = effect[:, None] * times - COST_EUR
    slots = found.offer.shape[1]
    menu = Menu(
        tuple(f"offer {o}" for o in range(OFFERS)),
        (0,) * OFFERS,
        (
            Resource("budget", "eur", tuple(range(OFFERS)), most=COST_EUR * CUSTOMERS * 0.4),
            *(Resource(f"cap of {o}", "customers", (o,), most=10.0) for o in range(OFFERS)),
        ),
    )
    pairs = SparsePairs(
        np.arange(CUSTOMERS + 1) * slots, found.offer.ravel(), value.ravel(), np.full(value.size, COST_EUR)
    )
    arm = solve(menu, pairs, seed=1).arm[:, 0]
    got = np.flatnonzero(arm >= 0)
    slot = (found.offer[got] == arm[got, None]).argmax(axis=1)
    return Outcome(float((value[got, slot] + COST_EUR).sum()), float(true[got, arm[got]].sum()))


def test_where_affinity_does_nothing_the_promise_is_the_truth() -> None:
    found = outcome(true_strength=0.0, strength=0.0)
    assert found.promised == pytest.approx(found.true, rel=1e-6)


@pytest.mark.long
def test_where_affinity_helps_a_strength_of_0_promises_less_than_comes() -> None:
    found = outcome(true_strength=0.4, strength=0.0)
    assert found.promised < 0.8 * found.true


@pytest.mark.long
def test_where_affinity_hurts_a_strength_of_0_promises_more_than_comes_and_a_negative_one_mends_it() -> None:
    """So the page on campaigns says: customers who would have bought anyway are whom affinity finds."""
    plain, known = outcome(-0.4, 0.0), outcome(-0.4, -0.4)
    assert plain.promised > 1.2 * plain.true
    assert abs(known.promised / known.true - 1) < 0.3 * abs(plain.promised / plain.true - 1)


@pytest.mark.long
def test_the_true_strength_brings_the_promise_near_and_brings_more() -> None:
    plain, known = outcome(0.4, 0.0), outcome(0.4, 0.4)
    assert abs(known.promised / known.true - 1) < 0.5 * abs(plain.promised / plain.true - 1)
    assert known.true > plain.true


@pytest.mark.long
def test_a_strength_that_is_not_there_promises_too_much_by_no_more_than_the_most() -> None:
    found = outcome(true_strength=0.0, strength=0.4)
    assert 1.05 * found.true < found.promised <= 2.0 * found.true
