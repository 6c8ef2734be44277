"""Prices of a night bound what any answer can be worth, and customers at them take what there is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.science.offers.menu import Menu, Resource
from jobs.science.offers.night import ask, surplus_of
from jobs.science.offers.night_dual import cool, exact_bound, price_night
from jobs.science.offers.pairs import DensePairs
from jobs.science.offers.smoothed import chances, smooth
from tests.unit.science.offers.nights import Asked, best_by_highs, greedy_by_walking, night, nights, value_of


@given(asked=nights(least=False), price=st.floats(0, 10), listed=st.booleans())
@settings(max_examples=30, deadline=None)
def test_the_dual_at_any_prices_is_above_every_answer(asked, price, listed):
    prices = np.full(len(asked.menu.resources), price)
    bound = exact_bound(ask(asked.menu, asked.pairs(listed)), prices)
    assert bound >= value_of(asked, greedy_by_walking(asked)) * (1 - 1e-9)


@pytest.mark.parametrize("listed", [False, True])
def test_what_customers_take_at_the_prices_meets_the_limits(listed):
    """Expected use is at each limit that has a price, to a few customers: by Newton and without its matrix."""
    asked = night("plain", 2_000, 6, 5, 2, budget_share=2.0, cap_share=0.12, least_share=0.15, short=True)
    asked.value[:, asked.menu.least[-6:] > 0] -= np.float32(3)
    question = ask(asked.menu, asked.pairs(listed))
    found = price_night(question, 0)
    block = question.block(slice(0, 2_000))
    cost = block.cost
    surplus = surplus_of(block, question.prices_of_arms(found.price_eur))
    chance = chances(question, block, smooth(question, block, surplus, found.temperature_eur))
    arm = np.broadcast_to(block.arm, chance.shape).ravel()
    count = np.bincount(arm, chance.ravel(), minlength=6)
    used = question.use_of_arms(count, np.bincount(arm, (chance * cost).ravel(), minlength=6))
    up, low = found.price_eur > 1e-3, found.price_eur < -1e-3
    assert up.sum() >= 3
    assert low.any()
    assert used[up] == pytest.approx(asked.menu.most[up], rel=0.02, abs=5)
    assert used[low] == pytest.approx(asked.menu.least[low], rel=0.02, abs=5)
    assert (used <= asked.menu.most * 1.02 + 5).all()
    assert (used >= asked.menu.least * 0.98 - 5).all()


def test_thousands_of_multipliers_are_priced_without_a_matrix():
    """70 partners' budgets, more than Newton takes: the bound is the linear optimum, within two in a thousand."""
    r = np.random.default_rng(2)
    arms, n = 70, 300
    resources = tuple(Resource(f"partner {j}", "eur", (j,), float(r.uniform(3, 6))) for j in range(arms))
    menu = Menu(tuple(map(str, range(arms))), (0,) * arms, resources)
    asked = Asked(menu, r.normal(1, 2, (n, arms)), r.uniform(0.1, 3, (n, arms)), np.ones((n, arms), bool), None)
    linear = best_by_highs(asked, whole=False)
    found = price_night(ask(menu, asked.pairs()), 0)
    assert (found.price_eur > 0).sum() > 40
    assert linear * (1 - 1e-6) <= found.bound_eur <= linear * (1 + 2e-3)


def test_cooling_lowers_the_bound_where_all_are_alike():
    menu = Menu(("a",), (0,), (Resource("cap", "customers", (0,), 300),))
    question = ask(menu, DensePairs(np.full((1_000, 1), 2.0), [0.0]))
    warm = price_night(question, 0)
    cold = cool(question, warm)
    assert 600 <= cold.bound_eur < warm.bound_eur
    assert cold.temperature_eur < warm.temperature_eur


def test_limits_that_cannot_be_reached_have_no_price():
    resources = (Resource("budget", "eur", (0, 1), 1e9), Resource("cap", "customers", (1,), 900))
    question = ask(Menu(("a", "b"), (0, 1), resources), DensePairs(np.ones((900, 2)), [1.0, 1.0]))
    found = price_night(question, 0)
    assert (found.price_eur == 0).all()
    assert found.bound_eur == 1_800
