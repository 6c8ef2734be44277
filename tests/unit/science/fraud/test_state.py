"""online_state: what the endpoint starts a slot with is what the features of that slot are made of."""

import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.errors import BadRequest, NoInput
from jobs.science.fraud import state as state_module
from jobs.science.fraud.features import fraud_features
from jobs.science.fraud.partner_sql import PRIOR_FRAUD_RATE
from jobs.science.fraud.state import online_state
from jobs.tables.online import (
    ONLINE_CUSTOMERS,
    ONLINE_PARTNERS,
    PARTNER_COUNT_COLUMNS,
    PARTNER_KNOWN_COLUMNS,
)
from tests.unit.science.fraud.conftest import LIMITS, MOMENT, History
from tests.unit.science.fraud.naive import naive_features

MIDNIGHT = dt.datetime(2024, 1, 20, tzinfo=dt.UTC)
RECORD = [column.name for column in (*PARTNER_COUNT_COLUMNS, *PARTNER_KNOWN_COLUMNS)]


def state_of(history: History, as_of: dt.datetime = MIDNIGHT, **more) -> dict[str, pa.Table]:
    parts: dict[str, list[pa.Table]] = {ONLINE_CUSTOMERS.name: [], ONLINE_PARTNERS.name: []}
    for table, rows in online_state(
        history.transactions, history.fraud_reports, as_of=as_of, label_delay_days=7, limits=LIMITS, **more
    ):
        assert rows.schema.equals(table.schema)
        parts[table.name].append(rows)
    return {name: pa.concat_tables(found) for name, found in parts.items()}


def features_of(history: History, day: dt.date, refresh_hours: int) -> pa.Table:
    batches = fraud_features(
        history.transactions, history.fraud_reports, first_day=day, last_day=day,
        label_delay_days=7, limits=LIMITS, refresh_hours=refresh_hours,
    )  # fmt: skip
    return pa.concat_tables(batches)


@pytest.mark.parametrize(("refresh_hours", "hour"), [(24, 0), (6, 18), (1, 5)])
def test_a_partners_record_is_what_its_first_payment_of_the_slot_finds(made_up, refresh_hours, hour):
    as_of = MIDNIGHT + dt.timedelta(hours=hour)
    found = state_of(made_up, as_of, refresh_hours=refresh_hours)[ONLINE_PARTNERS.name]
    record = {row["partner_id"]: [row[name] for name in RECORD] for row in found.to_pylist()}
    built = features_of(made_up, as_of.date(), refresh_hours)
    end = as_of + dt.timedelta(hours=refresh_hours)
    in_slot = pc.and_(pc.greater_equal(built["occurred_at"], as_of), pc.less(built["occurred_at"], end))
    seen = set()
    for row in built.filter(in_slot).to_pylist():
        if row["partner_id"] not in seen:
            assert [row[name] for name in RECORD] == record[row["partner_id"]]
        known = [column.name for column in PARTNER_KNOWN_COLUMNS]
        assert [row[name] for name in known] == record[row["partner_id"]][len(PARTNER_COUNT_COLUMNS) :]
        seen.add(row["partner_id"])
    assert seen


def test_customers_have_their_payments_of_thirty_days_in_order(made_up):
    found = state_of(made_up)[ONLINE_CUSTOMERS.name]
    since = MIDNIGHT - dt.timedelta(days=30)
    rows = [
        (r["transaction_id"], r["customer_id"], r["partner_id"], int(r["occurred_at"].timestamp()), r["amount_eur"])
        for r in made_up.transactions.to_pylist()
        if since <= r["occurred_at"] < MIDNIGHT
    ]
    assert found["customer_id"].to_pylist() == sorted({row[1] for row in rows})
    for customer in found.to_pylist():
        own = sorted((row for row in rows if row[1] == customer["customer_id"]), key=lambda row: (row[3], row[0]))
        assert customer["occurred_s"] == [row[3] for row in own]
        assert customer["amount_units"] == [math.floor(row[4] * 10_000 + 0.5) for row in own]
        assert customer["partner_ids"] == [row[2] for row in own]
        assert customer["payments_30d"] == len(own) == len(customer["is_large"])
        assert customer["as_of"] == MIDNIGHT


