import datetime as dt

import pyarrow as pa
import pytest

from jobs.science.fraud.labels import labels_as_of

DAY = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
ROWS = pa.table({"transaction_id": ["a", "b", "c"], "occurred_at": [DAY, DAY, DAY + dt.timedelta(days=9)]})


def known(reports, days):
    names, frauds, moments = zip(*reports, strict=True) if reports else ((), (), ())
    table = pa.table(
        {
            "transaction_id": pa.array(names, pa.string()),
            "is_fraud": pa.array(frauds, pa.bool_()),
            "reported_at": pa.array(
                [None if d is None else DAY + dt.timedelta(days=d) for d in moments], pa.timestamp("us", "UTC")
            ),
        }
    )
    return labels_as_of(ROWS, table, as_of=DAY + dt.timedelta(days=days), label_delay_days=7)


def test_without_a_report_a_transaction_is_genuine_once_the_delay_has_passed():
    assert known([], 7).matured.tolist() == [True, True, False]
    assert known([], 6.9).matured.tolist() == [False, False, False]
    assert not known([], 20).is_fraud.any()


def test_a_report_counts_from_its_own_moment_early_or_late():
    reports = [("a", True, 2), ("b", True, 12)]
    assert known(reports, 1.9).is_fraud.tolist() == [False, False, False]
    assert known(reports, 2).is_fraud.tolist() == [True, False, False]
    assert known(reports, 12).is_fraud.tolist() == [True, True, False]


@pytest.mark.parametrize("turn", [1, -1])
def test_the_last_report_stands_whatever_order_they_come_in(turn):
    reports = [("a", True, 2), ("a", False, 10), ("a", True, 20)][::turn]
    assert [known(reports, day).is_fraud[0] for day in (1, 2, 10, 20)] == [False, True, False, True]


def test_a_report_without_a_moment_counts_after_the_delay_and_an_unknown_transaction_is_skipped():
    reports = [("c", True, None), ("nobody", True, 1)]
    assert known(reports, 15.9).is_fraud.tolist() == [False, False, False]
    assert known(reports, 16).is_fraud.tolist() == [False, False, True]
