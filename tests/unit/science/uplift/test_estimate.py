"""Means carry errors that know about clusters."""

import numpy as np
import pytest

from jobs.science.uplift.estimate import Estimate, mean_estimate


def test_the_standard_error_is_the_textbook_one() -> None:
    values = np.random.default_rng(0).normal(size=50)
    estimate = mean_estimate(values)
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(50))
    assert estimate.high - estimate.low == pytest.approx(2 * 1.959963984540054 * estimate.standard_error)


def test_copies_inside_a_cluster_add_no_certainty() -> None:
    values = np.random.default_rng(0).normal(size=50)
    copied = mean_estimate(np.repeat(values, 4), np.repeat(np.arange(50) * 3, 4))
    assert copied.standard_error == pytest.approx(mean_estimate(values).standard_error)


def test_a_whole_list_is_so_many_times_its_mean() -> None:
    assert Estimate(2.0, 0.5).times(10) == Estimate(20.0, 5.0)
