"""Centres are where customers are, the same on every run; the nearest centre is the nearest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.science.segments.kmeans import fit_centres, nearest, within

FAR = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def test_centres_are_found_where_they_were_planted():
    r = np.random.default_rng(3)
    x = FAR[r.integers(3, size=600)] + r.normal(size=(600, 2))
    centres = fit_centres(x, 3, r)
    assert within(FAR, centres) < 0.1


def test_the_same_seed_gives_the_same_centres_to_the_last_digit():
    x = np.random.default_rng(4).normal(size=(500, 3))
    one, two = (fit_centres(x, 4, np.random.default_rng(9)) for _ in range(2))
    assert np.array_equal(one, two)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_nearest_is_the_smallest_distance(seed, k):
    r = np.random.default_rng(seed)
    x, centres = r.normal(size=(40, 3)), r.normal(size=(k, 3))
    away = np.linalg.norm(x[:, None] - centres[None], axis=2)
    chosen = away[np.arange(40), nearest(x, centres)]
    assert chosen == pytest.approx(away.min(axis=1))


def test_customers_who_are_all_alike_have_centres_all_alike():
    x = np.ones((20, 2))
    assert np.array_equal(fit_centres(x, 3, np.random.default_rng(1)), np.ones((3, 2)))


def test_nobody_has_no_centre():
    assert nearest(np.empty((0, 2)), FAR).tolist() == []
