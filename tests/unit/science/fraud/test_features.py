import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.errors import BadRequest, BadRows, BadSchema, NoInput
from jobs.science.fraud.engine import DAY_S, Limits, ParquetFiles
from jobs.science.fraud.features import (
    BUILT_COLUMNS,
    EPOCH,
    FEATURE_NAMES,
    fraud_features,
    lookback_days,
)
from jobs.tables.outputs import FRAUD_FEATURES
from tests.unit.science.fraud.naive import naive_features

LIMITS = Limits(memory_mb=200, threads=1)
MOMENT = pa.timestamp("us", tz="UTC")
DAY_0 = dt.date(2024, 1, 4)
START_S = (DAY_0 - EPOCH).days * DAY_S


def build(transactions, reports, first_day, last_day, delay=7, **more):
    batches = fraud_features(
        transactions,
        reports,
        first_day=first_day,
        last_day=last_day,
        label_delay_days=delay,
        limits=LIMITS,
        **more,
    )
    return pa.concat_tables(batches)


def table_of(rows):
    ids, customers, partners, us, amounts = zip(*rows, strict=True)
    return pa.table(
        {
            "transaction_id": pa.array(ids, pa.string()),
            "customer_id": pa.array(customers, pa.string()),
            "partner_id": pa.array(partners, pa.string()),
            "occurred_at": pa.array(us, pa.int64()).cast(MOMENT),
            "amount_eur": pa.array(amounts, pa.float64()),
        }
    )


def reports_of(reports):
    return pa.table(
        {
            "transaction_id": pa.array([r[0] for r in reports], pa.string()),
            "is_fraud": pa.array([r[1] for r in reports], pa.bool_()),
            "reported_at": pa.array([r[2] for r in reports], pa.int64()).cast(MOMENT),
        }
    )


AMOUNTS = st.one_of(
    st.sampled_from([0.0, 10.0, 10.0, 10.0, 30.0, 31.0, 0.00005, 0.005, 250_000.0, 1e7]),
    st.integers(0, 10**6).map(lambda cents: cents / 100),
)


