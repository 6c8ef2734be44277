"""Behaviour is counted as one would by hand, in the window, by account, without what is known to be fraud."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import BadRequest, NoInput
from jobs.science.fraud.engine import DAY_S, Limits
from jobs.science.segments.behaviour import Window, read_behaviour
from tests.unit.science.segments.payments import LAST, WINDOW, at, behaviour, customers, payments, reports

PAYMENT = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from(["p", "q", "r"]),
    st.integers(0, 12),
    st.integers(0, 23),
    st.integers(1, 999),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PAYMENT, min_size=1, max_size=30))
def test_counts_are_those_of_a_plain_loop(drawn):
    rows = [(c, p, at(days, hour), euro / 10) for c, p, days, hour, euro in drawn]
    inside = [row for row, (_, _, days, *_) in zip(rows, drawn, strict=True) if days < 10]
    if not inside:
        with pytest.raises(NoInput):
            behaviour(payments(*rows), reports(), customers("abc"))
        return
    found = behaviour(payments(*rows), reports(), customers("abc"))
    for customer in "abc":
        own = [row for row in inside if row[0] == customer]
        moments = [moment for _, _, moment, _ in own]
        partners = [partner for _, partner, _, _ in own]
        said = found[customer]
        assert (said["payments"] or 0) == len(own)
        if own:
            assert said["units"] == sum(round(euro * 10_000) for *_, euro in own)
            assert said["last_s"] == max(m.timestamp() for m in moments)
            assert said["evening"] == sum(m.hour >= 17 for m in moments)
            assert said["weekend"] == sum(m.weekday() >= 5 for m in moments)
            assert said["favourite"] == max(partners.count(p) for p in partners)
            assert said["recent"] == sum(m.timestamp() >= WINDOW.end_s - 5 * DAY_S for m in moments)


def test_a_customer_without_payments_is_there_and_has_no_counts():
    found = behaviour(payments(("a", "p", at(1, 12), 5.0)), reports(), customers(["a", "quiet"]))
    assert found["quiet"]["payments"] is None
    assert found["a"]["payments"] == 1


def test_payments_known_to_be_fraud_were_not_the_customers():
    """The newest report that is known by the end decides; one that comes later is not known yet."""
    paid = payments(*[("a", "p", at(5, hour), 5.0) for hour in range(4)])
    reported = reports(
        ("t0", True, at(3, 0)),
        ("t1", True, at(3, 0)),
        ("t1", False, at(2, 0)),
        ("t2", True, at(-1, 0)),
    )
    assert behaviour(paid, reported, customers(["a"]))["a"]["payments"] == 3


def test_a_customer_who_pays_under_another_id_has_the_payments_of_the_account():
    paid = payments(("acc", "p", at(1, 12), 5.0), ("stranger", "p", at(1, 12), 5.0))
    known = customers(["one", "two", "acc"], ["acc", "acc", None])
    found = behaviour(paid, reports(), known)
    assert [found[c]["payments"] for c in ("one", "two", "acc")] == [1, 1, 1]
    with read_behaviour(paid, reports(), [known], WINDOW, Limits(threads=1)) as read:
        assert read.unknown_payers == 1
        assert read.sample(10)["account_id"].to_pylist() == ["acc"]


def test_the_sample_does_not_depend_on_the_order_of_payments():
    paid = payments(*[(f"c{i}", "p", at(1, i % 24), 5.0) for i in range(60)])
    known = customers([f"c{i}" for i in range(60)])
    samples = []
    for rows in (paid, paid.take(pa.array(range(59, -1, -1)))):
        with read_behaviour(rows, reports(), [known], WINDOW, Limits(threads=1)) as read:
            samples.append(read.sample(7))
    assert samples[0].equals(samples[1])
    assert samples[0].num_rows == 7


def test_without_any_payment_in_the_window_it_says_so():
    with pytest.raises(NoInput, match="no row from 2026-10-23"):
        behaviour(payments(("a", "p", at(40, 12), 5.0)), reports(), customers(["a"]))


def test_a_window_without_a_day_is_refused():
    with pytest.raises(BadRequest, match="days == 0"):
        Window(LAST, 0)
