"""Features of customers: logarithms of amounts, shares that few payments do not throw about, nothing of nothing."""

import numpy as np
import pyarrow as pa
import pytest

from jobs.science.fraud.engine import DAY_S
from jobs.science.segments.measures import FEATURES, Steadying, measures
from tests.unit.science.segments.payments import WINDOW

ROWS = pa.table(
    {
        "payments": pa.array([1, 100, None], pa.int64()),
        "last_s": pa.array([WINDOW.end_s - 3 * DAY_S, WINDOW.end_s - 1, None], pa.int64()),
        "units": pa.array([250_000, 10_000_000, None], pa.int64()),
        "evening": pa.array([1, 20, None], pa.int64()),
        "weekend": pa.array([0, 30, None], pa.int64()),
        "favourite": pa.array([1, 100, None], pa.int64()),
        "recent": pa.array([1, 50, None], pa.int64()),
    }
)


def _of(row: int) -> dict[str, float]:
    return dict(zip(FEATURES, measures(ROWS, WINDOW, Steadying.fit(ROWS))[row], strict=True))


def test_recency_frequency_and_money_are_logarithms():
    one = _of(0)
    assert one["recency"] == pytest.approx(np.log1p(3.0))
    assert one["frequency"] == pytest.approx(np.log(1 * 30 / 10))
    assert one["money"] == pytest.approx(np.log1p(25.0))


def test_a_share_of_one_payment_stays_near_that_of_all_and_one_of_many_is_the_customers_own():
    of_all = 21 / 101
    assert Steadying.fit(ROWS).shares["evening"] == pytest.approx(of_all, abs=1e-6)
    assert of_all < _of(0)["evening_share"] < 0.5
    assert _of(1)["evening_share"] == pytest.approx(0.2, abs=0.01)


def test_the_first_payment_says_nothing_of_a_favourite():
    assert np.isnan(_of(0)["favourite_share"])
    assert _of(1)["favourite_share"] == pytest.approx(1.0)


def test_who_paid_nothing_has_no_features():
    assert np.isnan(list(_of(2).values())).all()


def test_where_nobody_paid_twice_the_share_at_the_favourite_is_no_number_of_anybody():
    assert np.isnan(measures(ROWS.slice(0, 1), WINDOW, Steadying.fit(ROWS.slice(0, 1)))[0, 5])
