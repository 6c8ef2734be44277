import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest, BadRows
from jobs.science.fraud.risk import RiskSettings, customer_risk

NOW = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
NOW_S = int(NOW.timestamp())


def scored(rows):
    customers, days_ago, amounts, probabilities = zip(*rows, strict=True)
    return pa.table(
        {
            "customer_id": pa.array(customers, pa.string()),
            "occurred_at": pa.array([NOW - dt.timedelta(days=d) for d in days_ago], pa.timestamp("us", "UTC")),
            "amount_eur": pa.array(amounts, pa.float64()),
            "fraud_probability": pa.array(probabilities, pa.float64()),
        }
    )


def risk_of(rows, name="odd", **settings):
    found = customer_risk([scored(rows)], as_of_s=NOW_S, settings=RiskSettings(**settings)).to_pylist()
    return next(row for row in found if row["customer_id"] == name)


CROWD = [(f"c{n}", n % 20, 50.0, 0.002) for n in range(400)]


def test_weights_halve_with_every_half_life():
    """Checked by hand: weights 1 and 1/4, one imagined purchase at the rate of both together."""
    found = risk_of([("odd", 0, 100.0, 0.8), ("odd", 10, 200.0, 0.4)], half_life_days=5, prior_purchases=1)
    fraud, loss, weight = 0.8 + 0.25 * 0.4, 80 + 0.25 * 80, 1.25
    assert found["fraud_probability"] == pytest.approx((fraud + fraud / weight) / (weight + 1))
    assert found["expected_loss_eur"] == pytest.approx((loss + loss / weight) / (weight + 1))


def test_one_odd_payment_is_no_ban_and_fades():
    usual = [("odd", d, 50.0, 0.002) for d in range(20)]
    fresh = risk_of([*CROWD, *usual, ("odd", 0, 900.0, 0.95)])["fraud_probability"]
    old = risk_of([*CROWD, *usual, ("odd", 20, 900.0, 0.95)])["fraud_probability"]
    never = risk_of([*CROWD, *usual])["fraud_probability"]
    assert never < old < fresh < 0.1


def test_many_odd_payments_are_a_high_risk():
    found = risk_of([*CROWD, *(("odd", 0, 500.0, 0.95) for _ in range(40))])
    assert found["fraud_probability"] > 0.5
    assert found["expected_loss_eur"] == pytest.approx(500 * found["fraud_probability"], rel=0.05)


def test_mean_risk_is_the_mean_probability_when_all_customers_buy_alike():
    rng = np.random.default_rng(3)
    rows = [(f"c{n}", day, 10.0, p) for n in range(50) for day, p in enumerate(rng.random(8))]
    found = customer_risk([scored(rows)], as_of_s=NOW_S, settings=RiskSettings(half_life_days=1e9))
    assert np.mean(found["fraud_probability"]) == pytest.approx(np.mean([row[3] for row in rows]))


def test_batches_give_what_one_table_gives_in_order_of_customer():
    rows = scored([*CROWD, ("odd", 1, 10.0, 0.5)] * 2)
    whole = customer_risk([rows], as_of_s=NOW_S)
    parts = customer_risk((rows.slice(n, 100) for n in range(0, rows.num_rows, 100)), as_of_s=NOW_S)
    assert whole["customer_id"].to_pylist() == sorted(set(rows["customer_id"].to_pylist()))
    assert parts["customer_id"].equals(whole["customer_id"])
    np.testing.assert_allclose(parts["expected_loss_eur"], whole["expected_loss_eur"], rtol=1e-12)


def test_no_transactions_give_no_rows_of_the_declared_columns():
    found = customer_risk([], as_of_s=NOW_S)
    assert found.num_rows == 0
    assert found.column_names == ["customer_id", "fraud_probability", "expected_loss_eur"]


@pytest.mark.parametrize("bad", [(0, 5.0, np.nan), (0, 5.0, 1.1), (0, 5.0, None), (0, -1.0, 0.5), (-1, 5.0, 0.5)])
def test_a_value_that_cannot_be_is_refused(bad):
    with pytest.raises(BadRows, match="fraud_scores"):
        customer_risk([scored([("a", *bad)])], as_of_s=NOW_S)


@pytest.mark.parametrize("settings", [RiskSettings(half_life_days=0), RiskSettings(prior_purchases=-1)])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(BadRequest, match="give a number above 0"):
        customer_risk([], as_of_s=NOW_S, settings=settings)
