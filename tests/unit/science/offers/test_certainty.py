"""The interval of an effect holds the truth as often as it says, given the errors of level and slope."""

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.offers.certainty import Certainty


def test_the_interval_covers_the_truth_in_95_of_100_trials():
    """Level and slope as a trial would measure them; the effect of a customer far from the mean one."""
    rng = np.random.default_rng(3)
    level, slope, away = 0.8, 0.6, np.array([-2.0, 0.0, 3.0])
    truth = level + slope * away
    covered = np.zeros(3)
    for _ in range(4_000):
        measured = Certainty(rng.normal(level, 0.3), 0.3, rng.normal(slope, 0.1), 0.1)
        effect = measured.level_eur + measured.slope * away
        covered += np.abs(effect - truth) <= measured.half_width_eur(effect)
    assert covered / 4_000 == pytest.approx([0.95] * 3, abs=0.012)


def test_without_a_slope_only_the_error_of_the_mean_is_left():
    sure = Certainty(1.0, 0.5, 0.0, 0.0)
    assert sure.half_width_eur([1.0, 1.0]).tolist() == pytest.approx([0.98, 0.98], abs=1e-3)


def test_only_an_effect_with_all_of_its_interval_below_zero_is_negative_beyond_doubt():
    sure = Certainty(0.0, 0.5, 0.0, 0.0)
    assert sure.negative_beyond_doubt([-0.97, -0.99, 5.0]).tolist() == [False, True, False]


@pytest.mark.parametrize("wrong", [(np.nan, 0.1, 1.0, 0.1), (0.0, -0.1, 1.0, 0.1), (0.0, 0.1, -1.0, 0.1)])
def test_errors_that_cannot_be_are_refused(wrong):
    with pytest.raises(BadRequest, match="must be finite"):
        Certainty(*wrong)
