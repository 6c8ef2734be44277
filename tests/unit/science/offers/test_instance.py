"""Anybody's rows become pairs by customer, and a row that cannot be is named."""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import BadRequest, BadRows, BadSchema, NetliftError
from jobs.science.offers.instance import Instance, take_instance
from jobs.science.offers.instance_limits import Limits, menu_of, must_be_possible, read_limit
from jobs.science.offers.pairs import DensePairs, SparsePairs

TODAY = dt.date(2026, 11, 22)


def table(**columns: Any) -> pa.Table:
    rows = {"customer_id": ["b", "a", "b"], "offer_id": ["tea", "tea", "ale"], "value": [3, 1, 2], "cost": [1, 1, 2.5]}
    return pa.table(rows | columns)


def taken(rows: pa.Table | None = None) -> Instance:
    return take_instance(table() if rows is None else rows, file="x.csv", today=TODAY)


def test_pairs_lie_by_customer_and_know_their_row() -> None:
    found = taken()
    assert found.customers.to_pylist() == ["b", "a"]
    assert found.offers == ("ale", "tea")
    assert found.row.tolist() == [2, 0, 1]
    assert found.first.tolist() == [0, 2, 3]
    assert (found.value.tolist(), found.cost.tolist()) == ([2, 3, 1], [2.5, 1, 1])


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 4), st.floats(-9, 9, width=32), st.floats(0, 9, width=32)),
        min_size=1,
        unique_by=lambda r: r[:2],
    ),
    st.integers(1, 3),
)
def test_dense_or_sparse_the_pairs_are_those_of_the_file(rows: list[Any], most: int) -> None:
    columns = zip(*rows, strict=True)
    named = dict(zip(("customer_id", "offer_id", "value", "cost"), map(list, columns), strict=True))
    found = taken(pa.table(named))
    pairs = found.pairs(most)
    block = pairs.block(slice(0, pairs.customers))
    seen = set()
    for i in range(pairs.customers):
        for slot in np.flatnonzero(block.value[i] > -np.inf):
            arm = int(np.broadcast_to(block.arm, block.value.shape)[i, slot])
            who = int(found.customers[i].as_py())
            seen.add((who, int(found.offers[arm]), float(block.value[i, slot]), float(block.cost[i, slot])))
    assert seen == {(c, o, float(v), float(e)) for c, o, v, e in rows}
    assert most == 1 or (block.contacts == most).all()


def test_few_offers_of_nearly_everybody_are_dense_and_many_are_sparse() -> None:
    assert isinstance(taken().pairs(1), DensePairs)
    many = pa.table(
        {
            "customer_id": [f"c{i}" for i in range(100)],
            "offer_id": [f"o{i % 50}" for i in range(100)],
            "value": [1.0] * 100,
            "cost": [1.0] * 100,
        }
    )
    assert isinstance(taken(many).pairs(1), SparsePairs)


@pytest.mark.parametrize("name", ["eur", "EUR", " € "])
def test_euro_by_any_name_and_days_to_come_are_taken(name: str) -> None:
    found = taken(table(currency=[name] * 3, expires_on=[TODAY, None, dt.date(2027, 1, 1)], note=["", "", "x"]))
    assert found.unused == ("note",)


@pytest.mark.parametrize(
    ("columns", "error", "says"),
    [
        (
            {"value": [3, float("nan"), 2]},
            BadRows,
            "x.csv, column 'value', row 2: is nan, must be finite .rows at fault: 1.: mend",
        ),
        ({"value": [3, float("inf"), 2]}, BadRows, "row 2: is inf, must be finite"),
        ({"value": [3, 1e39, 2]}, BadRows, r"row 2: is 1e\+39, must be finite"),
        ({"value": [3, None, 2]}, BadRows, "row 2: is missing, must be finite"),
        ({"value": ["3", "1,5", "2"]}, BadSchema, "row 2: is '1,5', must be a number with a decimal point"),
        ({"value": ["3", "inf", "2"]}, BadRows, "row 2: is inf, must be finite"),
        ({"value": [True, False, True]}, BadSchema, "column 'value': holds bool, must be numbers"),
        ({"value": [[1.0]] * 3}, BadSchema, "must be numbers"),
        ({"cost": [1, 1, -0.5]}, BadRows, "column 'cost', row 3: is -0.5, must be finite and 0 or more"),
        ({"cost": [1, float("inf"), 1]}, BadRows, "column 'cost', row 2: is inf"),
        ({"customer_id": ["a", None, "b"]}, BadRows, "column 'customer_id', row 2: is missing"),
        ({"offer_id": ["tea", "ale", ""]}, BadRows, "column 'offer_id', row 3: is missing"),
        (
            {"customer_id": ["b", "b", "b"]},
            BadRows,
            "customer 'b' has offer 'tea' in row 1 and in row 2 .rows at fault: 1.: keep",
        ),
        ({"currency": ["EUR", "USD", "EUR"]}, BadRows, "column 'currency', row 2: is 'USD', must be EUR: convert"),
        ({"currency": ["EUR", "EUR", None]}, BadRows, "column 'currency', row 3: is missing, must be EUR"),
        ({"expires_on": [None, None, dt.date(2026, 11, 21)]}, BadRows, "offer 'ale' expired on 2026-11-21, before"),
        ({"expires_on": ["2027-01-01", "2026-01-01", None]}, BadRows, "row 2: offer 'tea' expired on 2026-01-01"),
        ({"expires_on": ["soon", None, None]}, BadSchema, "column 'expires_on': holds string that is no day like"),
    ],
)
def test_a_row_that_cannot_be_is_named(columns: dict[str, Any], error: type[NetliftError], says: str) -> None:
    with pytest.raises(error, match=says):
        taken(table(**columns))