@st.composite
def histories(draw):
    """Moments near the edges of the windows, same-second rows, early, late, withdrawn and undated reports."""
    size = draw(st.integers(1, 24))
    ids = draw(st.permutations([f"{letter}{n}" for letter in "aB1" for n in range(8)]))[:size]
    edge = st.builds(
        lambda day, second, us: (START_S + day * DAY_S + second) * 1_000_000 + us,
        st.sampled_from([0, 1, 2, 3, 7, 8, 9, 10, 14, 15, 28, 30, 31, 32, 33, 34]),
        st.sampled_from([0, 1, 2, 3_599, 3_600, 3_601, 21_600, 25_199, 25_200, 86_399]),
        st.sampled_from([0, 0, 1, 999_999]),
    )
    rows = [(name, draw(st.sampled_from("xy")), draw(st.sampled_from("pq")), draw(edge), draw(AMOUNTS)) for name in ids]
    report = st.tuples(st.sampled_from(ids), st.booleans(), st.one_of(st.none(), edge))
    reports = draw(st.lists(report, max_size=12))
    return rows, reports, draw(st.integers(1, 3)), draw(st.sampled_from([1, 6, 24]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_statement_gives_what_a_naive_statement_of_each_feature_gives(case):
    rows, reports, delay, hours = case
    last = DAY_0 + dt.timedelta(days=40)
    built = build(table_of(rows), reports_of(reports), DAY_0, last, delay, refresh_hours=hours)
    by_id = {row["transaction_id"]: row for row in built.to_pylist()}
    assert len(by_id) == len(rows)
    for name, expected in naive_features(rows, reports, delay, hours).items():
        assert set(expected) == set(FEATURE_NAMES)
        found = {feature: math.nan if by_id[name][feature] is None else by_id[name][feature] for feature in expected}
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9, nan_ok=True)


def test_columns_are_the_declared_ones_in_order_of_time(made_up):
    built = build(made_up.transactions, made_up.fraud_reports, dt.date(2023, 12, 1), dt.date(2023, 12, 31))
    assert built.schema.names == [*BUILT_COLUMNS] == [n for n in FRAUD_FEATURES.names if n != "run_id"]
    assert built.schema.types == [FRAUD_FEATURES.schema.field(name).type for name in BUILT_COLUMNS]
    assert len(FEATURE_NAMES) == len(set(FEATURE_NAMES)) == 46
    order = list(zip(built["occurred_at"].to_pylist(), built["transaction_id"].to_pylist(), strict=True))
    assert order == sorted(order)
    assert all(row["run_date"] == row["occurred_at"].date() for row in built.to_pylist())


@pytest.mark.parametrize("hours", [6, 24])
def test_a_day_alone_equals_the_same_day_of_the_whole_build(made_up, hours):
    """The increment reads the days that `lookback_days` says, and gives the very same rows."""
    first, last = dt.date(2023, 11, 20), dt.date(2024, 2, 5)
    whole = build(made_up.transactions, made_up.fraud_reports, first, last, refresh_hours=hours)
    occurred = made_up.transactions["occurred_at"]
    for day in (dt.date(2024, 1, 2), dt.date(2024, 1, 20), last):
        start = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
        oldest = pa.scalar(start - dt.timedelta(days=lookback_days(7)), MOMENT)
        part = made_up.transactions.filter(pc.greater_equal(occurred, oldest))
        increment = build(part, made_up.fraud_reports, day, day, refresh_hours=hours)
        assert increment.num_rows > 0
        assert increment.equals(whole.filter(pc.equal(whole["run_date"], day)).combine_chunks())


def test_shuffling_everything_after_a_moment_changes_no_feature_before_it(made_up):
    first, last = dt.date(2023, 11, 20), dt.date(2024, 2, 5)
    moment = pa.scalar(dt.datetime(2024, 1, 10, 12, 0, 0, tzinfo=dt.UTC), MOMENT)
    rng = np.random.default_rng(8)

    def shuffled_after(rows, moved_by, names):
        late = np.flatnonzero(pc.greater(rows[moved_by], moment).to_numpy())
        for name in names:
            order = np.arange(rows.num_rows)
            order[late] = rng.permutation(late)
            rows = rows.set_column(rows.schema.get_field_index(name), name, rows[name].take(pa.array(order)))
        return rows

    transactions = shuffled_after(made_up.transactions, "occurred_at", ["customer_id", "partner_id", "amount_eur"])
    late_report = pc.greater(made_up.fraud_reports["reported_at"], moment)
    flipped = pc.if_else(late_report, pc.invert(made_up.fraud_reports["is_fraud"]), made_up.fraud_reports["is_fraud"])
    reports = made_up.fraud_reports.set_column(1, "is_fraud", flipped)
    before = build(made_up.transactions, made_up.fraud_reports, first, last)
    after = build(transactions, reports, first, last)
    known = pc.less_equal(before["occurred_at"], moment)
    assert 300 < pc.sum(known).as_py() < before.num_rows - 300
    assert before.filter(known).equals(after.filter(known))
    assert not before.equals(after)


def test_rows_are_the_same_whatever_form_the_input_has(made_up, tmp_path):
    """One table, tables one by one, a Parquet file, and rows in another order."""
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    first, last = dt.date(2024, 1, 1), dt.date(2024, 1, 20)
    expected = build(made_up.transactions, made_up.fraud_reports, first, last)
    pq.write_table(made_up.transactions, tmp_path / "transactions.parquet")
    pq.write_table(made_up.fraud_reports, tmp_path / "reports.parquet")
    files = [ParquetFiles((str(tmp_path / f"{name}.parquet"),)) for name in ("transactions", "reports")]
    backwards = made_up.transactions.take(pa.array(np.arange(made_up.transactions.num_rows)[::-1]))
    parts = (backwards.slice(start, 400) for start in range(0, backwards.num_rows, 400))
    assert build(*files, first, last).equals(expected)
    assert build(parts, iter([made_up.fraud_reports]), first, last, batch_rows=64).combine_chunks().equals(expected)
    assert build(ds.dataset(tmp_path / "transactions.parquet"), made_up.fraud_reports, first, last).equals(expected)


def test_no_reports_at_all_means_that_nothing_is_known_to_be_fraud(made_up):
    built = build(made_up.transactions, [], dt.date(2024, 1, 1), dt.date(2024, 1, 20))
    assert pc.max(built["partner_fraud_rate_30d"]).as_py() == 0


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), -1.0, None, 1e300])
def test_an_amount_that_is_none_is_refused_by_name(amount):
    rows = table_of([("a", "x", "p", START_S * 1_000_000, 5.0), ("b", "x", "p", START_S * 1_000_000, amount)])
    with pytest.raises(BadRows, match="amount_eur of transaction 'b' is"):
        build(rows, [], DAY_0, DAY_0)


