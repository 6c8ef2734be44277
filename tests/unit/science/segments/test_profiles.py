"""A profile is made of all payments of its customers, whatever the batches; an empty segment is left out."""

import numpy as np
import pytest

from jobs.science.segments.profiles import Profiles
from tests.unit.science.segments.payments import of_world

NAMES = {0: "without payments", 1: "odd", 2: "even", 3: "nobody"}


@pytest.fixture(scope="module")
def rows():
    return of_world(7, True)[0]


def _profiles(rows, number, batch):
    profiles = Profiles(NAMES, of_world(7, True)[2])
    for i in range(0, rows.num_rows, batch):
        profiles.add(rows.slice(i, batch), number[i : i + batch])
    return profiles


def test_figures_are_those_of_all_payments_taken_together(rows):
    number = 2 - np.arange(rows.num_rows) % 2
    even = rows.take(np.flatnonzero(number == 2)).to_pydict()
    found = {p.name: p for p in _profiles(rows, number, 10_000).profiles()}["even"]
    payments = sum(even["payments"])
    assert found.customers == len(even["payments"])
    assert found.share == found.customers / rows.num_rows
    assert found.payments_30d == pytest.approx(payments / found.customers / 2)
    assert found.amount_eur == pytest.approx(sum(even["units"]) / payments / 10_000)
    assert found.evening_share == pytest.approx(sum(even["evening"]) / payments)
    assert found.favourite_share == pytest.approx(
        (sum(even["favourite"]) - found.customers) / (payments - found.customers)
    )


def test_batches_change_nothing(rows):
    number = 1 + np.arange(rows.num_rows) % 2
    assert _profiles(rows, number, 10_000).profiles() == _profiles(rows, number, 97).profiles()


def test_a_segment_without_a_customer_is_left_out_and_one_without_payments_has_no_figures(rows):
    import pyarrow as pa

    nothing = pa.Table.from_pylist([dict.fromkeys(rows.column_names)] * 2, schema=rows.schema)
    profiles = _profiles(nothing, np.zeros(2, np.int64), 10)
    [found] = profiles.profiles()
    assert (found.name, found.customers, found.share) == ("without payments", 2, 1.0)
    assert found.payments_30d is found.amount_eur is found.recency_days is found.favourite_share is None
    assert profiles.sizes == {0: 2, 1: 0, 2: 0, 3: 0}