def test_a_missing_column_is_named_with_the_one_that_was_meant() -> None:
    with pytest.raises(BadSchema, match=r"x.csv has no column 'customer_id' \(is it 'customer'\?\): it has customer"):
        taken(table().rename_columns(["customer", "offer_id", "value", "cost"]))


def limit(name: str, **columns: Any) -> np.ndarray:
    rows = pa.table({"offer_id": ["tea"], name: [2]} | columns)
    return read_limit(rows, name, ("ale", "tea"), file="caps.csv", without=9.0)


def test_an_offer_without_a_limit_of_its_own_has_the_general_one() -> None:
    assert limit("cap").tolist() == [9.0, 2.0]


@pytest.mark.parametrize(
    ("columns", "error", "says"),
    [
        ({"offer_id": ["tee"]}, BadRows, "caps.csv, column 'offer_id', row 1: no customer has an offer 'tee', did you"),
        ({"offer_id": ["tea", "tea"], "cap": [1, 2]}, BadRows, "row 2: 'tea' stands in row 1 already"),
        ({"offer_id": [None]}, BadRows, "no customer has an offer None"),
        ({"cap": [1.5]}, BadRows, "column 'cap', row 1: is 1.5, must be a whole number of customers"),
        ({"cap": [-1]}, BadRows, "column 'cap', row 1: is -1, must be a whole number of customers, 0 or more"),
        ({"cap": ["many"]}, BadSchema, "column 'cap', row 1: is 'many', must be a number"),
    ],
)
def test_a_limit_that_cannot_be_is_named(columns: dict[str, Any], error: type[NetliftError], says: str) -> None:
    with pytest.raises(error, match=says):
        limit("cap", **columns)


LOOSE, TIGHT = np.array([9.0, 9]), np.array([0.0, 9])


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(9, TIGHT, np.array([1.0, 0])), "'ale' has a cap of 0 below its minimum of 1: lower the minimum by 1"),
        (Limits(9, LOOSE, np.array([2.0, 0])), "of offer 'ale' is 2 customers and 1 have it: lower it by 1"),
        (Limits(9, LOOSE, np.array([1.0, 2])), "ask for 3 offers in all and the customers may get 2: lower them by 1"),
        (
            Limits(3, LOOSE, np.array([1.0, 2]), 2),
            "cost 4.50 euro at the least and the budget is 3.00: raise it by 1.5",
        ),
        (
            Limits(2, LOOSE, np.array([1.0, 0])),
            "raise it by 0.50 euro or lower minimums, that of offer 'ale' takes 2.5",
        ),
    ],
)
def test_limits_that_nothing_can_keep_are_named_with_by_how_much(limits: Limits, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        must_be_possible(taken(), limits)


def test_limits_that_can_just_be_kept_are_taken() -> None:
    limits = Limits(3.5, np.array([1.0, np.inf]), np.array([1.0, 1]))
    must_be_possible(taken(), limits)
    menu = menu_of(taken(), limits)
    assert [(r.name, r.most, r.least) for r in menu.resources] == [
        ("the budget", 3.5, 0.0),
        ("offer ale", 1.0, 1.0),
        ("offer tea", np.inf, 1.0),
    ]
    assert menu.campaigns == 1
    assert menu_of(taken(), Limits(1, limits.caps, limits.minimums, 2)).campaigns == 2