def test_a_duplicate_id_is_refused_by_name():
    rows = table_of([("a", "x", "p", START_S * 1_000_000, 5.0), ("a", "y", "q", START_S * 1_000_000 + 7, 5.0)])
    with pytest.raises(BadRows, match="transaction_id 'a' stands there more than once"):
        build(rows, [], DAY_0, DAY_0)


def test_a_missing_id_is_refused():
    rows = table_of([("a", None, "p", START_S * 1_000_000, 5.0)])
    with pytest.raises(BadRows, match="customer_id of transaction 'a' is None"):
        build(rows, [], DAY_0, DAY_0)


def test_a_missing_column_is_refused_by_name():
    rows = table_of([("a", "x", "p", START_S * 1_000_000, 5.0)]).drop_columns(["partner_id"])
    with pytest.raises(BadSchema, match="partner_id"):
        build(rows, [], DAY_0, DAY_0)


def test_days_without_rows_are_refused():
    rows = table_of([("a", "x", "p", START_S * 1_000_000, 5.0)])
    with pytest.raises(NoInput, match="there is no row"):
        build(rows, [], DAY_0 - dt.timedelta(days=9), DAY_0 - dt.timedelta(days=9))


def test_a_label_before_its_transaction_counts_once_the_transaction_is_old_enough():
    """Told two days before the payment: fraud from the delay on, and not a slot earlier."""
    at = START_S + 12 * 3_600
    rows = [("a", "x", "p", at * 1_000_000, 5.0)]
    rows += [(f"b{day}", "y", "p", (at + day * DAY_S) * 1_000_000, 5.0) for day in range(1, 12)]
    reports = reports_of([("a", True, (at - 2 * DAY_S) * 1_000_000)])
    built = build(table_of(rows), reports, DAY_0, DAY_0 + dt.timedelta(days=11), delay=7)
    assert built["partner_fraud_run_length"].to_pylist() == [0] * 8 + [1] + [0] * 3
    assert built["partner_days_since_fraud"].to_pylist() == [None] * 8 + [8, 9, 10, 11]


def test_the_last_genuine_payment_may_be_of_the_same_day_as_the_run_of_frauds_after_it():
    """A run is cut by the payment before it, on another day or an hour earlier."""
    at = START_S + 12 * 3_600
    rows = [("early", "x", "p", at * 1_000_000, 5.0), ("fraud", "y", "p", (at + 3_600) * 1_000_000, 5.0)]
    rows = [("first", "z", "p", (at - 2 * DAY_S) * 1_000_000, 5.0), *rows]
    rows.append(("now", "y", "p", (at + 9 * DAY_S) * 1_000_000, 5.0))
    reports = reports_of([("fraud", True, None)])
    built = build(table_of(rows), reports, DAY_0, DAY_0 + dt.timedelta(days=9), delay=7).to_pylist()
    assert (built[-1]["partner_fraud_run_length"], built[-1]["partner_days_since_genuine"]) == (1, 9)
    built = build(table_of([rows[0], *rows[2:]]), reports, DAY_0, DAY_0 + dt.timedelta(days=9), delay=7).to_pylist()
    assert (built[-1]["partner_fraud_run_length"], built[-1]["partner_days_since_genuine"]) == (1, 11)
    built = build(table_of(rows[2:]), reports, DAY_0, DAY_0 + dt.timedelta(days=9), delay=7).to_pylist()
    assert (built[-1]["partner_fraud_run_length"], built[-1]["partner_days_since_genuine"]) == (1, None)


