"""A whole night on the local cloud: loaded, trained, run, run again."""

from collections import Counter
from dataclasses import replace

import pyarrow.compute as pc

from jobs.nightly import Nightly, nightly
from jobs.tables.outputs import (
    CUSTOMER_RISK,
    CUSTOMER_SEGMENTS,
    DRIFT,
    FRAUD_FEATURES,
    FRAUD_SCORES,
    OFFERS,
    OUTPUTS,
    PARTNER_RISK,
    UPLIFT_SCORES,
)
from tests.e2e.conftest import Night
from tests.trained import CAMPAIGN, CUSTOMERS, DAY, FIRST_NIGHT, FIRST_TABLES, rows_of, set_aside


def test_every_step_of_the_chain_finishes_in_its_order(night: Night) -> None:
    assert [r.verb for r in night.reports] == [s.verb for s in FIRST_NIGHT]
    assert {(r.state, r.attempt) for r in night.reports} == {("finished", 1)}


def test_rows_in_are_rows_used_plus_rows_set_aside_in_every_report(night: Night) -> None:
    for report in (*night.training, *night.reports):
        assert report.rows_in == report.rows_used + report.rows_quarantined, report.verb
        aside = set_aside(night.stores, run_id=report.run_id)
        assert len(aside) == report.rows_quarantined == report.rows_out.get("quarantine", 0), report.verb
        assert {(row["job"], row["kind"], str(row["run_date"])) for row in aside} <= {
            (report.verb, report.kind, report.run_date)
        }


def test_all_rows_of_the_input_are_counted(night: Night) -> None:
    shards = night.world.shards(CUSTOMERS)
    payments = night.world.payments(shards[0])
    of_payments = payments.transactions.num_rows + payments.fraud_reports.num_rows
    assert night.report("build-fraud-features").rows_in == of_payments
    assert night.report("score-partners").rows_in == of_payments + night.world.partners().num_rows
    assert night.report("segment-customers").rows_in == of_payments + CUSTOMERS
    assert night.report("score-uplift").rows_in == CUSTOMERS
    assert night.report("monitor-drift").rows_in == CUSTOMERS + payments.fraud_reports.num_rows


def test_every_table_has_the_rows_that_the_input_asks_for(night: Night) -> None:
    """Counted from the world itself: one score a good payment of the day, one offer row a customer, and so on."""
    stores, world = night.stores, night.world
    payments = world.payments(world.shards(CUSTOMERS)[0]).transactions
    good = payments.filter(pc.and_(pc.greater_equal(payments["amount_eur"], 0), pc.is_finite(payments["amount_eur"])))
    today = good.filter(pc.equal(good["occurred_at"].cast("date32"), DAY))
    scores = rows_of(stores, FRAUD_SCORES, run_date=DAY)
    assert sorted(scores["transaction_id"].to_pylist()) == sorted(set(today["transaction_id"].to_pylist()))
    assert scores["transaction_id"].equals(rows_of(stores, FRAUD_FEATURES, run_date=DAY)["transaction_id"])
    recent = rows_of(stores, FRAUD_FEATURES).filter(
        pc.field("run_date") > pc.scalar(DAY.fromordinal(DAY.toordinal() - 14))
    )
    risks = rows_of(stores, CUSTOMER_RISK, run_date=DAY)
    assert risks["customer_id"].to_pylist() == sorted(set(recent["customer_id"].to_pylist()))
    partners = rows_of(stores, PARTNER_RISK, run_date=DAY)
    assert sorted(partners["rank"].to_pylist()) == list(range(1, partners.num_rows + 1))
    assert set(partners["partner_id"].to_pylist()) <= set(world.partners()["partner_id"].to_pylist())
    effects = rows_of(stores, UPLIFT_SCORES, run_date=DAY, campaign_id=CAMPAIGN)
    customers = world.customers(world.shards(CUSTOMERS)[0])["customer_id"].to_pylist()
    pairs = list(zip(effects["customer_id"].to_pylist(), effects["arm"].to_pylist(), strict=True))
    assert sorted(pairs) == sorted((c, arm) for c in customers for arm in world.arms)
    offers = rows_of(stores, OFFERS, run_date=DAY, campaign_id=CAMPAIGN)
    assert offers["customer_id"].to_pylist() == sorted(customers)
    assert pc.sum(pc.equal(offers["status"], "offered")).as_py() > 100, "a list that a test can say something of"
    drift = rows_of(stores, DRIFT, run_date=DAY)
    assert set(drift["kind"].to_pylist()) == {"fraud", "segments", f"uplift-{CAMPAIGN}"}
    assert rows_of(stores, CUSTOMER_SEGMENTS, run_date=DAY)["customer_id"].to_pylist() == sorted(customers)
    for report in night.reports:
        for name, rows in report.rows_out.items():
            mine = {"run_date": DAY, "run_id": report.run_id}
            assert rows_of(stores, OUTPUTS[name], **mine).num_rows == rows, (report.verb, name)


