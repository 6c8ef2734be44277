"""Trees that obey sense, stop in time, and isolate a tail."""

import numpy as np

from jobs.science.fraud.booster import PATIENCE, Later, grow

NAMES = ("amount", "partner_fraud_rate_7d", "hour_of_day")


def world(seed, rows=6_000):
    rng = np.random.default_rng(seed)
    matrix = np.column_stack([rng.gamma(2, 30, rows), rng.random(rows), rng.random(rows) * 24]).astype(np.float32)
    # The few highest rates are genuine by chance of this sample: a free tree would learn it.
    odds = -4 + 2 * matrix[:, 1] + 4 * (matrix[:, 0] > 220)
    y = rng.random(rows) < 1 / (1 + np.exp(-odds))
    return matrix, y


def test_more_known_fraud_at_a_partner_never_lowers_the_score():
    matrix, y = world(1)
    y = y & ~(matrix[:, 1] > 0.9)
    booster = grow(matrix, y, NAMES, rounds=60)
    rates = np.linspace(0, 1, 201)
    rows = np.column_stack([np.full(201, 50.0), rates, np.full(201, 12.0)])
    assert (np.diff(booster.predict(rows, raw_score=True)) >= 0).all()
    free = grow(matrix, y, ("amount", "something", "hour_of_day"), rounds=60)
    assert (np.diff(free.predict(rows, raw_score=True)) < 0).any(), "without the constraint it would fall"


def test_growing_stops_where_later_days_no_longer_gain():
    booster = grow(*world(1), NAMES, rounds=500, later=Later(*world(2)))
    assert 0 < booster.best_iteration < 500 - PATIENCE
    assert booster.num_trees() < 500
    assert booster.best_score["valid_0"]["average_precision"] > 0.1


def test_the_trees_are_the_same_for_any_number_of_threads():
    one, two = (grow(*world(3), NAMES, rounds=20, threads=n) for n in (1, 2))
    rows = world(4)[0]
    np.testing.assert_array_equal(one.predict(rows, num_threads=1), two.predict(rows, num_threads=1))