def test_a_large_payment_an_hour_ago_counts_for_its_customer_and_its_partner():
    """Three payments of 10 euro, one of 31, and then somebody at the same partner and the customer elsewhere."""
    noon = START_S + 12 * 3_600
    rows = [(f"a{n}", "x", "p", (noon - n * DAY_S) * 1_000_000, 10.0) for n in (1, 2, 3)]
    rows += [("large", "x", "p", noon * 1_000_000, 30.01), ("other", "y", "p", (noon + 60) * 1_000_000, 10.0)]
    rows += [("own", "x", "q", (noon + 60) * 1_000_000, 30.0)]
    built = build(table_of(rows), [], DAY_0, DAY_0)
    found = {row["transaction_id"]: row for row in built.to_pylist()}
    assert found["large"]["amount_to_median_30d"] == pytest.approx(3.001)
    assert (found["large"]["customer_large_14d"], found["large"]["partner_large_7d"]) == (0, 0)
    assert (found["own"]["customer_large_14d"], found["own"]["partner_large_7d"]) == (1, 0)
    assert (found["other"]["customer_large_14d"], found["other"]["partner_large_7d"]) == (0, 1)


def test_a_late_report_counts_from_the_next_refresh_on():
    """Reported at noon of the tenth day: the eleventh day's payments know of it, an hourly refresh the one at 13:00."""
    at = START_S + 13 * 3_600
    rows = [(f"a{day:02}", "x", "p", (at + day * DAY_S) * 1_000_000, 5.0) for day in range(12)]
    reports = reports_of([("a00", True, (at + 9 * DAY_S - 3_600) * 1_000_000)])
    for hours, known_from in ((24, 10), (1, 9)):
        built = build(table_of(rows), reports, DAY_0, DAY_0 + dt.timedelta(days=11), refresh_hours=hours)
        since = built["partner_days_since_fraud"].to_pylist()
        assert [days is not None for days in since] == [day >= known_from for day in range(12)]


def test_a_withdrawn_label_counts_until_the_slot_after_its_withdrawal():
    """Known from the ninth day's start on, withdrawn within the tenth: gone on the eleventh."""
    at = START_S + 12 * 3_600
    rows = [(f"a{day:02}", "x", "p", (at + day * DAY_S) * 1_000_000, 5.0) for day in range(12)]
    reports = reports_of([("a00", True, at * 1_000_000), ("a00", False, (at + 9 * DAY_S) * 1_000_000)])
    built = build(table_of(rows), reports, DAY_0, DAY_0 + dt.timedelta(days=11), delay=7)
    assert built["partner_days_since_fraud"].to_pylist() == [None] * 8 + [8, 9, None, None]


@pytest.mark.parametrize("hours", [0, 5, 25, -1])
def test_a_refresh_that_does_not_divide_the_day_is_refused(hours):
    with pytest.raises(BadRequest, match=f"refresh_hours is {hours}; give a divisor of 24"):
        build(table_of([("a", "x", "p", START_S * 1_000_000, 5.0)]), [], DAY_0, DAY_0, refresh_hours=hours)


@pytest.mark.parametrize(("last_day", "delay"), [(DAY_0 - dt.timedelta(days=1), 7), (DAY_0, 0)])
def test_a_range_or_delay_that_makes_no_sense_is_refused(last_day, delay):
    with pytest.raises(BadRequest):
        build(table_of([("a", "x", "p", START_S * 1_000_000, 5.0)]), [], DAY_0, last_day, delay)
