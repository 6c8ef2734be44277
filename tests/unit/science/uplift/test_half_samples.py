"""Half samples are halves, the same for the same seed, and their spread is the standard error."""

import numpy as np
import pytest

from jobs.errors import BadTrial
from jobs.science.uplift.half_samples import half_samples, units_of


def test_every_draw_holds_half_of_the_units() -> None:
    assert {int(half.sum()) for half in half_samples(101, resamples=20)} == {50}


def test_the_same_seed_draws_the_same_halves() -> None:
    first = [half.copy() for half in half_samples(40, resamples=5, seed=1)]
    again = [half.copy() for half in half_samples(40, resamples=5, seed=1)]
    other = [half.copy() for half in half_samples(40, resamples=5, seed=2)]
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_spread_of_a_mean_over_halves_is_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=500)
    means = [values[half].mean() for half in half_samples(500, resamples=4000)]
    assert np.std(means, ddof=1) == pytest.approx(values.std(ddof=1) / np.sqrt(500), rel=0.04)


def test_rows_of_a_cluster_are_one_unit_whatever_its_code() -> None:
    assert units_of(4, np.array([90, -3, 90, 5])).tolist() == [2, 0, 2, 1]
    assert units_of(3, None).tolist() == [0, 1, 2]


def test_too_few_units_are_refused() -> None:
    with pytest.raises(BadTrial, match="3 independent rows or clusters"):
        next(half_samples(3))
