"""Moments of shards are the moments of the whole, and keep the variance at a mean of 1e8."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import BadRequest, BadTrial
from jobs.science.experiment.moments import Moments, merged


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 60), min_size=1, max_size=8), st.sampled_from([0.0, 1e8]))
def test_merged_shards_are_the_whole(seed: int, sizes: list[int], mean: float) -> None:
    generator = np.random.default_rng(seed)
    shards = [generator.normal(mean, 1.0, (n, 2)) @ np.array([[1.0, 0.5], [0.0, 1.0]]) for n in sizes]
    whole = Moments.of_rows("ab", np.concatenate(shards))
    found = merged(Moments.of_rows("ab", shard) for shard in shards)
    assert found.count == whole.count
    assert found.mean == pytest.approx(whole.mean, rel=1e-12, abs=1e-12)
    scale = max(1.0, float(np.abs(whole.products).max()))
    assert found.products / scale == pytest.approx(whole.products / scale, abs=1e-12)


def test_a_mean_of_1e8_keeps_its_variance() -> None:
    rows = np.random.default_rng(0).normal(0.0, 1.0, (4000, 1))
    far = merged([Moments.of_rows("a", part + 1e8) for part in np.split(rows, 8)])
    assert far.variance("a") == pytest.approx(rows.var(ddof=1), rel=1e-7)


def test_stored_moments_come_back_digit_by_digit() -> None:
    moments = Moments.of_rows(["a", "b"], np.random.default_rng(1).random((9, 2)))
    moments.products[0, 1] = moments.products[1, 0] = np.nan
    back = Moments.from_json(moments.to_json())
    assert (back.columns, back.count) == (moments.columns, moments.count)
    np.testing.assert_array_equal(back.mean, moments.mean)
    np.testing.assert_array_equal(back.rest, moments.rest)
    np.testing.assert_array_equal(back.products, moments.products)


def test_what_moments_cannot_say_is_refused() -> None:
    one = Moments.of_rows(["a", "b"], np.ones((1, 2)))
    with pytest.raises(BadTrial, match="1 rows have no variance"):
        one.variance("a")
    with pytest.raises(BadRequest, match="'c' is not in"):
        one.of("c")
    with pytest.raises(BadRequest, match="cannot be merged"):
        one.merge(Moments.empty(["b", "a"]))
    with pytest.raises(BadRequest, match="one part at least"):
        merged([])
    two = Moments(("a", "b"), 2, np.zeros(2), np.array([[1.0, np.nan], [np.nan, 1.0]]))
    with pytest.raises(BadRequest, match="was not aggregated"):
        two.covariances(["a", "b"])
