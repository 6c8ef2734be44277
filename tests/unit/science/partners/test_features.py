"""Features of partners by day: what was known at its start, and nothing that came later."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest, BadRows, BadSchema, NoInput
from jobs.science.fraud.engine import Limits, ParquetFiles
from jobs.science.partners.features import COUNTS, FEATURE_NAMES, partner_features, training_rows

DAY = dt.date(2024, 5, 20)
LIMITS = Limits(memory_mb=300, threads=1)
STAMP = pa.timestamp("us", "UTC")


def moment(days_before, day=DAY):
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC) - dt.timedelta(days=days_before)


def payments(rows, **more):
    """Rows as (id, partner, days before the day) with, optionally, customer and amount."""
    return pa.table(
        {
            "transaction_id": [r[0] for r in rows],
            "customer_id": [r[3] if len(r) > 3 else f"c-{r[0]}" for r in rows],
            "partner_id": [r[1] for r in rows],
            "occurred_at": pa.array([moment(r[2]) for r in rows], STAMP),
            "amount_eur": [float(r[4]) if len(r) > 4 else 5.0 for r in rows],
            **more,
        }
    )


def reports(rows=()):
    """Rows as (id, fraud, days before the day, or None)."""
    return pa.table(
        {
            "transaction_id": pa.array([r[0] for r in rows], pa.string()),
            "is_fraud": pa.array([r[1] for r in rows], pa.bool_()),
            "reported_at": pa.array([None if r[2] is None else moment(r[2]) for r in rows], STAMP),
        }
    )


def features(transactions, told=(), *, first=DAY, last=DAY, **more):
    given = transactions if isinstance(transactions, pa.Table | ParquetFiles) else payments(transactions)
    found = partner_features(
        given, reports(told), first_day=first, last_day=last, label_delay_days=7, limits=LIMITS, **more
    )
    assert found.column_names == ["partner_id", "day", *COUNTS, *FEATURE_NAMES]
    return {row["partner_id"] if first == last else (row["partner_id"], row["day"]): row for row in found.to_pylist()}


def test_only_days_that_ended_a_label_delay_ago_are_labelled():
    found = features([("a", "p", 14), ("b", "p", 7.01), ("c", "p", 7), ("d", "p", 14.01), ("e", "p", 0.01)])["p"]
    assert (found["transactions_7d"], found["transactions_28d"]) == (2, 3)
    assert (found["recent_1d"], found["recent_7d"], found["recent_28d"]) == (1, 2, 5)


def test_a_report_counts_once_known_and_the_last_one_stands():
    rows = [(name, "p", 10) for name in "abcdef"]
    told = [("a", True, 0), ("b", True, -0.01), ("c", True, 5), ("c", False, 1), ("d", True, None), ("f", False, 2)]
    found = features(rows, told)["p"]
    assert (found["frauds_7d"], found["frauds_28d"], found["disputes_28d"]) == (2, 2, 2)
    assert found["scheme_ratio_28d"] == pytest.approx(4 / 6)


def test_a_dispute_without_its_transaction_changes_nothing():
    rows = [("a", "p", 10), ("b", "q", 9)]
    assert repr(features(rows, [("a", True, 1), ("nobody", True, 3)])) == repr(features(rows, [("a", True, 1)]))


def test_a_report_that_is_known_before_its_payment_matured_counts_apart():
    found = features([("a", "p", 3), ("b", "p", 2), ("c", "p", 10)], [("a", True, 1), ("b", True, -1)])["p"]
    assert (found["early_frauds"], found["frauds_28d"]) == (1, 0)
    assert found["early_rate_7d"] == pytest.approx(0.5)


def test_a_streak_is_as_long_as_no_genuine_payment_came_between():
    rows = [("a", "p", 20), ("b", "p", 15), ("c", "p", 12), ("d", "p", 10), ("e", "p", 9)]
    found = features(rows, [(name, True, 1) for name in "acde"])["p"]
    assert (found["streak"], found["last_fraud_days"], found["first_fraud_days"]) == (3, 9, 20)
    assert found["streak_days"] == 12
    assert found["last_labels"] == pytest.approx(4 / 5)
    over = features([*rows, ("f", "p", 8)], [(name, True, 1) for name in "acde"])["p"]
    assert (over["streak"], over["clean_since"]) == (0, 1)


def test_volume_and_ticket_are_held_against_the_partners_own_past():
    rows = [(f"t{n}", "p", 8 + n % 28, "c", 10) for n in range(56)] + [(f"u{n}", "p", 3, "c", 30) for n in range(42)]
    found = features(rows)["p"]
    assert found["volume_ratio_7d"] == pytest.approx(42 / 14)
    assert found["ticket_ratio_7d"] == pytest.approx(3)


def test_nights_and_weekends_are_counted_in_utc():
    rows = [("a", "p", 1 - 3 / 24), ("b", "p", 1 - 9 / 24), ("c", "p", 1.5)]  # Sunday 03:00 and 09:00, Saturday noon
    found = features(rows)["p"]
    assert found["night_share_28d"] == pytest.approx(1 / 3)
    assert found["weekend_share_28d"] == 1


def test_customers_and_devices_of_another_risky_partner_are_shared_and_ones_own_are_not():
    rows = [(f"r{n}", "risky", 10, f"x{n % 2}") for n in range(4)]
    rows += [("s1", "s", 3, "x0"), ("s2", "s", 2, "other"), ("r9", "risky", 2, "x1")]
    rows += [(f"q{n}", "quiet", 10, f"q{n}") for n in range(60)]
    transactions = payments(rows, device_id=[f"d-{r[3]}" if len(r) > 3 else "d" for r in rows])
    found = features(transactions, [(f"r{n}", True, 1) for n in range(4)])
    assert found["s"]["shared_customers_7d"] == found["s"]["shared_devices_7d"] == pytest.approx(0.5)
    assert found["risky"]["shared_customers_7d"] == 0


def test_who_had_known_frauds_at_three_partners_is_met_as_one_who_disputes_again_and_again():
    rows = [(f"{who}{n}", f"p{n}", 10, who) for who, many in (("ring", 3), ("twice", 2)) for n in range(many)]
    rows += [("now", "met", 2, "ring"), ("often", "met", 3, "twice"), ("else", "met", 3, "nobody")]
    rows += [("own", "p0", 2, "ring")]
    told = [(f"{who}{n}", True, 1) for who, many in (("ring", 3), ("twice", 2)) for n in range(many)]
    found = features(payments(rows, device_id=[f"d-{r[3]}" for r in rows]), told)
    assert found["met"]["repeat_customers_7d"] == found["met"]["repeat_devices_7d"] == pytest.approx(1 / 3)
    assert found["p0"]["repeat_customers_7d"] == 1
    not_yet = features(rows, [*told[:2], ("ring2", True, -0.1), *told[3:]])
    assert not_yet["met"]["repeat_customers_7d"] == 0
    cleared = features(rows, [*told, ("ring2", False, 0.5)])
    assert cleared["met"]["repeat_customers_7d"] == 0


def test_what_the_data_do_not_say_is_missing_and_not_zero():
    found = features([("a", "p", 3)])["p"]
    missing = ("refund_ratio_28d", "shared_devices_7d", "repeat_devices_7d", "fraud_rate_28d")
    assert np.isnan([found[name] for name in missing]).all()
    told = features(payments([("a", "p", 3), ("b", "p", 2)], is_refund=[True, False]))["p"]
    assert told["refund_ratio_28d"] == pytest.approx(0.5)


def test_a_partner_without_transactions_has_the_rate_of_its_category_and_one_with_a_million_its_own():
    n = 1_000_000
    many = pa.table(
        {
            "transaction_id": pa.array(np.arange(n)).cast(pa.string()),
            "customer_id": pa.array(np.arange(n) % 5_000).cast(pa.string()),
            "partner_id": pa.array(np.where(np.arange(n) < n - 1, "million", "one")),
            "occurred_at": pa.array(np.full(n, int(moment(10).timestamp() * 1e6))).cast(STAMP),
            "amount_eur": np.full(n, 2.5),
        }
    )
    told = [(str(i), True, 1) for i in range(10_000)]
    kind = {"million": "books", "one": "gifts", "none": "books"}
    found = features(many, told, categories=kind, silent=["none", "million"])
    assert sorted(found) == ["million", "none", "one"]
    assert found["million"]["fraud_rate_28d"] == pytest.approx(0.01, abs=1e-6)
    assert found["million"]["fraud_rate_shrunk"] == pytest.approx(0.01, abs=1e-4)
    assert found["none"]["fraud_rate_prior"] == found["none"]["category_fraud_rate"] == pytest.approx(0.01, abs=1e-4)
    assert (found["none"]["recent_28d"], found["one"]["recent_28d"]) == (0, 1)


def test_a_partner_whose_id_changed_starts_anew_under_the_new_one():
    rows = [(f"o{n}", "old", 20) for n in range(5)] + [(f"n{n}", "new", 3) for n in range(5)]
    found = features(rows, [("o1", True, 5)])
    assert (found["old"]["frauds_28d"], found["new"]["frauds_28d"]) == (1, 0)
    assert found["new"]["age_days"] == 3


def test_a_missing_category_is_a_category_of_its_own():
    rows = [(f"{p}{n}", p, 10) for p in ("a", "b", "x") for n in range(50)]
    told = [(f"x{n}", True, 1) for n in range(25)]
    found = features(rows, told, categories={"a": "books", "b": "books"})
    assert found["x"]["category_fraud_rate"] > 5 * found["a"]["category_fraud_rate"]


def history(seed=5, days=50, rows=3_000):
    rng = np.random.default_rng(seed)
    made = [
        (f"t{n}", f"p{rng.integers(0, 9)}", float(rng.uniform(-3, days)), f"c{rng.integers(0, 40)}", rng.uniform(1, 90))
        for n in range(rows)
    ]
    told = [(f"t{n}", bool(rng.random() < 0.8), float(made[n][2] - rng.exponential(6))) for n in range(0, rows, 9)]
    told += [(f"t{n}", False, float(made[n][2] - 25)) for n in range(0, rows, 90)]
    return made, told


def test_many_days_at_once_give_the_same_rows_as_each_day_alone_and_as_files_on_disk(tmp_path):
    import pyarrow.parquet as pq

    made, told = history()
    first = DAY - dt.timedelta(days=4)
    together = features(made, told, first=first, last=DAY)
    pq.write_table(payments(made), tmp_path / "rows.parquet")
    for back in (0, 2, 4):
        day = DAY - dt.timedelta(days=back)
        alone = features(made, told, first=day, last=day)
        from_files = features(ParquetFiles((str(tmp_path / "rows.parquet"),)), told, first=day, last=day)
        assert repr(alone) == repr(from_files)
        for partner, row in alone.items():
            for name in (*COUNTS, *FEATURE_NAMES):
                assert together[partner, day][name] == pytest.approx(row[name], nan_ok=True), (partner, name)


def test_nothing_that_came_later_changes_a_row():
    made, told = history()
    late = [*made, *((f"late{n}", "p1", -0.5) for n in range(50))]
    told_late = [*told, *((made[n][0], True, -0.2) for n in range(1, 300, 9))]
    assert repr(features(made, told)) == repr(features(late, told_late))


def test_training_rows_foretell_what_became_known_of_the_days_ahead():
    rows = [("a", "p", 30), ("b", "p", 20), ("c", "p", 18), ("d", "p", 17), ("e", "p", 12)]
    found = training_rows(
        payments(rows), reports([("b", True, 5), ("c", True, -1), ("e", True, 1)]),
        first_day=DAY - dt.timedelta(days=20), last_day=DAY - dt.timedelta(days=14), known_by=DAY,
        horizon_days=3, label_delay_days=7, limits=LIMITS,
    ).to_pylist()  # fmt: skip
    ahead = {(DAY - row["day"]).days: (row["next_transactions"], row["next_frauds"]) for row in found}
    assert ahead == {20: (2, 1), 19: (2, 0), 18: (2, 0), 17: (1, 0), 14: (1, 1)}


def test_labels_that_cannot_be_known_yet_are_not_asked_for():
    with pytest.raises(BadRequest, match="are not known by 2024-05-20"):
        training_rows(
            payments([("a", "p", 30)]), reports(), first_day=DAY - dt.timedelta(days=20),
            last_day=DAY - dt.timedelta(days=9), known_by=DAY, horizon_days=3, label_delay_days=7, limits=LIMITS,
        )  # fmt: skip


def test_what_cannot_be_used_is_refused_with_its_value():
    with pytest.raises(NoInput, match="there is no row"):
        features([("a", "p", 60)])
    with pytest.raises(BadRows, match="'a' stands there more than once"):
        features([("a", "p", 3), ("a", "p", 4)])
    with pytest.raises(BadRows, match="amount_eur of transaction 'a' is None"):
        features([("a", "p", 3, "c", -4)])
    with pytest.raises(BadSchema, match="amount_eur"):
        features(payments([("a", "p", 3)]).drop_columns(["amount_eur"]))
    with pytest.raises(BadRequest, match="label_delay_days is 0"):
        partner_features([], [], first_day=DAY, last_day=DAY, label_delay_days=0, limits=LIMITS)
