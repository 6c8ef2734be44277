"""Anybody's rows: right ones come out in the declared form, others are set aside with their reason, never guessed."""

import datetime as dt

import pyarrow as pa
import pytest

from jobs.errors import BadRequest, BadRows, BadSchema
from jobs.science.fraud.intake import TransactionColumns, columns_named, day_of, first_day, last_day, take_in

COLUMNS = TransactionColumns("tx", "card", "shop", "eur", "at", "fraud")
NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


def rows(**changes):
    good = {
        "tx": ["a", "b", "c", "d"], "card": ["1", "2", "1", "2"], "shop": ["x"] * 4, "eur": [10.0, 20.0, 0.0, 5.0],
        "at": [NOON + dt.timedelta(hours=n) for n in (3, 1, 0, 2)], "fraud": [0, 1, 0, 0],
    }  # fmt: skip
    return pa.table({**good, **changes})


def taken(table, columns=COLUMNS):
    return take_in(table, columns, label_delay_days=7, file="f.csv")


def test_rows_come_out_in_the_order_of_time_with_their_labels():
    found = taken(rows())
    assert found.transactions["transaction_id"].to_pylist() == ["c", "b", "d", "a"]
    assert found.is_fraud.tolist() == [False, True, False, False]
    [report] = found.fraud_reports.to_pylist()
    assert report == {"transaction_id": "b", "is_fraud": True, "reported_at": NOON + dt.timedelta(days=7, hours=1)}
    assert day_of(found.known_s)[1] * 86_400 >= found.known_s[1]
    assert (first_day(found), last_day(found)) == (NOON.date(), NOON.date())
    assert (found.rows_in, found.set_aside) == (4, {})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tx": ["a", None, "c", "d"]}, "no id"),
        ({"tx": ["a", " ", "c", "d"]}, "no id"),
        ({"tx": ["a", "a", "c", "d"]}, "an id that stood there before"),
        ({"card": ["1", None, "1", "2"]}, "no customer"),
        ({"shop": ["x", None, "x", "x"]}, "no partner"),
        ({"eur": [10.0, float("nan"), 0.0, 5.0]}, "no amount"),
        ({"eur": ["10", "ten", "0", "5"]}, "no amount"),
        ({"eur": [10.0, -1.0, 0.0, 5.0]}, "a negative amount"),
        ({"eur": [10.0, 1e9, 0.0, 5.0]}, "an amount above 10,000,000"),
        ({"at": ["2026-01-05 12:00:00", "yesterday", "2026-01-05", "2026-01-05T10:00Z"]}, "no time that can be read"),
        ({"fraud": [0, None, 0, 0]}, "no label"),
        ({"fraud": ["no", "maybe", "no", "yes"]}, "no label"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_set_aside_with_its_reason(changes, reason):
    found = taken(rows(**changes))
    assert found.set_aside == {reason: 1}
    assert found.transactions.num_rows == 3
    assert found.transactions.num_rows + sum(found.set_aside.values()) == found.rows_in


def test_a_label_before_its_transaction_is_set_aside_and_a_moment_of_its_own_is_kept():
    known = [None, NOON - dt.timedelta(days=1), None, NOON + dt.timedelta(days=2)]
    table = rows(fraud=[0, 1, 0, 1], known=pa.array(known, pa.timestamp("us", "UTC")))
    found = taken(table, TransactionColumns("tx", "card", "shop", "eur", "at", "fraud", known_at="known"))
    assert found.set_aside == {"a label before its transaction": 1}
    assert found.fraud_reports["reported_at"].to_pylist() == [NOON + dt.timedelta(days=2)]


@pytest.mark.parametrize(
    "at",
    [
        ["2026-01-05 15:00:00", "2026-01-05T13:00:00Z", "2026-01-05 13:00:00+01:00", "2026-01-05 14:00"],
        [int(NOON.timestamp()) + 3600 * n for n in (3, 1, 0, 2)],
        pa.array([NOON.replace(tzinfo=None) + dt.timedelta(hours=n) for n in (3, 1, 0, 2)], pa.timestamp("ns")),
    ],
)
def test_times_are_read_as_text_as_seconds_and_without_a_zone(at):
    assert taken(rows(at=at)).transactions["occurred_at"].to_pylist() == [
        NOON + dt.timedelta(hours=n) for n in range(4)
    ]


def test_whole_numbers_may_be_ids_and_words_may_be_labels():
    found = taken(rows(tx=[4, 3, 2, 1], fraud=["False", "TRUE", "0", "n"]))
    assert found.transactions["transaction_id"].to_pylist() == ["2", "3", "1", "4"]
    assert found.is_fraud.sum() == 1


def test_a_file_without_a_usable_row_or_column_is_refused_in_one_sentence():
    with pytest.raises(BadRows, match=r"none of its 4 rows can be used \(4 no label\)"):
        taken(rows(fraud=["?"] * 4))
    with pytest.raises(BadSchema, match="has no column 'shop' \\(partner\\)"):
        taken(rows().drop_columns(["shop"]))
    with pytest.raises(BadSchema, match="give numbers"):
        taken(rows(eur=[[1.0]] * 4))
    with pytest.raises(BadSchema, match="give timestamps"):
        taken(rows(at=[1.5] * 4))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id=a,customer=b", "does not say which column is the partner"),
        ("id=a,id=b,customer=c", "names id twice"),
        ("id=a,colour=b", "has 'colour=b'"),
        ("id", "has 'id'"),
    ],
)
def test_columns_that_are_not_named_right_are_refused(text, says):
    with pytest.raises(BadRequest, match=says):
        columns_named(text)
