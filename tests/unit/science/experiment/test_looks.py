"""A look before the end finds what its always-valid interval lets it, as often as the plan says."""

import math

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.experiment.always_valid import AlwaysValid
from jobs.science.experiment.estimates import effect
from jobs.science.experiment.looks import planned_looks
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Moments
from jobs.science.experiment.power import Baseline, Design, minimum_detectable_effect

KNOWN, DESIGN = Baseline(10.0, 4.0), Design((0.6, 0.4))


def test_the_last_look_is_the_fixed_horizon_and_one_look_is_only_that() -> None:
    looks = planned_looks(4, 2000, KNOWN, DESIGN)
    assert [look.fraction for look in looks] == [0.25, 0.5, 0.75, 1.0]
    assert [look.is_final for look in looks] == [False, False, False, True]
    assert looks[-1].minimum_effect == minimum_detectable_effect(2000, KNOWN, DESIGN)
    assert planned_looks(1, 2000, KNOWN, DESIGN) == (looks[-1],)
    assert [look.width for look in looks] == sorted((look.width for look in looks), reverse=True)


def test_the_smallest_effect_of_a_look_is_its_reach_and_the_power_in_standard_errors() -> None:
    half = planned_looks(2, 2000, KNOWN, DESIGN)[0]
    error = math.sqrt(4.0 / 600 + 4.0 / 400)
    reach = AlwaysValid(0.5, 0.05).reach(0.05, 998)
    assert half.minimum_effect == pytest.approx((reach + 0.8416212335729143) * error, rel=1e-6)


def test_a_look_finds_its_smallest_effect_as_often_as_stated() -> None:
    generator = np.random.default_rng(5)
    half = planned_looks(2, 2000, KNOWN, DESIGN)[0]
    metric, found = Metric("m", "mean", "y"), 0
    for _ in range(1000):
        control = generator.normal(10.0, 2.0, (600, 1))
        treated = generator.normal(10.0 + half.minimum_effect, 2.0, (400, 1))
        arms = [Moments.of_rows(["y"], rows) for rows in (control, treated)]
        found += effect(metric, *arms, reach=AlwaysValid(0.5)).p_value < 0.05
    assert 0.76 < found / 1000 < 0.84


def test_looks_that_cannot_be_are_refused() -> None:
    for looks in (0, 1001):
        with pytest.raises(BadRequest, match="must be from 1 to 1000"):
            planned_looks(looks, 2000, KNOWN, DESIGN)
    with pytest.raises(BadRequest, match="three units"):
        planned_looks(1000, 2000, KNOWN, DESIGN)
