"""Rows on the way in: what is used, what is set aside, what stops a shard."""

import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import BadSchema
from jobs.tables.check import Fault, check, refused
from jobs.tables.inputs import CUSTOMERS, TRANSACTIONS, TRIAL

DAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def transactions(**columns: list) -> pa.Table:
    n = len(next(iter(columns.values()))) if columns else 1
    rows = {
        "transaction_id": [f"t{i}" for i in range(n)],
        "customer_id": ["c1"] * n,
        "partner_id": ["p1"] * n,
        "occurred_at": [NOON] * n,
        "amount_eur": [10.0] * n,
    }
    return pa.table({**rows, **columns})


def checked(rows: pa.Table, table=TRANSACTIONS, **options):
    return check(rows, table, file="f.parquet", run_date=DAY, **options)


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("amount_eur", [5.0, float("nan")], "amount_eur is missing"),
        ("amount_eur", [5.0, None], "amount_eur is missing"),
        ("amount_eur", [5.0, float("inf")], "amount_eur is infinite: inf"),
        ("amount_eur", [5.0, float("-inf")], "amount_eur is infinite: -inf"),
        ("amount_eur", [5.0, -1.0], "amount_eur must be at least 0: -1.0"),
        ("amount_eur", [5.0, 1e308], "amount_eur must be at most 1e+07: 1e+308"),
        ("customer_id", ["c1", ""], "customer_id is empty"),
        ("transaction_id", ["t1", "t1"], "transaction_id stand twice, the first row was kept"),
        ("transaction_id", ["t1", None], "transaction_id is missing"),
        (
            "occurred_at",
            [NOON, datetime(2026, 3, 2, tzinfo=UTC)],
            "occurred_at is after the run's date: 2026-03-02 00:00:00+00:00",
        ),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason_and_as_it_came(column, values, reason):
    result = checked(transactions(**{column: values}))
    assert result.good.num_rows == 1
    [bad] = result.bad
    assert bad.row_number == 1
    assert bad.column == column
    assert bad.reason.startswith(reason)
    assert set(json.loads(bad.raw, parse_constant=pytest.fail)) == set(TRANSACTIONS.names)


def test_good_rows_come_in_the_declared_types_and_order():
    rows = transactions(amount_eur=[1, 2]).select(list(reversed(TRANSACTIONS.names)))
    result = checked(rows)
    assert result.good.schema == TRANSACTIONS.schema
    assert result.bad == ()


def test_a_moment_without_a_zone_is_utc():
    naive = transactions(occurred_at=[NOON.replace(tzinfo=None)])
    assert checked(naive).good["occurred_at"].to_pylist() == [NOON]


def test_a_bad_row_does_not_make_the_good_row_of_its_key_a_duplicate():
    result = checked(transactions(transaction_id=["t1", "t1"], amount_eur=[-1.0, 3.0]))
    assert result.good["amount_eur"].to_pylist() == [3.0]
    assert len(result.bad) == 1


def test_row_numbers_go_on_across_chunks_of_a_file():
    result = checked(transactions(amount_eur=[1.0, -1.0]), first_row=100)
    assert result.bad[0].row_number == 101


def test_a_missing_column_stops_the_shard_and_is_named():
    with pytest.raises(BadSchema, match=r"f.parquet has no column 'amount_eur'.*add the column"):
        checked(transactions().drop_columns(["amount_eur"]))


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("amount_eur", ["1.5", None, "ten", "eleven"], "'ten' in row 102"),
        ("occurred_at", [None, "today"], "'today' in row 101"),
        ("occurred_at", [17], "17 in row 100"),
        ("customer_id", [1.5], "1.5 in row 100"),
        ("customer_id", [["c"] * 99], r"\['c', .*\.\.\. in row 100"),
        ("partner_id", pa.array([None, None], pa.list_(pa.string())), "None in row 100"),
    ],
)
def test_a_wrong_type_stops_the_shard_and_is_named_with_the_first_value(column, values, said):
    with pytest.raises(BadSchema, match=rf"column '{column}': is .* must be .*, and {said} does not convert: write"):
        checked(transactions(**{column: values}), first_row=100)


def test_ids_may_be_whole_numbers_and_become_text():
    assert checked(transactions(customer_id=[42])).good["customer_id"].to_pylist() == ["42"]


def trial(**columns: list) -> pa.Table:
    n = len(next(iter(columns.values())))
    rows = {
        "customer_id": [f"c{i}" for i in range(n)],
        "campaign_id": ["spring"] * n,
        "arm": ["coupon"] * n,
        "propensity": [0.5] * n,
        "net_margin_eur": [1.0] * n,
        "matured_at": [NOON] * n,
    }
    return pa.table({**rows, **columns})


@pytest.mark.parametrize("propensity", [0.0, 1.0, -0.1, 1.5])
def test_a_propensity_of_zero_or_one_is_set_aside(propensity):
    result = checked(trial(propensity=[0.5, propensity]), TRIAL)
    assert [b.column for b in result.bad] == ["propensity"]


def test_an_arm_that_the_campaign_does_not_know_is_set_aside():
    result = checked(trial(arm=["coupon", "voucher"]), TRIAL, allowed={"arm": ["coupon", "none"]})
    assert [b.reason for b in result.bad] == ["arm is none of coupon, none: 'voucher'"]


def test_a_nullable_column_may_be_absent_and_nan_in_it_is_missing():
    from jobs.tables.declare import Column

    table = CUSTOMERS.extended([Column("age", pa.float64(), "years", "age", nullable=True)])
    rows = pa.table({"customer_id": ["a", "b"], "as_of": [NOON, NOON], "consent": [True, False]})
    assert checked(rows, table).good["age"].null_count == 2
    with_nan = rows.append_column("age", pa.array([float("nan"), 3.0]))
    assert checked(with_nan, table).good["age"].to_pylist() == [None, 3.0]


def test_what_a_job_refuses_stands_under_its_number_in_the_file():
    result = checked(transactions(transaction_id=["a", None, "b", "c"]))
    more = refused(result, [Fault(1, "customer_id", "was never assigned")], 0)
    assert more.good["transaction_id"].to_pylist() == ["a", "c"]
    assert [(b.row_number, b.column, b.reason) for b in more.bad] == [
        (1, "transaction_id", "transaction_id is missing"),
        (2, "customer_id", "was never assigned"),
    ]
    assert json.loads(more.bad[1].raw)["transaction_id"] == "b"
    assert refused(result, [], 0) is result


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", "", None]),
            st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
        ),
        max_size=20,
    )
)
def test_rows_in_are_rows_used_plus_rows_set_aside(pairs):
    rows = transactions(
        transaction_id=pa.array([p[0] for p in pairs], pa.string()),
        amount_eur=pa.array([p[1] for p in pairs], pa.float64()),
    )
    result = checked(rows)
    assert result.good.num_rows + len(result.bad) == len(pairs)
    assert len(set(result.good["transaction_id"].to_pylist())) == result.good.num_rows
