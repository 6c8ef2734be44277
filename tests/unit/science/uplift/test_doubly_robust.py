"""Doubly robust scores are unbiased with the trial's propensities, however poor the response model."""

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.science.uplift.doubly_robust import cross_fitted_response, doubly_robust_scores
from jobs.science.uplift.estimate import mean_estimate


def test_a_perfect_response_model_leaves_its_own_answer() -> None:
    response = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    scores = doubly_robust_scores(np.array([2, 0]), np.array([3.0, 4.0]), np.array([0.2, 0.5]), response)
    assert scores.tolist() == response.tolist()


def cover(trials: int, response_of: str) -> float:
    """Share of trials whose 95% interval holds the true effect; propensities differ from row to row."""
    generator = np.random.default_rng(12)
    inside = 0
    for _ in range(trials):
        x = generator.normal(size=500)
        p = 1.0 / (1.0 + np.exp(-0.7 * x))
        arm = (generator.random(500) < p).astype(np.int64)
        outcome = x + arm * (1.0 + x) + generator.normal(size=500)
        truth: NDArray[np.float64] = np.column_stack([x, 1.0 + 2.0 * x])
        response = {"none": np.zeros((500, 2)), "true": truth, "wrong": truth[:, ::-1]}[response_of]
        scores = doubly_robust_scores(arm, outcome, np.where(arm == 1, p, 1.0 - p), response)
        interval = mean_estimate(scores[:, 1] - scores[:, 0])
        inside += interval.low <= 1.0 <= interval.high
    return inside / trials


@pytest.mark.parametrize("response_of", ["none", "true", "wrong"])
def test_intervals_cover_the_true_effect(response_of: str) -> None:
    assert 0.925 <= cover(800, response_of) <= 0.975


@pytest.mark.long
@pytest.mark.parametrize("response_of", ["none", "true", "wrong"])
def test_intervals_cover_the_true_effect_in_many_trials(response_of: str) -> None:
    assert 0.935 <= cover(10_000, response_of) <= 0.96


def test_no_row_is_predicted_by_a_model_that_saw_its_outcome() -> None:
    # Each outcome is noise: a model that saw it would follow it, one that did not cannot.
    generator = np.random.default_rng(0)
    matrix = np.arange(600, dtype=np.float32).reshape(-1, 1)
    arm = generator.integers(0, 2, 600)
    outcome = 100.0 * generator.normal(size=600)
    outcome[0] = 1e9
    response = cross_fitted_response(matrix, arm, outcome, arms=2, seed=1)
    assert abs(response[0]).max() < 1e3
    assert abs(response[:, arm[0]]).max() > 1e5, "rows of the other half do see it"


def test_an_arm_without_rows_in_a_half_is_predicted_by_zero() -> None:
    matrix = np.arange(200, dtype=np.float32).reshape(-1, 1)
    cluster = np.r_[np.zeros(100, np.int64), np.ones(100, np.int64)]
    arm = cluster.copy()
    response = cross_fitted_response(matrix, arm, np.ones(200), arms=2, cluster=cluster)
    assert response[:100, 0].tolist() == [0.0] * 100
    assert response[:100, 1] == pytest.approx(np.ones(100))