def test_planted_bad_payments_are_set_aside_with_their_reasons(night: Night) -> None:
    aside = set_aside(night.stores, run_date=DAY, job="build-fraud-features")
    first = night.world.transactions(night.world.shards(CUSTOMERS)[0])["transaction_id"][0].as_py()
    assert {(row["input"], row["column_name"]) for row in aside} == {
        ("transactions", "amount_eur"),
        ("transactions", "transaction_id"),
        ("transactions", "occurred_at"),
    }
    said = {row["reason"].split(": ")[0]: row["raw"] for row in aside}
    assert "t-no-amount" in said["amount_eur is missing"]
    assert "t-negative" in said["amount_eur must be at least 0"]
    assert "t-future" in said["occurred_at is after the run's date"]
    assert first in said["transaction_id stand twice, the first row was kept"]
    assert {row["file"] for row in aside} == {"inputs/transactions/part-00000.parquet"}


def test_planted_bad_units_of_the_trial_are_set_aside_with_their_reasons(night: Night) -> None:
    aside = set_aside(night.stores, job="train-uplift", kind=CAMPAIGN)
    assert {row["column_name"]: row["reason"].split(": ")[0] for row in aside} == {
        "arm": "arm is none of cashback-evening, cashback-morning, none, points-evening, points-morning",
        "propensity": "propensity must be above 0",
        "net_margin_eur": "net_margin_eur is missing",
    }
    assert len(aside) == 3


def test_the_input_of_the_night_goes_through_awswrangler_each_file_once_a_run(night: Night) -> None:
    planned = Counter(
        f"{night.stores.objects.uri}/{file.key}"
        for report in night.reports
        for files in night.manifest(report).files.values()
        for file in files
    )
    assert len(planned) == 7, "customers, transactions and reports, two files each, and partners"
    assert night.read == planned


def test_the_second_run_is_already_done_everywhere_and_changes_no_table(night: Night) -> None:
    assert night.again == tuple(replace(r, state="already done") for r in night.reports)
    assert night.before == night.after
    assert set(night.after) == FIRST_TABLES
    assert not night.read_again, "it read no input either"


def test_another_night_leaves_the_rows_of_this_one_as_they_are(night: Night) -> None:
    """Runs last: it adds the day after, for which no new payment has come."""
    kept = {name: rows_of(night.stores, table, run_date=DAY) for name, table in OUTPUTS.items()}
    tomorrow = DAY.fromordinal(DAY.toordinal() + 1)
    reports = nightly(Nightly(tomorrow), night.stores)
    assert {r.state for r in reports} == {"finished"}
    assert rows_of(night.stores, FRAUD_SCORES, run_date=tomorrow).num_rows == 0
    assert rows_of(night.stores, OFFERS, run_date=tomorrow).num_rows == CUSTOMERS
    for name, rows in kept.items():
        assert rows_of(night.stores, OUTPUTS[name], run_date=DAY).equals(rows), name
