"""An allocation breaks no limit, beats greedy, comes near the optimum and certifies how near."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import BadRequest, BadRows
from jobs.science.offers.allocate import allocate
from tests.unit.science.offers.instances import (
    KINDS,
    assert_feasible,
    best_by_highs,
    greedy_by_sorting,
    instances,
    make,
    value_of,
)


def answer(instance, seed=0):
    return allocate(instance.value, instance.cost, instance.budget_eur, instance.caps, instance.eligible, seed=seed)


@given(instance=instances(), seed=st.integers(0, 5))
@settings(max_examples=250, deadline=None)
def test_every_answer_is_feasible_no_worse_than_greedy_and_under_its_bound(instance, seed):
    found = answer(instance, seed)
    assert_feasible(instance, found.arm)
    assert found.value_eur == pytest.approx(value_of(instance, found.arm))
    rival = value_of(instance, greedy_by_sorting(instance))
    assert found.value_eur >= rival * (1 - 1e-9)
    assert found.value_eur <= found.dual_bound_eur * (1 + 1e-9) + 1e-9
    assert 0 <= found.gap <= 1


@pytest.mark.long
@given(instance=instances(most_customers=400, most_arms=10), seed=st.integers(0, 5))
@settings(max_examples=2_000, deadline=None)
def test_thousands_of_instances_are_feasible_and_no_worse_than_greedy(instance, seed):
    found = answer(instance, seed)
    assert_feasible(instance, found.arm)
    assert found.value_eur >= value_of(instance, greedy_by_sorting(instance)) * (1 - 1e-9)
    assert found.value_eur <= found.dual_bound_eur * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "negative"])
def test_200_customers_come_within_a_hundredth_of_the_exact_optimum(kind):
    for seed in range(2):
        instance = make(kind, 200, 5, seed, budget_share=0.3 + 0.2 * seed)
        best = best_by_highs(instance)
        assert answer(instance).value_eur >= 0.99 * best, seed


@pytest.mark.long
@given(
    kind=st.sampled_from([k for k in KINDS if k != "negative"]),
    seed=st.integers(0, 10_000),
    k=st.integers(1, 10),
    budget_share=st.sampled_from([0.05, 0.3, 0.8]),
    cap_share=st.sampled_from([0.05, 0.15, 0.5]),
    masked=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_200_customers_of_any_kind_come_within_a_hundredth(kind, seed, k, budget_share, cap_share, masked):
    instance = make(kind, 200, k, seed, budget_share, cap_share, masked)
    assert answer(instance).value_eur >= 0.99 * best_by_highs(instance)


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "negative"])
def test_the_gap_at_5000_customers_is_a_thousandth_at_most(kind):
    instance = make(kind, 5_000, 8, seed=4)
    found = answer(instance)
    assert_feasible(instance, found.arm)
    assert found.gap <= 1e-3


def test_the_bound_is_the_linear_optimum():
    """At 1,000 customers the dual bound exceeds HiGHS's linear optimum by less than two in ten thousand."""
    instance = make("plain", 1_000, 5, seed=2)
    linear = best_by_highs(instance, whole=False)
    assert linear * (1 - 1e-6) <= answer(instance).dual_bound_eur <= linear * (1 + 2e-4)


def test_a_sample_prices_a_large_night():
    """At 60,000 customers, more than the sample, the gap is below two in ten thousand and both kinds of limit bind."""
    instance = make("plain", 60_000, 10, seed=1, cap_share=0.06)
    found = answer(instance)
    assert_feasible(instance, found.arm)
    assert found.gap <= 2e-4
    assert found.budget_price > 0
    assert (found.cap_prices_eur > 0).any()
    assert found.spend_eur > 0.999 * instance.budget_eur


@pytest.mark.long
def test_a_million_customers_are_certified_within_two_in_ten_thousand():
    instance = make("plain", 1_000_000, 10, seed=1, cap_share=0.06)
    found = answer(instance)
    assert_feasible(instance, found.arm)
    assert found.gap <= 1e-4


def test_prices_tell_what_one_more_unit_brings():
    """A tenth of a percent more budget raises the value by the budget price, within a twentieth."""
    instance = make("plain", 20_000, 4, seed=3, cap_share=5.0)
    more = 0.001 * instance.budget_eur
    one = allocate(instance.value, instance.cost, instance.budget_eur, seed=0)
    two = allocate(instance.value, instance.cost, instance.budget_eur + more, seed=0)
    assert two.value_eur - one.value_eur == pytest.approx(one.budget_price * more, rel=0.05)


