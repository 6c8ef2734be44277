"""The sample-ratio check alarms on broken draws and hardly ever on sound ones."""

import numpy as np
import pytest
from scipy.stats import chisquare, kstest

from jobs.errors import BadTrial
from jobs.science.experiment.sample_ratio import sample_ratio_by_propensity, sample_ratio_by_share


@pytest.mark.parametrize(
    ("counts", "shares"), [([480, 520], None), ([300, 330, 410], [0.3, 0.3, 0.4]), ([90, 10], [9, 1])]
)
def test_it_is_pearsons_test(counts: list[int], shares: list[float] | None) -> None:
    share = np.array(shares or [1] * len(counts), float)
    oracle = chisquare(counts, share / share.sum() * sum(counts))
    result = sample_ratio_by_share(counts, shares)
    assert (result.statistic, result.p_value) == pytest.approx((oracle.statistic, oracle.pvalue), abs=1e-12)
    assert result.degrees == len(counts) - 1
    assert result.expected == pytest.approx(tuple(share / share.sum() * sum(counts)))


def test_a_lost_percent_of_an_arm_is_found() -> None:
    assert sample_ratio_by_share([100_000, 98_500]).mismatch
    assert not sample_ratio_by_share([100_000, 99_700]).mismatch


def test_constant_propensities_are_shares() -> None:
    arm = np.repeat([0, 1], [310, 690])
    propensity = np.where(arm == 0, 0.3, 0.7)
    assert sample_ratio_by_propensity(arm, propensity, 2) == sample_ratio_by_share([310, 690], [0.3, 0.7])


def draw(generator: np.random.Generator, rows: int, drop: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Draw three arms with probabilities that differ from row to row, then lose a share of arm 2."""
    odds = generator.dirichlet([6.0, 4.0, 4.0], rows)
    arm = (generator.random(rows)[:, None] > np.cumsum(odds, axis=1)).sum(axis=1).clip(0, 2)
    kept = (arm != 2) | (generator.random(rows) >= drop)
    propensity = odds[np.arange(rows), arm].clip(1e-3, 1 - 1e-3)
    return arm[kept], propensity[kept]


def test_varying_propensities_give_uniform_p_values_when_the_design_was_followed() -> None:
    generator = np.random.default_rng(0)
    p_values = [sample_ratio_by_propensity(*draw(generator, 3000), 3).p_value for _ in range(400)]
    assert kstest(p_values, "uniform").pvalue > 0.001
    assert np.mean(np.array(p_values) < 0.05) < 0.08


def test_varying_propensities_find_lost_rows() -> None:
    result = sample_ratio_by_propensity(*draw(np.random.default_rng(1), 20_000, drop=0.1), 3)
    assert result.mismatch
    assert result.counts[2] < result.expected[2]


@pytest.mark.parametrize(
    ("counts", "shares", "says"),
    [
        ([100], None, "two arms"),
        ([0, 0], None, "some rows"),
        ([5, 5], [0.5, 0.0], "above 0"),
        ([5, 5], [1.0], "1 shares were given for 2"),
    ],
)
def test_what_cannot_be_checked_is_refused(counts: list[int], shares: list[float] | None, says: str) -> None:
    with pytest.raises(BadTrial, match=says):
        sample_ratio_by_share(counts, shares)


@pytest.mark.parametrize("bad", [0.0, 1.0, float("nan")])
def test_a_propensity_that_is_none_is_named(bad: float) -> None:
    with pytest.raises(BadTrial, match="row 1"):
        sample_ratio_by_propensity(np.array([0, 1]), np.array([0.5, bad]), 2)


def test_an_arm_without_rows_is_refused() -> None:
    with pytest.raises(BadTrial, match=r"\[2, 0\]"):
        sample_ratio_by_propensity(np.array([0, 0]), np.array([0.5, 0.5]), 2)
