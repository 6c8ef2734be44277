"""Whole offers never break a limit, whatever they start from."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.science.offers.problem import state
from jobs.science.offers.rounding import fill, greedy, pick_by_chance, repair, take_in_order
from tests.unit.science.offers.instances import assert_feasible, greedy_by_sorting, instances, make, value_of


def problem_of(instance):
    return state(instance.value, instance.cost, instance.budget_eur, instance.caps, instance.eligible)


@given(instance=instances())
@settings(max_examples=150, deadline=None)
def test_greedy_in_rounds_is_greedy_by_sorting(instance):
    assert np.array_equal(greedy(problem_of(instance)), greedy_by_sorting(instance))


@given(instance=instances(), seed=st.integers(0, 100), price=st.floats(0, 5))
@settings(max_examples=150, deadline=None)
def test_any_choice_is_repaired_and_filled_within_the_limits(instance, seed, price):
    """Start from choices that know no limit and prices that are wrong: the end is feasible, filling only adds."""
    problem = problem_of(instance)
    k = instance.value.shape[1]
    prices = np.full(1 + k, price)
    wild = pick_by_chance(problem, prices, 1.0, seed)
    kept = repair(problem, prices, wild, seed)
    filled = fill(problem, prices, kept, seed)
    assert_feasible(instance, kept)
    assert_feasible(instance, filled)
    assert np.array_equal(filled[kept >= 0], kept[kept >= 0])
    assert value_of(instance, filled) >= value_of(instance, kept)


def test_ties_are_shared_out_as_the_limits_need():
    """Where all pairs are alike the smoothed policy uses each limit about as it should: no arm is swamped."""
    instance = make("all tied", 4_000, 4, seed=1, budget_share=0.5, cap_share=5.0)
    problem = state(instance.value, instance.cost, instance.budget_eur, np.full(4, 500.0))
    prices = np.array([0.0, 2.0, 2.0, 2.0, 2.0])
    counts = np.bincount(pick_by_chance(problem, prices, 0.01, 3) + 1, minlength=5)
    assert (np.abs(counts - 800) < 120).all()


def test_a_pair_that_does_not_fit_leaves_room_for_a_cheaper_one():
    worth, cost = np.array([[3.0], [2.0], [1.0]]), np.array([[5.0], [9.0], [4.0]])
    assert take_in_order(worth, cost, 9.0, np.array([3.0])).tolist() == [0, -1, 0]
