"""The way that is more right on later days is chosen, and fitted on all of them."""

import numpy as np
import pytest

from jobs.science.fraud.calibrate import choose_calibration
from jobs.science.fraud.calibration_errors import calibration_slope


def world(truth, rows=40_000, seed=3):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-3, 1.5, rows)
    return margin, rng.random(rows) < truth(margin), np.sort(rng.integers(0, 14, rows))


def bent(margin):
    """What the model takes for odds of a hundred to one is half fraud, in steps: no smooth curve says so."""
    return np.select([margin < -2, margin < -0.5, margin < 1], [0.004, 0.02, 0.5], 0.5)


def stretched(margin):
    return 1 / (1 + np.exp(-(0.6 * margin - 0.5)))


def test_a_smooth_truth_takes_the_curve_of_three_numbers():
    found = choose_calibration(*world(stretched))
    assert found.method == "beta"
    assert found.log_loss["beta"] < found.log_loss["isotonic"]
    margin, labels, _ = world(stretched, seed=4)
    assert calibration_slope(labels, found.calibration.apply(margin)) == pytest.approx(1, abs=0.08)


def test_a_truth_in_steps_takes_the_steps():
    found = choose_calibration(*world(bent))
    assert found.method == "isotonic"
    assert found.calibration.apply([0.0])[0] == pytest.approx(0.5, abs=0.05)


def test_few_frauds_take_the_curve_of_three_numbers():
    margin, labels, day = world(stretched, rows=250)
    assert 2 < labels[day >= 7].sum() < 20
    assert choose_calibration(margin, labels, day).log_loss == {}
