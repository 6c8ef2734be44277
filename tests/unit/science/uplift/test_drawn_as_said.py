"""Clusters that lie across arms and propensities that do not sum to one are told from what chance brings."""

import numpy as np
import pytest

from jobs.errors import BadTrial
from jobs.science.uplift.drawn_as_said import among_judged, check_propensity_sums, clusters_across

WHERE = "t.csv, column 'home'"


def homes(clusters: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return homes of one size, each drawn whole into one of three arms."""
    cluster = np.repeat(np.arange(clusters), size)
    return np.random.default_rng(seed).integers(0, 3, clusters)[cluster], cluster


def test_whole_clusters_are_nothing_to_look_at() -> None:
    assert clusters_across(*homes(200, 3, 0), WHERE) == ""


def test_a_few_clusters_across_arms_among_whole_ones_are_refused_with_their_number() -> None:
    arm, cluster = homes(200, 3, 0)
    arm[:30:3] = (arm[:30:3] + 1) % 3
    with pytest.raises(BadTrial, match="10 of 200 clusters have rows in more than one arm while the others lie whole"):
        clusters_across(arm, cluster, WHERE)


@pytest.mark.parametrize("size", [2, 3, 10])
def test_rows_drawn_one_by_one_are_told_of_and_never_refused(size: int) -> None:
    for seed in range(40):
        generator = np.random.default_rng(seed)
        cluster = np.repeat(np.arange(150), size)
        arm = generator.choice(3, len(cluster), p=[0.8, 0.1, 0.1])
        assert "drawn row by row" in clusters_across(arm, cluster, WHERE)


def test_clusters_of_one_row_lie_across_nothing() -> None:
    assert clusters_across(np.array([0, 1, 0, 1]), np.arange(4), WHERE) == ""


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return arms drawn with propensities that vary, and the propensity of each."""
    generator = np.random.default_rng(seed)
    treat = generator.choice([0.2, 0.5, 0.7], 3_000)
    arm = (generator.random(3_000) < treat).astype(int)
    return arm, np.where(arm == 1, treat, 1.0 - treat)


def test_propensities_that_are_right_pass_whatever_the_draw() -> None:
    for seed in range(60):
        check_propensity_sums(*drawn(seed), WHERE)


@pytest.mark.parametrize(("factor", "says"), [(0.7, r"sum to about 0\.(69|7|71), not to 1"), (1.3, r"about 1\.3")])
def test_propensities_that_sum_to_less_or_more_than_one_are_refused(factor: float, says: str) -> None:
    arm, propensity = drawn(0)
    with pytest.raises(BadTrial, match=says):
        check_propensity_sums(arm, propensity * factor, WHERE)


def test_of_arms_that_are_left_out_propensities_that_vary_cannot_be_shared() -> None:
    with pytest.raises(BadTrial, match="--arms leaves out other arms"):
        among_judged(np.array([0, 1, 1]), np.array([0.2, 0.3, 0.4]), WHERE)