def test_without_limits_everyone_gets_the_best_arm_and_the_gap_is_zero():
    instance = make("plain", 3_000, 4, seed=6)
    found = allocate(instance.value, instance.cost, float("inf"))
    best = instance.value.argmax(axis=1)
    assert np.array_equal(found.arm, np.where(instance.value.max(axis=1) > 0, best, -1))
    assert found.gap == pytest.approx(0, abs=1e-12)
    assert found.budget_price == 0
    assert (found.cap_prices_eur == 0).all()


def test_nobody_to_ask_is_an_empty_answer():
    found = allocate(np.empty((0, 3), np.float32), [1.0, 1.0, 1.0], 10.0, [1, 1, 1])
    assert found.arm.shape == (0,)
    assert (found.value_eur, found.spend_eur, found.gap, found.counts.tolist()) == (0.0, 0.0, 0.0, [0, 0, 0])


def test_one_customer_gets_the_best_arm_that_fits():
    found = allocate([[5.0, 9.0, 7.0]], [1.0, 4.0, 2.0], 3.0)
    assert found.arm.tolist() == [2]


def test_a_budget_of_zero_buys_only_what_is_free():
    found = allocate([[5.0, 1.0], [3.0, -1.0]], [1.0, 0.0], 0.0)
    assert found.arm.tolist() == [1, -1]
    assert found.spend_eur == 0


def test_offers_that_all_lose_money_are_given_to_nobody():
    found = allocate(np.full((50, 3), -1.0), [1.0, 1.0, 1.0], 100.0)
    assert (found.arm == -1).all()
    assert found.dual_bound_eur == 0


def test_a_mask_of_customers_keeps_them_out():
    keep = np.arange(100) % 2 == 0
    found = allocate(np.ones((100, 2)), [1.0, 1.0], 1e6, eligible=keep)
    assert np.array_equal(found.arm >= 0, keep)


def test_equals_are_chosen_by_lot_that_the_seed_decides():
    """With everybody alike the seed says who is served, and it is not simply the first in the file."""
    value = np.full((1_000, 1), 2.0)
    one, again, other = (allocate(value, [0.5], 100.0, seed=s).arm for s in (1, 1, 2))
    assert np.array_equal(one, again)
    assert (one >= 0).sum() == (other >= 0).sum() == 200
    assert not np.array_equal(one, other)
    assert 60 < (one[:500] >= 0).sum() < 140


def test_cents_add_up_to_the_whole_budget():
    """Ten thousand contacts of five cents fit five hundred euro exactly."""
    found = allocate(np.ones((20_000, 1)), [0.05], 500.0)
    assert found.counts.tolist() == [10_000]
    assert found.spend_eur <= 500.0


def test_the_same_question_has_the_same_answer():
    instance = make("ties", 30_000, 5, seed=8)
    assert np.array_equal(answer(instance, 3).arm, answer(instance, 3).arm)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused_with_its_place(wrong):
    value = np.ones((5, 2))
    value[3, 1] = wrong
    with pytest.raises(BadRows, match="value of customer 3, arm 1"):
        allocate(value, [1.0, 1.0], 1.0)


@pytest.mark.parametrize("wrong", [-0.5, np.nan, np.inf])
def test_a_cost_that_cannot_be_is_refused_with_its_place(wrong):
    cost = np.ones((5, 2))
    cost[4, 0] = wrong
    with pytest.raises(BadRows, match="cost of customer 4, arm 0"):
        allocate(np.ones((5, 2)), cost, 1.0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"budget_eur": -1.0}, "budget_eur == -1.0"),
        ({"budget_eur": float("nan")}, "budget_eur == nan"),
        ({"caps": [1, -2]}, r"caps\[1\] == -2.0"),
        ({"caps": [1]}, "caps has shape"),
        ({"cost": [1.0]}, "cost has shape"),
        ({"value": [1.0, 2.0]}, "value has shape"),
        ({"eligible": [True]}, "eligible has shape"),
    ],
)
def test_a_limit_or_shape_that_cannot_be_is_refused(change, sentence):
    good = {"value": np.ones((3, 2)), "cost": [1.0, 1.0], "budget_eur": 1.0, "caps": [1, 1], "eligible": [True] * 3}
    with pytest.raises(BadRequest, match=sentence):
        allocate(**(good | change))
