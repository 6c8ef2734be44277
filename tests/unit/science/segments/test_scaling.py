"""Features on one scale: the median is 0, extremes are held, what is unknown is in the middle, infinity is refused."""

import numpy as np
import pytest

from jobs.errors import BadRows
from jobs.science.segments.scaling import FURTHEST, Scaling


def test_a_standard_normal_feature_stays_about_as_it_is():
    x = np.random.default_rng(1).normal(size=(20_000, 1))
    scaled = Scaling.fit(x * 7 + 3, ("f",)).transform(x * 7 + 3)
    assert abs(np.median(scaled)) < 0.01
    assert scaled.std() == pytest.approx(1.0, abs=0.03)


def test_a_few_extremes_do_not_widen_the_scale_and_are_held():
    x = np.concatenate([np.arange(100.0), [1e9]])[:, None]
    scaling = Scaling.fit(x, ("f",))
    assert scaling.spread[0] < 50
    assert scaling.transform(x)[-1, 0] == FURTHEST


def test_a_constant_feature_tells_nobody_apart_and_is_named():
    x = np.array([[1.0, 0.1 + 0.2], [2.0, 0.3], [3.0, 0.3], [4.0, 0.3]])
    scaling = Scaling.fit(x[:, :], ("age", "same"))
    assert scaling.constant == ("same",), "the last digit of a sum is no difference"
    assert (scaling.transform([[9.0, 5.0]])[:, 1] == 0).all()


def test_a_feature_that_is_not_known_of_a_customer_is_the_median_and_of_nobody_is_constant():
    x = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, np.nan], [5.0, np.nan]])
    scaling = Scaling.fit(x, ("age", "never"))
    assert scaling.median.tolist() == [2.0, 0.0]
    assert scaling.constant == ("never",)
    assert scaling.transform(x)[2].tolist() == [0.0, 0.0]


def test_a_segment_of_four_in_ten_customers_still_stands_out():
    r = np.random.default_rng(3)
    x = np.concatenate([r.normal(0, 1, 600), r.normal(20, 1, 400)])[:, None]
    scaled = Scaling.fit(x, ("f",)).transform(x)[:, 0]
    assert scaled[600:].mean() - scaled[:600].mean() > 1.9, "between quartiles it would be 1.3"


def test_more_than_half_alike_is_not_constant():
    x = np.array([0.0] * 90 + [1.0] * 10)[:, None]
    assert Scaling.fit(x, ("f",)).constant == ()


def test_an_infinite_value_is_named():
    with pytest.raises(BadRows, match="feature money of customer number 1 is infinite"):
        Scaling.fit([[1.0, 2.0], [1.0, np.inf]], ("age", "money"))


def test_it_is_read_back_as_it_was():
    scaling = Scaling.fit(np.random.default_rng(2).normal(size=(50, 2)), ("a", "b"))
    again = Scaling.from_dict(scaling.to_dict())
    assert np.array_equal(again.median, scaling.median)
    assert np.array_equal(again.spread, scaling.spread)
