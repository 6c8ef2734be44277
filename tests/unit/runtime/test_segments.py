"""Segments as other jobs read them: the newest that were known by a day, by customer or by account."""

from collections.abc import Callable
from datetime import date, timedelta

import pyarrow as pa
import pytest

from jobs.runtime.segments import OLDEST_DAYS, UNKNOWN, nights_before, segments_of
from jobs.runtime.stores import Stores
from jobs.segment_customers import SegmentCustomers, segment_customers
from jobs.tables.outputs import CUSTOMER_SEGMENTS
from tests.trained import DAY, read_input, rows_of, write_input


@pytest.fixture(scope="module")
def segmented(copy_home: Callable[[], Stores]) -> Stores:
    stores = copy_home()
    known = read_input(stores, "customers/part-00000")
    place = known.column_names.index("account_id")
    # The second customer pays by the first one's account.
    accounts = pa.array([None, known["customer_id"][0].as_py(), *[None] * (known.num_rows - 2)], pa.string())
    write_input(stores, "customers/part-00000", known.set_column(place, "account_id", accounts))
    for days in (0, 2):
        segment_customers(SegmentCustomers(DAY + timedelta(days=days)), stores)
    return stores


def _names(stores: Stores, day: date) -> dict[str, str]:
    rows = rows_of(stores, CUSTOMER_SEGMENTS, run_date=day)
    return dict(zip(rows["customer_id"].to_pylist(), rows["segment_name"].to_pylist(), strict=True))


def test_a_customer_has_the_segment_of_the_newest_night_up_to_the_day(segmented: Stores) -> None:
    for day, night in ((DAY, DAY), (DAY + timedelta(days=1), DAY), (DAY + timedelta(days=9), DAY + timedelta(days=2))):
        found = segments_of(segmented, day)
        assert found is not None
        assert found.run_date == night
        names = _names(segmented, night)
        assert found.of(pa.array(list(names))).to_pylist() == list(names.values())


def test_who_was_no_customer_has_no_segment(segmented: Stores) -> None:
    found = segments_of(segmented, DAY)
    assert found is not None
    assert found.of(pa.chunked_array([["nobody"], [None]], pa.string())).to_pylist() == [UNKNOWN, UNKNOWN]


def test_an_account_has_the_segment_of_the_customers_who_pay_by_it(segmented: Stores) -> None:
    found = segments_of(segmented, DAY, by="account_id")
    assert found is not None
    rows = rows_of(segmented, CUSTOMER_SEGMENTS, run_date=DAY)
    assert found.of(rows["account_id"]).to_pylist() == rows["segment_name"].to_pylist()
    assert found.rows.num_rows == rows.num_rows - 1, "two customers share an account"


def test_before_the_first_night_and_long_after_the_last_there_are_none(segmented: Stores) -> None:
    assert segments_of(segmented, DAY - timedelta(days=1)) is None
    assert segments_of(segmented, DAY + timedelta(days=OLDEST_DAYS + 3)) is None


def test_a_night_knows_those_before_it_and_not_itself(segmented: Stores) -> None:
    nights = nights_before(segmented, DAY + timedelta(days=2))
    assert [night.run_date for night in nights] == [DAY]
    assert sum(nights[0].sizes.values()) == 4_000
    assert set(_names(segmented, DAY).values()) == set(nights[0].names.values())
