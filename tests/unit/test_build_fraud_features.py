"""build_fraud_features: a row a payment, each in its day, from what was known the moment before."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.errors import BadRequest, NoInput
from jobs.runtime.stores import Stores
from jobs.tables.declare import TIMESTAMP
from jobs.tables.outputs import FRAUD_FEATURES, OUTPUTS
from tests.trained import DAY, read_input, rows_of, write_input

EVE = DAY - timedelta(days=1)


@pytest.fixture(scope="module")
def built(copy_home: Callable[[], Stores]) -> Stores:
    stores = copy_home()
    build_fraud_features(BuildFraudFeatures(DAY, first_date=DAY - timedelta(days=2)), stores)
    return stores


def _payments(stores: Stores) -> pa.Table:
    return pa.concat_tables([read_input(stores, f"transactions/part-{n:05d}") for n in range(2)])


def test_every_good_payment_of_the_days_has_one_row_in_the_partition_of_its_day(built: Stores) -> None:
    payments = _payments(built)
    payments = payments.append_column("day", payments["occurred_at"].cast("date32"))
    good = payments.filter((pc.field("amount_eur") >= 0) & pc.is_finite(pc.field("amount_eur")))
    rows = rows_of(built, FRAUD_FEATURES)
    days = [DAY - timedelta(days=back) for back in (2, 1, 0)]
    assert rows["run_date"].unique().to_pylist() == days
    for day in days:
        expected = good.filter(pc.equal(good["day"], pa.scalar(day)))["transaction_id"].unique().to_pylist()
        assert rows.filter(pc.equal(rows["run_date"], pa.scalar(day)))["transaction_id"].to_pylist() == sorted(expected)
    assert rows["occurred_at"].cast("date32").equals(rows["run_date"])


def test_a_run_of_one_day_replaces_that_day_alone(built: Stores) -> None:
    before = {day: rows_of(built, FRAUD_FEATURES, run_date=day) for day in (EVE, DAY)}
    report = build_fraud_features(BuildFraudFeatures(DAY), built)
    assert rows_of(built, FRAUD_FEATURES, run_date=EVE).equals(before[EVE])
    today = rows_of(built, FRAUD_FEATURES, run_date=DAY)
    assert set(today["run_id"].to_pylist()) == {report.run_id}
    assert today.drop_columns(["run_id"]).equals(before[DAY].drop_columns(["run_id"])), "and it comes to the same"


def test_a_label_that_becomes_known_later_changes_no_row(trained: Stores) -> None:
    build_fraud_features(BuildFraudFeatures(DAY), trained)
    before = rows_of(trained, FRAUD_FEATURES).drop_columns(["run_id"])
    ids = _payments(trained)["transaction_id"].unique()[::20]
    tomorrow = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(days=1)
    later = {
        "transaction_id": ids,
        "is_fraud": pa.repeat(True, len(ids)),
        "reported_at": pa.repeat(pa.scalar(tomorrow, TIMESTAMP), len(ids)),
    }
    write_input(trained, "fraud_reports/later", pa.table(later))
    report = build_fraud_features(BuildFraudFeatures(DAY), trained)
    after = rows_of(trained, FRAUD_FEATURES)
    assert set(after["run_id"].to_pylist()) == {report.run_id}, "the reports make it another run"
    assert after.drop_columns(["run_id"]).equals(before)


def test_a_payment_of_the_day_does_not_count_in_its_own_windows(trained: Stores) -> None:
    """A customer's first payment of all has no history, whatever it is worth."""
    rows = _payments(trained).slice(0, 1).to_pylist()
    noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    new = [{**rows[0], "transaction_id": f"new-{n}", "customer_id": "newcomer", "amount_eur": 50.0 + n} for n in (0, 1)]
    new[0]["occurred_at"], new[1]["occurred_at"] = noon, noon + timedelta(hours=1)
    write_input(trained, "transactions/new", pa.Table.from_pylist(new))
    build_fraud_features(BuildFraudFeatures(DAY), trained)
    first, second = rows_of(trained, FRAUD_FEATURES, customer_id="newcomer").to_pylist()
    assert first["customer_count_7d"] == 0
    assert first["customer_mean_eur_7d"] is None
    assert (second["customer_count_7d"], second["customer_mean_eur_7d"]) == (1, 50.0)


def test_days_without_payments_and_days_in_no_order_are_refused(trained: Stores) -> None:
    for number in range(2):
        name = f"transactions/part-{number:05d}"
        write_input(trained, name, read_input(trained, name).slice(0, 100))
    with pytest.raises(NoInput):
        build_fraud_features(BuildFraudFeatures(DAY - timedelta(days=400)), trained)
    with pytest.raises(BadRequest, match="first_day 2026-11-22 is after last_day 2026-11-21"):
        build_fraud_features(BuildFraudFeatures(DAY, first_date=DAY + timedelta(days=1)), trained)
    assert [trained.tables.count(table) for table in OUTPUTS.values()] == [0] * len(OUTPUTS)