def test_large_payments_are_marked_if_they_are_at_most_fourteen_days_old(made_up):
    """What the naive statement says of them over 14 days is what the flags add up to."""
    found = state_of(made_up)[ONLINE_CUSTOMERS.name]
    probe = [
        (f"~{row['customer_id']}", row["customer_id"], "nowhere", int(MIDNIGHT.timestamp()) * 1_000_000, 1.0)
        for row in found.to_pylist()
    ]
    before = pc.and_(
        pc.less(made_up.transactions["occurred_at"], MIDNIGHT),
        pc.greater(made_up.transactions["occurred_at"], MIDNIGHT - dt.timedelta(days=50)),
    )
    rows = [
        (r["transaction_id"], r["customer_id"], r["partner_id"], int(r["occurred_at"].timestamp()) * 1_000_000,
         r["amount_eur"])
        for r in made_up.transactions.filter(before).to_pylist()
    ]  # fmt: skip
    naive = naive_features(rows + probe, [], 7, 24)
    since_s = int(MIDNIGHT.timestamp()) - 14 * 86_400
    total = 0
    for row in found.to_pylist():
        marked = [s for s, large in zip(row["occurred_s"], row["is_large"], strict=True) if large]
        assert all(s >= since_s for s in marked)
        assert sum(s > since_s for s in marked) == naive[f"~{row['customer_id']}"]["customer_large_14d"]
        total += len(marked)
    assert total > 5


def test_what_comes_after_the_moment_changes_nothing(made_up):
    """Neither payments from the moment on, nor reports that were not yet made."""
    before = state_of(made_up)
    early = pc.less(made_up.transactions["occurred_at"], MIDNIGHT)
    told = pc.less_equal(made_up.fraud_reports["reported_at"], MIDNIGHT)
    after = state_of(History(made_up.transactions.filter(early), made_up.fraud_reports.filter(told)))
    for name, rows in before.items():
        assert rows.equals(after[name])
    assert 0 < early.to_numpy().sum() < made_up.transactions.num_rows
    assert 0 < told.to_numpy().sum() < made_up.fraud_reports.num_rows


def test_a_partner_without_a_row_has_no_count_no_rate_and_the_prior_as_shrunk_rate(made_up):
    """A payment at a partner that was never seen finds what the endpoint takes for one that has no row."""
    new = pa.table(
        {
            "transaction_id": ["new"], "customer_id": ["c1"], "partner_id": ["never seen"],
            "occurred_at": pa.array([MIDNIGHT + dt.timedelta(hours=3)], MOMENT), "amount_eur": [20.0],
        }
    )  # fmt: skip
    history = History(pa.concat_tables([made_up.transactions, new]), made_up.fraud_reports)
    assert "never seen" not in state_of(history)[ONLINE_PARTNERS.name]["partner_id"].to_pylist()
    built = features_of(history, MIDNIGHT.date(), 24)
    row = built.filter(pc.equal(built["partner_id"], "never seen")).to_pylist()[0]
    zero = {name for name in RECORD if "count" in name} | {"partner_large_7d", "partner_fraud_run_length"}
    assert row["partner_fraud_rate_shrunk_28d"] == pytest.approx(PRIOR_FRAUD_RATE)
    for name in {*RECORD} - {"partner_fraud_rate_shrunk_28d"}:
        assert row[name] == (0 if name in zero else None), name


def test_a_customer_with_very_many_payments_keeps_the_latest_and_says_how_many_there_were(made_up, monkeypatch):
    whole = state_of(made_up)[ONLINE_CUSTOMERS.name].to_pylist()
    monkeypatch.setattr(state_module, "CUSTOMER_PAYMENTS_KEPT", 5)
    for full, kept in zip(whole, state_of(made_up, batch_rows=3)[ONLINE_CUSTOMERS.name].to_pylist(), strict=True):
        assert kept["payments_30d"] == full["payments_30d"] > 5
        for name in ("occurred_s", "amount_units", "partner_ids", "is_large"):
            assert kept[name] == full[name][-5:]


def test_a_moment_within_a_slot_and_a_part_of_a_day_that_is_none_are_refused(made_up):
    with pytest.raises(BadRequest, match="not the start of a slot of 24 hours"):
        state_of(made_up, MIDNIGHT + dt.timedelta(hours=1))
    with pytest.raises(BadRequest, match="refresh_hours is 7; give a divisor of 24"):
        state_of(made_up, refresh_hours=7)


def test_a_moment_before_all_payments_is_refused(made_up):
    with pytest.raises(NoInput, match="there is no row"):
        state_of(made_up, MIDNIGHT - dt.timedelta(days=400))


def test_the_order_of_the_rows_does_not_matter(made_up):
    backwards = made_up.transactions.take(pa.array(np.arange(made_up.transactions.num_rows)[::-1]))
    for name, rows in state_of(History(backwards, made_up.fraud_reports)).items():
        assert rows.equals(state_of(made_up)[name])
