"""The calibration slope finds how much of the predicted differences is true."""

from itertools import pairwise

import numpy as np
import pytest

from jobs.science.uplift.calibration import (
    ArmCalibration,
    calibration_slope,
    decile_table,
    promised_effects,
    shrinkage,
)
from jobs.science.uplift.estimate import Estimate


@pytest.mark.parametrize("truth", [0.0, 0.5, 1.0])
def test_the_slope_is_found_within_its_interval(truth: float) -> None:
    generator = np.random.default_rng(4)
    inside = 0
    for _ in range(400):
        effect = generator.normal(size=300)
        score = 2.0 + truth * effect + (1.0 + abs(effect)) * generator.normal(size=300)
        slope = calibration_slope(effect, score)
        inside += slope.low <= truth <= slope.high
    assert 0.91 <= inside / 400 <= 0.98


def test_the_slope_of_a_straight_line_is_exact() -> None:
    effect = np.arange(10.0)
    slope = calibration_slope(effect, 3.0 + 0.25 * effect)
    assert slope.value == pytest.approx(0.25)
    assert slope.standard_error == pytest.approx(0.0, abs=1e-12)


def test_a_constant_prediction_has_slope_zero() -> None:
    assert calibration_slope(np.full(5, 0.1 + 0.2), np.arange(5.0)) == Estimate(0.0, 0.0)


def test_shrinkage_is_the_slope_within_nothing_and_all() -> None:
    assert [shrinkage(Estimate(v, 1.0)) for v in (-0.3, 0.4, 1.7)] == [0.0, 0.4, 1.0]


def test_without_heterogeneity_everyone_gets_the_measured_mean_effect() -> None:
    shrunk = ArmCalibration(center=3.0, level=1.0, slope=0.0).apply(np.array([0.0, 9.0]))
    assert shrunk.tolist() == [1.0, 1.0]


def test_shrunk_effects_have_the_measured_mean() -> None:
    effect = np.random.default_rng(0).normal(size=100)
    shrunk = ArmCalibration(center=float(effect.mean()), level=2.5, slope=0.6).apply(effect)
    assert shrunk.mean() == pytest.approx(2.5)
    assert shrunk.std() == pytest.approx(0.6 * effect.std())


def test_deciles_hold_all_rows_the_highest_predictions_first() -> None:
    effect = np.random.default_rng(0).normal(size=1003)
    deciles = decile_table(effect, 2.0 * effect)
    assert [d.rank for d in deciles] == list(range(1, 11))
    assert sum(d.rows for d in deciles) == 1003
    assert max(d.rows for d in deciles) - min(d.rows for d in deciles) <= 1
    assert all(high.predicted > low.predicted for high, low in pairwise(deciles))
    assert deciles[0].measured.value == pytest.approx(2.0 * deciles[0].predicted)


def test_fewer_rows_than_groups_leave_no_group_empty() -> None:
    assert len(decile_table(np.arange(3.0), np.arange(3.0))) == 3


def test_a_promise_is_never_touched_by_its_own_rows_outcome() -> None:
    generator = np.random.default_rng(0)
    effect, score, other = (generator.normal(size=(n, 2)) for n in (60, 60, 40))
    first = np.arange(60) < 30
    before = promised_effects(effect, score, other, first)
    changed = score.copy()
    changed[7] += 1e6
    after = promised_effects(effect, changed, other, first)
    np.testing.assert_array_equal(after[first], before[first])
    assert (after[~first] != before[~first]).all()


def test_promises_keep_what_is_true_of_the_differences_and_take_the_measured_mean() -> None:
    generator = np.random.default_rng(1)
    truth = generator.normal(1.0, 1.0, (20_000, 1))
    score = truth + generator.normal(0.0, 1.0, truth.shape)
    promised = promised_effects(3.0 * truth + 5.0, score, score[:100], np.arange(20_000) % 2 == 0)
    np.testing.assert_allclose(promised, truth, atol=0.15)
