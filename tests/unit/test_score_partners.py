"""score_partners: partners ranked by what is known of their fraud, shrunk towards the rate of all."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from jobs.runtime.stores import Stores
from jobs.science.partners.score import FEW_PAYMENTS
from jobs.score_partners import ScorePartners, score_partners
from jobs.tables.outputs import PARTNER_RISK
from tests.trained import DAY, read_input, rows_of, write_input

DELAY_DAYS = 7


@pytest.fixture(scope="module")
def ranked(copy_home: Callable[[], Stores]) -> Stores:
    stores = copy_home()
    score_partners(ScorePartners(DAY, label_delay_days=DELAY_DAYS), stores)
    return stores


def _counted(stores: Stores) -> dict[str, list[int]]:
    """Payments and known frauds by partner, of the seven days that ended a label delay before the day's end."""
    end = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(days=1)
    until = end - timedelta(days=DELAY_DAYS)
    fraud: dict[str, tuple[datetime, bool]] = {}
    payments: dict[str, dict[str, Any]] = {}
    for number in range(2):
        for row in read_input(stores, f"fraud_reports/part-{number:05d}").to_pylist():
            if row["reported_at"] < end:
                known = (row["reported_at"], row["is_fraud"])
                fraud[row["transaction_id"]] = max(known, fraud.get(row["transaction_id"], known))
        for row in read_input(stores, f"transactions/part-{number:05d}").to_pylist():
            if row["amount_eur"] >= 0 and until - timedelta(days=7) <= row["occurred_at"] < until:
                payments.setdefault(row["transaction_id"], row)
    counted: dict[str, list[int]] = {}
    for transaction_id, row in payments.items():
        counts = counted.setdefault(row["partner_id"], [0, 0])
        counts[0] += 1
        counts[1] += fraud.get(transaction_id, (None, False))[1]
    return counted


def test_payments_and_frauds_are_those_whose_labels_are_known(ranked: Stores) -> None:
    rows = rows_of(ranked, PARTNER_RISK, run_date=DAY).to_pylist()
    counted = _counted(ranked)
    assert {r["partner_id"]: [r["transactions_7d"], r["frauds_7d"]] for r in rows if r["transactions_7d"]} == counted
    assert sum(frauds for _, frauds in counted.values()) > 10, "a world in which there is something to rank"


def test_without_a_model_the_shrunk_rate_ranks_and_the_report_says_so(ranked: Stores) -> None:
    rows = rows_of(ranked, PARTNER_RISK, run_date=DAY).sort_by("rank")
    assert rows["rank"].to_pylist() == list(range(1, rows.num_rows + 1))
    scores = rows["score"].to_pylist()
    assert scores == sorted(scores, reverse=True)
    busy = [r for r in rows.to_pylist() if r["transactions_28d"] > FEW_PAYMENTS]
    rates = [r["fraud_rate_shrunk"] for r in busy]
    assert rates == sorted(rates, reverse=True)
    assert {r["risk_probability"] for r in busy} == {r["model_version"] for r in busy} == {None}
    report = score_partners(ScorePartners(DAY, label_delay_days=DELAY_DAYS), ranked)
    assert report.state == "already done"
    assert report.details["scored_by"] == "7-day shrunk fraud rate: no model was promoted yet"


def test_the_queue_is_no_longer_than_the_capacity_and_says_why_in_the_partners_own_figures(ranked: Stores) -> None:
    rows = rows_of(ranked, PARTNER_RISK, run_date=DAY).sort_by("rank").to_pylist()
    queue = [r for r in rows if r["outcome"] == "review"]
    assert 5 < len(queue) <= 50
    assert [r["rank"] for r in queue] == list(range(1, len(queue) + 1))
    for row in queue:
        words = row["reason_1"]
        assert words.split(":")[0] in {"fraud_streak", "known_fraud"}
        assert f"{row['frauds_28d']} of {row['transactions_28d']}" in words
    assert all(r["reason_1"] is None for r in rows if r["outcome"] == "pass")


def test_headroom_is_the_limit_less_reports_and_disputes_over_payments(ranked: Stores) -> None:
    for row in rows_of(ranked, PARTNER_RISK, run_date=DAY).to_pylist():
        if row["transactions_28d"]:
            ratio = (row["frauds_28d"] + row["disputes_28d"]) / row["transactions_28d"]
            assert row["scheme_ratio_28d"] == pytest.approx(ratio, abs=1e-6)
            assert row["scheme_headroom_28d"] == pytest.approx(0.015 - ratio, abs=1e-6)


def test_a_rate_is_shrunk_between_the_partners_own_and_that_of_all(ranked: Stores) -> None:
    rows = rows_of(ranked, PARTNER_RISK, run_date=DAY).to_pylist()
    of_all = sum(r["frauds_7d"] for r in rows) / sum(r["transactions_7d"] for r in rows)
    for row in rows:
        if row["transactions_7d"]:
            own = row["frauds_7d"] / row["transactions_7d"]
            assert min(own, of_all) - 1e-12 <= row["fraud_rate_shrunk"] <= max(own, of_all) + 1e-12


def test_a_partner_whose_frauds_become_known_climbs(trained: Stores) -> None:
    score_partners(ScorePartners(DAY), trained)
    quiet = rows_of(trained, PARTNER_RISK, run_date=DAY).sort_by([("rank", "descending")]).to_pylist()
    fallen = next(row for row in quiet if row["transactions_7d"] >= 5)
    day = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    payments = [
        row["transaction_id"]
        for number in range(2)
        for row in read_input(trained, f"transactions/part-{number:05d}").to_pylist()
        if row["partner_id"] == fallen["partner_id"]
    ]
    n = len(payments)
    reports = {"transaction_id": payments, "is_fraud": [True] * n, "reported_at": [day] * n}
    write_input(trained, "fraud_reports/more", pa.table(reports))
    score_partners(ScorePartners(DAY), trained)
    [row] = rows_of(trained, PARTNER_RISK, run_date=DAY, partner_id=fallen["partner_id"]).to_pylist()
    assert row["frauds_7d"] == row["transactions_7d"] == fallen["transactions_7d"]
    assert row["rank"] <= 5 < fallen["rank"]
