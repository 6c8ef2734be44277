"""score_partners: partners ranked by what is known of their fraud, shrunk towards the rate of all."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from jobs.runtime.stores import Stores
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


def test_the_riskiest_partner_is_the_first(ranked: Stores) -> None:
    rows = rows_of(ranked, PARTNER_RISK, run_date=DAY).sort_by("rank")
    assert rows["rank"].to_pylist() == list(range(1, rows.num_rows + 1))
    rates = rows["fraud_rate_shrunk"].to_pylist()
    assert rates == sorted(rates, reverse=True)


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
