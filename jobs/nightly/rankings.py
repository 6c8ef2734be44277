"""What a person should look at, read from the night's tables: review queue, partners by risk, drift."""

from datetime import date, timedelta

from jobs.pages.figures import DriftRow
from jobs.pages.night import QUEUE_ROWS
from jobs.pages.night_rows import PartnerRow, ReviewRow
from jobs.runtime.stores import Stores
from jobs.storage.tables import read_whole
from jobs.tables.outputs import DRIFT, FRAUD_SCORES, PARTNER_RISK

HISTORY_NIGHTS = 14
"""Nights of drift that a sparkline shows, this one included."""


def review_queue(run_date: date, stores: Stores) -> list[ReviewRow]:
    """Return the top of the night's review queue, with reasons."""
    where = {"run_date": run_date, "outcome": "review", "rank": (1, QUEUE_ROWS)}
    return [
        ReviewRow(
            row["rank"],
            row["transaction_id"],
            row["customer_id"],
            row["partner_id"],
            row["amount_eur"],
            row["fraud_probability"],
            [row[r] for r in ("reason_1", "reason_2", "reason_3") if row[r]],
        )
        for row in read_whole(stores.tables, FRAUD_SCORES, where).sort_by("rank").to_pylist()
    ]


def riskiest_partners(run_date: date, stores: Stores) -> list[PartnerRow]:
    """Return the partners with the highest risk, without names; risk is the probability where a model gave one."""
    where = {"run_date": run_date, "rank": (1, QUEUE_ROWS)}
    return [
        PartnerRow(
            row["rank"],
            row["partner_id"],
            "",
            row["fraud_rate_shrunk"] if row["risk_probability"] is None else row["risk_probability"],
            row["transactions_7d"],
            row["frauds_7d"],
        )
        for row in read_whole(stores.tables, PARTNER_RISK, where).sort_by("rank").to_pylist()
    ]


def drift_rows(run_date: date, stores: Stores) -> list[DriftRow]:
    """Return every variable's drift this night, with its index on the nights before."""
    days = (run_date - timedelta(days=HISTORY_NIGHTS - 1), run_date)
    columns = ["run_date", "kind", "variable", "psi", "missing_share", "missing_share_reference", "rows", "level"]
    found = read_whole(stores.tables, DRIFT, {"run_date": days}, columns)
    rows = found.sort_by([("run_date", "ascending"), ("kind", "ascending"), ("variable", "ascending")]).to_pylist()
    history: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        history.setdefault((row["kind"], row["variable"]), []).append(row["psi"])
    return [
        DriftRow(
            row["kind"],
            row["variable"],
            row["psi"],
            row["missing_share"],
            row["missing_share_reference"],
            row["rows"],
            row["level"],
            tuple(history[row["kind"], row["variable"]]),
        )
        for row in rows
        if row["run_date"] == run_date
    ]
