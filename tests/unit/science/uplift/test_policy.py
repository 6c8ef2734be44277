"""Policies stay within budget and nobody could choose better."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from jobs.science.uplift.policy import affordable_share, choose, one_arm, spend, treated_share


def test_each_gets_the_arm_that_adds_most_net_of_cost_or_none() -> None:
    effect = np.array([[5.0, 4.0], [2.0, 4.0], [0.5, 0.2]])
    assert choose(effect, [2.0, 0.5]).argmax(axis=1).tolist() == [2, 2, 0]
    assert choose(effect, [0.0, 0.5]).argmax(axis=1).tolist() == [1, 2, 1]


def test_ties_share_a_budget_evenly() -> None:
    policy = choose(np.ones((10, 1)), [0.5], budget_eur=2.0)
    assert policy[:, 1] == pytest.approx(np.full(10, 0.4))


def test_free_arms_need_no_budget_and_no_budget_buys_nothing() -> None:
    effect = np.array([[1.0, 3.0], [1.0, 0.5]])
    policy = choose(effect, [0.0, 1.0], budget_eur=0.0)
    assert policy.round(9).tolist() == [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]


@given(
    arrays(np.float64, (8, 2), elements=st.floats(-5, 5).map(lambda v: round(v, 2))),
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=2, max_size=2),
    st.floats(0, 10),
)
def test_no_policy_within_the_budget_is_worth_more(effect: np.ndarray, cost: list[float], budget: float) -> None:
    policy = choose(effect, cost, budget)
    assert policy.sum(axis=1) == pytest.approx(np.ones(8))
    assert (policy >= -1e-12).all()
    assert spend(policy, cost) <= budget + 1e-9
    net = effect - np.array(cost)
    worth = float((policy[:, 1:] * net).sum())
    best = linprog(
        -net.ravel(),
        A_ub=np.vstack([np.kron(np.eye(8), np.ones(2)), np.tile(cost, 8)]),
        b_ub=np.r_[np.ones(8), budget],
    )
    assert worth >= -best.fun - 1e-6


def test_one_arm_reaches_as_many_as_the_budget_pays_for() -> None:
    assert treated_share(one_arm(2, 100, [1.0, 4.0])) == 1.0
    policy = one_arm(2, 100, [1.0, 4.0], budget_eur=100.0)
    assert spend(policy, [1.0, 4.0]) == pytest.approx(100.0)
    assert policy[0].tolist() == [0.75, 0.0, 0.25]
    assert treated_share(one_arm(0, 10, [1.0])) == 0.0
    assert affordable_share(4.0, 1.0) == 0.25
