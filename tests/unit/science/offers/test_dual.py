"""Prices bound what any allocation can be worth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.science.offers.dual import choice_probabilities, exact_dual, price_limits, surplus_of
from jobs.science.offers.problem import state
from tests.unit.science.offers.instances import greedy_by_sorting, instances, make, value_of


@given(instance=instances(), budget_price=st.floats(0, 10), cap_price=st.floats(0, 10))
@settings(max_examples=100, deadline=None)
def test_the_dual_at_any_prices_is_above_every_allocation(instance, budget_price, cap_price):
    problem = state(instance.value, instance.cost, instance.budget_eur, instance.caps, instance.eligible)
    price = np.concatenate([[budget_price], np.full(instance.value.shape[1], cap_price)])
    assert exact_dual(problem, price) >= value_of(instance, greedy_by_sorting(instance)) * (1 - 1e-9)


@given(factor=st.sampled_from([1e-3, 1.0, 1e4]), seed=st.integers(0, 20))
@settings(max_examples=20, deadline=None)
def test_the_unit_of_money_does_not_matter(factor, seed):
    """Values in thousandths or in tens of thousands give the same bound in their unit."""
    one = make("plain", 500, 4, seed)
    small = price_limits(state(one.value, one.cost, one.budget_eur, one.caps), 0)
    large = price_limits(state(one.value * np.float32(factor), one.cost, one.budget_eur, one.caps), 0)
    assert large.bound_eur == pytest.approx(factor * small.bound_eur, rel=1e-3)


def test_what_customers_take_at_the_prices_meets_the_limits():
    """Expected use under the smoothed policy equals each limit that has a price, and stays under the others."""
    instance = make("plain", 8_000, 5, seed=5, cap_share=0.1)
    problem = state(instance.value, instance.cost, instance.budget_eur, instance.caps)
    found = price_limits(problem, 0)
    chance = choice_probabilities(surplus_of(problem, found.price, slice(None)), found.temperature_eur)
    use = np.concatenate([[(chance * instance.cost).sum()], chance.sum(axis=0)])
    priced = found.price > 0
    assert priced.sum() >= 3
    assert use[priced] == pytest.approx(problem.limits[priced], rel=5e-3)
    assert (use <= problem.limits * 1.005 + 1).all()


def test_limits_that_cannot_be_reached_have_no_price():
    instance = make("plain", 1_000, 3, seed=5)
    found = price_limits(state(instance.value, instance.cost, 1e9, [1_000] * 3), 0)
    assert (found.price == 0).all()
