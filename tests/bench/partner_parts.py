"""In a process of its own: a bare DuckDB sum over the payments' columns, or the features and ranks of all partners.

``python -m tests.bench.partner_parts scan|features FOLDER THREADS MEMORY_MB``
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from jobs.science.fraud.engine import Limits, ParquetFiles
from jobs.science.partners.features import partner_features
from jobs.science.partners.score import held_back, ranks
from tests.bench.cpu_seconds import timed
from tests.bench.partner_payments import RUN_DAY

SCAN = """
SELECT count(*), sum(length(transaction_id)), sum(length(customer_id)), sum(length(partner_id)),
    sum(epoch_us(occurred_at) // 1000000), sum(amount_eur)
FROM read_parquet('{files}')
"""


def scan(folder: Path, threads: int, memory_mb: int) -> dict[str, Any]:
    """Sum every column that the features read."""
    with duckdb.connect(config={"threads": threads, "memory_limit": f"{memory_mb}MB"}) as connection:
        row = connection.execute(SCAN.format(files=folder / "transactions-*.parquet")).fetchone()
    assert row is not None
    return {"rows": row[0]}


def features(folder: Path, threads: int, memory_mb: int) -> dict[str, Any]:
    """Compute the features of all partners on one day, and rank them by the shrunk rate."""
    paths = {
        name: tuple(sorted(map(str, folder.glob(f"{name}-*.parquet")))) for name in ("transactions", "fraud_reports")
    }
    with tempfile.TemporaryDirectory() as spill:
        rows = partner_features(
            ParquetFiles(paths["transactions"]),
            ParquetFiles(paths["fraud_reports"]),
            first_day=RUN_DAY,
            last_day=RUN_DAY,
            label_delay_days=7,
            limits=Limits(memory_mb=memory_mb, threads=threads, temp_directory=spill),
        )
    rank = ranks(held_back(rows["fraud_rate_shrunk"].to_numpy(), rows["recent_28d"].to_numpy()))
    if rank.max() != rows.num_rows or not rows["frauds_28d"].to_numpy().sum():
        raise SystemExit("the partners were not ranked, or there was no fraud to find")
    return {"partners": rows.num_rows}


def main(what: str, folder: Path, threads: int, memory_mb: int) -> None:
    """Do one of the two and say what it took."""
    found: dict[str, Any] = {}
    took = timed(lambda: found.update({"scan": scan, "features": features}[what](folder, threads, memory_mb)))
    print(json.dumps({**found, "cpu_s": took.cpu_s, "wall_s": took.wall_s}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:5]))
