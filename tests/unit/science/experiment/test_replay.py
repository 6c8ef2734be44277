"""Replays of history state the true false-positive rate and power, also where the planned reading is wrong."""

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.power import Design, baseline, minimum_detectable_effect
from jobs.science.experiment.replay import aa_replay
from tests.unit.science.experiment.trials import rows

NAMES = ("spend", "orders", "past_orders")


def history(n: int) -> np.ndarray:
    found = rows(n)
    return np.column_stack([found[name].astype(float) for name in NAMES])


@pytest.mark.parametrize(
    "metric",
    [
        Metric("o", "mean", "orders", covariates=("past_orders",), adjustment="cuped"),
        Metric("aov", "ratio", "spend", "orders"),
    ],
    ids=["cuped", "ratio"],
)
def test_a_sound_reading_errs_as_stated_and_has_the_power_that_was_planned(metric: Metric) -> None:
    data = history(2000)
    wanted = minimum_detectable_effect(2000, baseline(metric, Moments.of_rows(NAMES, data)), Design())
    found = aa_replay(metric, NAMES, data, replays=800, added=wanted)
    assert abs(found.false_positive_rate - 0.05) < 3.5 * found.standard_error
    assert found.power is not None
    assert 0.74 < found.power < 0.86


def test_one_customer_who_spends_more_than_all_others_is_shown_by_the_power_that_is_lost() -> None:
    data = np.random.default_rng(1).normal(10.0, 1.0, (300, 1))
    spend = Metric("s", "mean", "spend")
    calm = aa_replay(spend, ("spend",), data, replays=300, added=0.5)
    data[0] = 5000.0
    wild = aa_replay(spend, ("spend",), data, replays=300, added=0.5)
    assert calm.power is not None
    assert wild.power is not None
    assert calm.power > 0.95
    assert wild.power < 0.2


def test_replays_are_the_same_for_a_seed_and_refuse_what_they_cannot_draw() -> None:
    data = history(200)[:, :1]
    spend = Metric("s", "mean", "spend")
    assert aa_replay(spend, ("spend",), data, replays=100) == aa_replay(spend, ("spend",), data, replays=100)
    assert aa_replay(spend, ("spend",), data, replays=100).power is None
    for share, replays in ((0.0, 500), (0.5, 50)):
        with pytest.raises(BadRequest, match="at least 100"):
            aa_replay(spend, ("spend",), data, share=share, replays=replays)
