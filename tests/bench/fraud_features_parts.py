"""Each measurement of the feature benchmark, for a process of its own.

``python -m tests.bench.fraud_features_parts history FOLDER PART`` writes what is measured on;
``build FOLDER FIRST LAST MEMORY_MB`` computes features; ``pandas FOLDER SHARE`` is the rival on a share of the rows.
"""

import json
import os
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

import duckdb

from jobs.science.fraud.engine import Limits, ParquetFiles
from jobs.science.fraud.features import fraud_features
from tests.bench.cpu_seconds import ROOT, timed

DELAY_DAYS = 7
HANDBOOK = "handbook_transactions.parquet"


def history(folder: Path, part: int) -> dict[str, object]:
    """Write the Handbook's transactions and labels in the declared columns; of every so many customers one."""
    data = Path(os.environ.get("NETLIFT_DATA", ROOT.parent / "shared" / "data")) / HANDBOOK
    if not data.is_file():
        raise SystemExit(f"{data} is not there; name its folder in NETLIFT_DATA")
    with duckdb.connect(config={"threads": 1, "memory_limit": "500MB", "temp_directory": str(folder)}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"""COPY (SELECT CAST(TRANSACTION_ID AS VARCHAR) AS transaction_id,
                CAST(CUSTOMER_ID AS VARCHAR) AS customer_id, CAST(TERMINAL_ID AS VARCHAR) AS partner_id,
                CAST(TX_DATETIME AS TIMESTAMPTZ) AS occurred_at, TX_AMOUNT AS amount_eur, TX_FRAUD = 1 AS is_fraud
            FROM read_parquet('{data}') WHERE CUSTOMER_ID % {part} = 0) TO '{folder}/transactions.parquet'"""
        )
        connection.execute(
            f"""COPY (SELECT transaction_id, is_fraud, occurred_at + INTERVAL {DELAY_DAYS} DAY AS reported_at
            FROM '{folder}/transactions.parquet' WHERE is_fraud) TO '{folder}/reports.parquet'"""
        )
        found = connection.execute(
            f"SELECT count(*), min(occurred_at)::DATE, max(occurred_at)::DATE FROM '{folder}/transactions.parquet'"
        ).fetchone()
    assert found is not None
    return {"rows": found[0], "first": str(found[1]), "last": str(found[2])}


def build(folder: Path, first: str, last: str, memory_mb: int, rounds: int = 1) -> dict[str, object]:
    """Compute the features of some days, read them as they come and let go of them; the least of some rounds."""
    rows = 0

    def once() -> None:
        nonlocal rows
        batches = fraud_features(
            ParquetFiles((f"{folder}/transactions.parquet",)),
            ParquetFiles((f"{folder}/reports.parquet",)),
            first_day=date.fromisoformat(first),
            last_day=date.fromisoformat(last),
            label_delay_days=DELAY_DAYS,
            limits=Limits(memory_mb=memory_mb, threads=1, temp_directory=str(folder / "spill")),
        )
        rows = sum(batch.num_rows for batch in batches)

    took = timed(once)
    for _ in range(rounds - 1):
        took = timed(once).least(took)
    return {"rows": rows, **asdict(took)}


def rival(folder: Path, share: int) -> dict[str, object]:
    """Compute features with pandas, of every so many customers one and of every so many partners one.

    ``by_group`` calls the functions for one customer and one partner after the other, as the Handbook does; ``whole``
    calls them once for all of these, with windows that pandas groups by itself.
    """
    import pandas as pd

    from tests.bench.fraud_features_pandas import customer_features, partner_features

    rows = pd.read_parquet(folder / "transactions.parquet").assign(is_large=0.0)
    rows["is_fraud"] = rows["is_fraud"].astype(float)
    seconds = {"by_group": 0.0, "whole": 0.0}
    for key, compute in (
        ("customer_id", customer_features),
        ("partner_id", lambda part: partner_features(part, DELAY_DAYS)),
    ):
        chosen = rows[key].drop_duplicates().sort_values().iloc[::share]
        part = rows[rows[key].isin(chosen)].copy()
        scale = len(rows) / len(part)
        groups = [group.copy() for _, group in part.groupby(key)]
        seconds["by_group"] += scale * timed(lambda c=compute, g=groups: [c(one) for one in g]).cpu_s
        seconds["whole"] += scale * timed(lambda c=compute, p=part: c(p)).cpu_s
    return {"rows": len(rows), **seconds}


def main(what: str, folder: str, *rest: str) -> None:
    """Do what is asked and print it."""
    if what == "history":
        found = history(Path(folder), int(rest[0]))
    elif what == "build":
        found = build(Path(folder), rest[0], rest[1], *map(int, rest[2:]))
    else:
        found = rival(Path(folder), int(rest[0]))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
