"""Three estimates of a policy's value, each with an interval that covers the truth."""

import numpy as np
import pytest

from jobs.science.uplift.doubly_robust import doubly_robust_scores
from jobs.science.uplift.policy_value import PolicyValue, contrast, policy_value

COST = np.array([0.0, 0.3, 0.1])


def one_value(generator: np.random.Generator, rows: int, off: float = 0.5) -> tuple[PolicyValue, float]:
    """Estimate a stochastic policy's value in one drawn trial with unequal propensities; return the truth beside it."""
    x = generator.uniform(size=rows)
    shares = np.array([0.5, 0.3, 0.2])
    arm = generator.choice(3, rows, p=shares)
    mean = np.column_stack([1.0 + x, 1.0 + 2.0 * x, 2.0 + 0.0 * x])
    outcome = mean[np.arange(rows), arm] + generator.normal(size=rows)
    policy = np.column_stack([0.2 * np.ones(rows), 0.8 * x, 0.8 * (1.0 - x)])
    scores = doubly_robust_scores(arm, outcome, shares[arm], mean + off)
    # Truth over the distribution of x: E of sum of policy times (mean - cost), x uniform on [0, 1].
    truth = 0.2 * 1.5 + 0.8 * (0.5 * 0.7 + 2.0 / 3.0) + 0.8 * (0.5 * 1.9)
    value = policy_value(
        "mixed", policy, arm=arm, outcome=outcome, propensity=shares[arm], scores=scores, cost_eur=COST
    )
    return value, truth


def coverage(trials: int) -> dict[str, float]:
    generator = np.random.default_rng(5)
    inside = dict.fromkeys(("ips", "snips", "doubly_robust"), 0)
    for _ in range(trials):
        value, truth = one_value(generator, 400)
        for name in inside:
            interval = getattr(value, name)
            inside[name] += interval.low <= truth <= interval.high
    return {name: hits / trials for name, hits in inside.items()}


def test_intervals_cover_the_truth() -> None:
    for share in coverage(2000).values():
        assert 0.93 <= share <= 0.97


@pytest.mark.long
def test_intervals_cover_the_truth_in_many_trials() -> None:
    for share in coverage(20_000).values():
        assert 0.935 <= share <= 0.96


def test_a_good_response_model_makes_the_narrowest_interval() -> None:
    value, _ = one_value(np.random.default_rng(0), 20_000, off=0.0)
    assert value.doubly_robust.standard_error < min(value.ips.standard_error, value.snips.standard_error)
    assert value.treated_share == pytest.approx(0.8)


def test_the_logging_policy_earned_what_was_earned() -> None:
    generator = np.random.default_rng(0)
    arm = generator.integers(0, 2, 1000)
    outcome = generator.normal(size=1000)
    cost = np.array([0.0, 0.5])
    half = np.full((1000, 2), 0.5)
    value = policy_value(
        "as drawn",
        half,
        arm=arm,
        outcome=outcome,
        propensity=np.full(1000, 0.5),
        scores=np.zeros((1000, 2)),
        cost_eur=cost,
    )
    assert value.ips.value == pytest.approx(np.mean(outcome - cost[arm]))
    assert value.snips.value == pytest.approx(value.ips.value)


def test_a_policy_that_no_row_followed_has_no_certain_snips() -> None:
    nobody = np.tile([1.0, 0.0], (4, 1))
    value = policy_value(
        "nobody",
        nobody,
        arm=np.ones(4, np.int64),
        outcome=np.ones(4),
        propensity=np.full(4, 0.5),
        scores=np.ones((4, 2)),
        cost_eur=np.zeros(2),
    )
    assert value.snips.high == float("inf")


def test_paired_rows_make_a_contrast_surer_than_the_two_values_apart() -> None:
    generator = np.random.default_rng(3)
    scores = 10.0 * generator.normal(size=(1000, 1)) + np.array([0.0, 1.0]) + 0.1 * generator.normal(size=(1000, 2))
    treat, leave = np.tile([0.0, 1.0], (1000, 1)), np.tile([1.0, 0.0], (1000, 1))
    paired = contrast(("all", treat), ("nobody", leave), scores, np.zeros(2))
    assert paired.difference.value == pytest.approx(1.0, abs=0.02)
    assert paired.difference.standard_error < 0.01


def test_a_policy_against_itself_differs_by_nothing_for_certain() -> None:
    policy = np.tile([0.3, 0.7], (10, 1))
    same = contrast(("a", policy), ("b", policy), np.random.default_rng(0).normal(size=(10, 2)), np.zeros(2))
    assert (same.difference.value, same.difference.low) == (0.0, 0.0)
