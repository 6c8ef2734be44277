"""The best single arm is found, and its gain is not flattered by having been chosen."""

import numpy as np
import pytest

from jobs.science.uplift.best_arm import best_single_arm


def test_the_arm_that_adds_most_net_of_cost_is_best() -> None:
    lift = np.tile([2.0, 3.0], (100, 1))
    assert best_single_arm(lift, [0.0, 2.0]).arm == 1
    assert best_single_arm(lift, [0.0, 0.5]).arm == 2


def test_a_budget_can_make_the_cheaper_arm_best() -> None:
    lift = np.tile([2.0, 3.0], (100, 1))
    best = best_single_arm(lift, [0.1, 1.0], budget_each_eur=0.1)
    assert best.arm == 1
    assert best.gain.value == pytest.approx(1.9)


def test_the_best_of_ten_useless_arms_is_not_said_to_gain() -> None:
    # The mean of the arm that looks best is far above 0 in most trials; its honest gain is not.
    generator = np.random.default_rng(0)
    gains, naive = [], []
    for seed in range(300):
        lift = generator.normal(size=(200, 10))
        best = best_single_arm(lift, [0.0] * 10, seed=seed)
        gains.append(best.gain.low > 0.0)
        naive.append(lift.mean(axis=0).max() > 1.96 / np.sqrt(200))
    assert np.mean(gains) <= 0.05
    assert np.mean(naive) > 0.15


def test_a_good_arm_among_useless_ones_is_valued_within_the_interval() -> None:
    generator = np.random.default_rng(1)
    inside = 0
    for seed in range(300):
        lift = generator.normal(size=(400, 4)) + np.array([0.0, 0.5, 0.0, 0.0])
        gain = best_single_arm(lift, [0.0] * 4, seed=seed).gain
        inside += gain.low <= 0.5 <= gain.high
    assert 0.91 <= inside / 300 <= 0.98


def test_rows_of_a_cluster_neither_choose_for_each_other_nor_count_twice() -> None:
    lift = np.random.default_rng(2).normal(size=(100, 3))
    alone = best_single_arm(lift, [0.0] * 3)
    copied = best_single_arm(np.repeat(lift, 5, axis=0), [0.0] * 3, cluster=np.repeat(np.arange(100), 5))
    assert copied.gain.value == pytest.approx(alone.gain.value)
    assert copied.gain.standard_error == pytest.approx(alone.gain.standard_error)
