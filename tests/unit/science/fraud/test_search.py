"""A search never ends below the default parameters, stops at its cap or its time, and repeats itself."""

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.fraud.booster import PARAMETERS, Later
from jobs.science.fraud.search import SEARCHED, search_parameters

NAMES = ("amount", "partner_fraud_rate_7d")


def world(seed, rows=3_000):
    rng = np.random.default_rng(seed)
    matrix = rng.random((rows, 2)).astype(np.float32)
    return matrix, (rng.random(rows) < 0.02 + 0.3 * (matrix[:, 0] * matrix[:, 1] > 0.5)).astype(np.float64)


def search(**changes):
    asked = {"trials": 4, "limit_s": 60.0, "rounds": 30, "seed": 5, **changes}
    return search_parameters(*world(1), NAMES, Later(*world(2)), **asked)


def test_it_is_at_least_as_good_as_the_default_and_the_same_every_time():
    found = search()
    assert found.average_precision >= found.average_precision_of_default > 0.05
    assert set(found.parameters) == set(SEARCHED)
    assert 1 <= found.rounds <= 30
    assert (found.trials, found.stopped_by) == (4, "cap")
    assert search() == found


def test_one_trial_is_the_default():
    found = search(trials=1)
    assert found.parameters == {name: PARAMETERS[name] for name in SEARCHED}
    assert found.average_precision == found.average_precision_of_default


def test_time_ends_it_before_the_cap_and_it_says_so():
    found = search(trials=10_000, limit_s=0.3)
    assert 1 <= found.trials < 10_000
    assert found.stopped_by == "time"


@pytest.mark.parametrize("bad", [{"trials": 0}, {"limit_s": 0.0}])
def test_no_room_for_a_trial_is_refused(bad):
    with pytest.raises(BadRequest, match="give at least 1 trial"):
        search(**bad)
