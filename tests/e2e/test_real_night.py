"""The night on real data: Hillstrom's e-mail trial and the Handbook's payments, on the local cloud, run twice."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest

from infra.local.home import LocalHome
from infra.local.load import EXAMPLES, load_payments, load_trial
from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.nightly import Nightly, nightly
from jobs.runtime.stores import Stores, open_stores
from jobs.tables.outputs import CUSTOMER_RISK, FRAUD_SCORES, OFFERS, PARTNER_RISK, UPLIFT_SCORES
from jobs.train_fraud import TrainFraud, train_fraud
from jobs.train_uplift import TrainUplift, train_uplift
from tests.trained import FIRST_TABLES, rows_of, states

CUSTOMERS = 64_000
ACCOUNTS = 4_990
BUDGET_EUR = 960.0
BEST_ARM = "Mens E-Mail"


@dataclass(frozen=True)
class Span:
    """How many days of payments are loaded, and how many of them train."""

    payment_days: int
    train_days: int
    calibration_days: int
    test_days: int
    rounds: int

    @property
    def feature_days(self) -> int:
        """Days of features that training needs; labels take a week to be known."""
        return self.train_days + self.calibration_days + self.test_days + 8


SMALL = Span(50, 7, 3, 2, 60)
WHOLE = Span(80, 28, 14, 7, 200)


@pytest.mark.parametrize("span", [SMALL, pytest.param(WHOLE, marks=pytest.mark.long)], ids=["small", "whole"])
def test_the_night_on_real_data_runs_twice_and_the_second_changes_no_table(
    span: Span, data_dir: Path, local_home: LocalHome, tmp_path: Path
) -> None:
    del local_home
    stores = open_stores()
    spec = tmp_path / "handbook.toml"
    spec.write_text((EXAMPLES / "handbook.toml").read_text().replace("days = 80", f"days = {span.payment_days}"))
    payments = load_payments(spec, data_dir, stores.objects)
    assert payments.days == span.payment_days
    day = payments.run_date
    load_trial(EXAMPLES / "hillstrom.toml", data_dir, stores.objects, day)
    eve = day - timedelta(days=1)
    build_fraud_features(BuildFraudFeatures(eve, first_date=day - timedelta(days=span.feature_days)), stores)
    days = {"train_days": span.train_days, "calibration_days": span.calibration_days, "test_days": span.test_days}
    fraud = train_fraud(TrainFraud(eve, **days, rounds=span.rounds, threads=1), stores)
    uplift = train_uplift(TrainUplift(eve, "hillstrom", threads=1), stores)
    assert fraud.details["metrics"]["roc_auc"] > 0.8
    assert (uplift.details["verdict"]["kind"], uplift.details["verdict"]["arm"]) == ("one arm for everyone", BEST_ARM)

    first = nightly(Nightly(day), stores)
    assert {r.state for r in first} == {"finished"}
    assert all(r.rows_in == r.rows_used + r.rows_quarantined for r in first)
    assert sum(r.rows_quarantined for r in first) == 0, "the data are clean: nothing of them is lost"
    _is_whole(stores, day)
    before = states(stores)
    assert set(before) == FIRST_TABLES

    again = nightly(Nightly(day), stores)
    assert again == tuple(replace(r, state="already done") for r in first)
    assert states(stores) == before


def _is_whole(stores: Stores, day: date) -> None:
    """Every table speaks of everybody it should."""
    scores = rows_of(stores, FRAUD_SCORES, run_date=day)
    assert 9_000 < scores.num_rows < 10_500, "payments of one day"
    assert rows_of(stores, PARTNER_RISK, run_date=day).num_rows > 9_000
    risks = rows_of(stores, CUSTOMER_RISK, run_date=day)
    assert 4_900 < risks.num_rows <= ACCOUNTS
    assert rows_of(stores, UPLIFT_SCORES, run_date=day).num_rows == 2 * CUSTOMERS
    offers = rows_of(stores, OFFERS, run_date=day)
    assert offers.num_rows == CUSTOMERS
    offered = offers.filter(pc.equal(offers["status"], "offered"))
    assert set(offered["arm"].to_pylist()) == {BEST_ARM}, "what the trial says: one e-mail for everyone"
    assert pc.sum(offered["cost_eur"]).as_py() <= BUDGET_EUR
    assert pc.max(offered["fraud_probability"]).as_py() <= 0.2
    # Row i pays as account i mod 4,990: its risk is the account's.
    known = dict(zip(risks["customer_id"].to_pylist(), risks["fraud_probability"].to_pylist(), strict=True))
    of_offer = dict(zip(offers["customer_id"].to_pylist(), offers["fraud_probability"].to_pylist(), strict=True))
    assert of_offer["4992"] == of_offer["2"] == known["2"]
