"""Baselines treat whom they say and keep the budget."""

import numpy as np
import pytest

from jobs.science.uplift.baselines import BEST_ARM, CONSTANT, NOBODY, RANDOM, RESPONSE, baseline_policies
from jobs.science.uplift.policy import choose, spend, treated_share

RESPONSES = np.column_stack([np.zeros(10), np.arange(10.0), np.arange(10.0)[::-1]])


def policies(budget: float | None = None, cost: tuple[float, float] = (1.0, 1.0)) -> dict[str, np.ndarray]:
    effect = np.column_stack([np.r_[np.full(4, 3.0), np.full(6, -1.0)], np.zeros(10)])
    return baseline_policies(choose(effect, cost, budget), RESPONSES, (2.0, 1.5), cost, budget)


def test_nobody_is_nobody_and_the_best_arm_is_for_everyone() -> None:
    made = policies()
    assert treated_share(made[NOBODY]) == 0.0
    assert made[BEST_ARM][:, 1].tolist() == [1.0] * 10
    assert made[CONSTANT][:, 1].tolist() == [1.0] * 10


def test_random_and_response_model_treat_as_many_as_the_learner() -> None:
    made = policies()
    assert treated_share(made[RANDOM]) == pytest.approx(0.4)
    assert made[RANDOM][0].tolist() == pytest.approx([0.6, 0.2, 0.2])
    assert np.flatnonzero(made[RESPONSE][:, 1]).tolist() == [6, 7, 8, 9]


def test_a_constant_effect_below_the_cost_treats_nobody() -> None:
    made = policies(cost=(2.5, 2.5))
    assert treated_share(made[CONSTANT]) == 0.0
    assert treated_share(made[BEST_ARM]) == 1.0


def test_no_baseline_breaks_the_budget() -> None:
    for policy in policies(budget=3.0, cost=(1.0, 2.0)).values():
        assert spend(policy, (1.0, 2.0)) <= 3.0 + 1e-9
        assert policy.sum(axis=1) == pytest.approx(np.ones(10))
