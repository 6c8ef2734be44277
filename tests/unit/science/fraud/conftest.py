"""Histories for the tests of fraud: a made-up one, and weeks of the Handbook's transactions."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from jobs.science.fraud.engine import Limits
from jobs.science.fraud.features import fraud_features, lookback_days

LIMITS = Limits(memory_mb=450, threads=1)
MOMENT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class History:
    """Transactions and reports."""

    transactions: pa.Table
    fraud_reports: pa.Table


@dataclass(frozen=True)
class Handbook:
    """Features of the Handbook's weeks, and their labels."""

    features: pa.Table
    is_fraud: np.ndarray
    day: np.ndarray
    customer: np.ndarray
    history: History


def made_up_history(rows: int, days: int, seed: int) -> History:
    """Few customers and partners, many rows at the same second, late reports and withdrawn ones."""
    rng = np.random.default_rng(seed)
    start = 1_700_000_000 - 1_700_000_000 % 86_400
    second = start + rng.integers(0, days * 24, rows) * 3600 + rng.integers(0, 2, rows)
    ids = np.array([f"t{n}" for n in rng.permutation(rows)])
    occurred_us = second * 1_000_000
    transactions = pa.table(
        {
            "transaction_id": ids,
            "customer_id": [f"c{n}" for n in rng.integers(0, 12, rows)],
            "partner_id": [f"p{n}" for n in rng.integers(0, 8, rows)],
            "occurred_at": pa.array(occurred_us, pa.int64()).cast(MOMENT),
            "amount_eur": rng.integers(0, 700, rows) ** 2 / 100,
        }
    )
    reported = rng.choice(rows, rows // 4, replace=False)
    withdrawn = reported[: len(reported) // 4]
    which = np.concatenate([reported, withdrawn])
    delay_s = np.concatenate([rng.integers(0, 20 * 86_400, len(reported)), np.full(len(withdrawn), 25 * 86_400)])
    fraud_reports = pa.table(
        {
            "transaction_id": ids[which],
            "is_fraud": np.arange(len(which)) < len(reported),
            "reported_at": pa.array(occurred_us[which] + delay_s * 1_000_000, pa.int64()).cast(MOMENT),
        }
    )
    return History(transactions, fraud_reports)


def handbook_history(data_dir: Path, first: dt.date, last: dt.date) -> History:
    """Read days of the Handbook's transactions, each label known a week later."""
    path = data_dir / "handbook_transactions.parquet"
    if not path.is_file():
        pytest.skip(f"SKIPPED FOR WANT OF REAL DATA: {path} is not there; name its folder in NETLIFT_DATA.")
    with duckdb.connect(config={"threads": 1}) as connection:
        rows = connection.sql(
            f"""SELECT CAST(TRANSACTION_ID AS VARCHAR) AS transaction_id, CAST(CUSTOMER_ID AS VARCHAR) AS customer_id,
                CAST(TERMINAL_ID AS VARCHAR) AS partner_id, epoch_us(TX_DATETIME) AS us, TX_AMOUNT AS amount_eur,
                TX_FRAUD = 1 AS is_fraud
            FROM read_parquet('{path}')
            WHERE TX_DATETIME >= DATE '{first}' AND TX_DATETIME < DATE '{last + dt.timedelta(days=1)}'
            ORDER BY us, transaction_id"""
        ).to_arrow_table()
    rows = rows.append_column("occurred_at", rows["us"].cast(MOMENT))
    reports = rows.filter(rows["is_fraud"])
    week_us = 7 * 86_400_000_000
    reported_at = pa.array(reports["us"].to_numpy() + week_us).cast(MOMENT)
    return History(
        rows.select(["transaction_id", "customer_id", "partner_id", "occurred_at", "amount_eur"]),
        reports.select(["transaction_id", "is_fraud"]).append_column("reported_at", reported_at),
    )


@pytest.fixture(scope="session")
def handbook(data_dir: Path) -> Handbook:
    """Features of 2018-06-25 to 2018-08-14 of the Handbook, with the days before them that matter."""
    first, last = dt.date(2018, 6, 25), dt.date(2018, 8, 14)
    history = handbook_history(data_dir, first - dt.timedelta(days=lookback_days(7)), last)
    batches = fraud_features(
        history.transactions,
        history.fraud_reports,
        first_day=first,
        last_day=last,
        label_delay_days=7,
        limits=LIMITS,
        refresh_hours=1,  # the book's labels are known to the second; a day between refreshes costs .015 of precision
    )
    features = pa.concat_tables(batches)
    frauds = set(history.fraud_reports["transaction_id"].to_pylist())
    is_fraud = np.array([name in frauds for name in features["transaction_id"].to_pylist()])
    day = features["run_date"].cast(pa.int32()).to_numpy()
    return Handbook(features, is_fraud, day, features["customer_id"].to_numpy(), history)


@pytest.fixture
def made_up() -> History:
    """Ninety days of 1,500 transactions."""
    return made_up_history(1_500, 90, seed=3)
