"""Errors of probabilities: slope, bins of equal size, relative error."""

import numpy as np
import pytest

from jobs.science.fraud.calibration_errors import calibration_curve, calibration_slope, equal_bins


def test_curve_holds_every_row_once_in_equal_bins():
    curve = calibration_curve(np.tile([0, 1], 50), np.linspace(0, 1, 100), bins=8)
    assert sum(b.rows for b in curve) == 100
    assert {b.rows for b in curve} == {12, 13}
    assert [b.promised for b in curve] == sorted(b.promised for b in curve)
    assert all(b.happened == pytest.approx(0.5, abs=0.05) for b in curve)


def test_fewer_rows_than_bins_make_fewer_bins():
    assert [b.rows for b in calibration_curve([0, 1], [0.1, 0.9], bins=5)] == [1, 1]
    assert calibration_curve([], [], bins=5) == ()
    assert sorted(np.bincount(equal_bins(np.ones(10), 3))) == [3, 3, 4]


@pytest.mark.parametrize("stretch", [0.5, 1.0, 2.0])
def test_the_slope_is_one_over_what_the_log_odds_were_stretched_by(stretch):
    rng = np.random.default_rng(5)
    margin = rng.normal(-3, 1.5, 40_000)
    labels = rng.random(40_000) < 1 / (1 + np.exp(-margin))
    assert calibration_slope(labels, 1 / (1 + np.exp(-stretch * margin))) == pytest.approx(1 / stretch, rel=0.05)


def test_equal_probabilities_have_no_slope():
    assert calibration_slope([0, 1, 0], [0.3, 0.3, 0.3]) == 0
