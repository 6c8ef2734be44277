"""In a process of its own: a bare DuckDB sum over the payments' columns, or the segments of all customers.

``python -m tests.bench.segment_parts scan|segments FOLDER THREADS MEMORY_MB SEED``
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq

from jobs.science.fraud.engine import Limits, ParquetFiles
from jobs.science.segments.agreement import adjusted_rand_index
from jobs.science.segments.behaviour import Window, read_behaviour
from jobs.science.segments.fit import fit_segments
from jobs.science.segments.profiles import Profiles
from tests.bench.cpu_seconds import timed
from tests.bench.segment_payments import DAYS, LAST_DAY, habits

FIT_ROWS = 50_000
"""Customers that the segments are made of; all of them are assigned."""

SCAN = """
SELECT count(*), sum(length(transaction_id)), sum(length(customer_id)), sum(length(partner_id)),
    sum(epoch_us(occurred_at) // 1000000), sum(amount_eur)
FROM read_parquet('{files}')
"""


def scan(folder: Path, threads: int, memory_mb: int, _: int) -> dict[str, Any]:
    """Sum every column that the behaviour is read from."""
    with duckdb.connect(config={"threads": threads, "memory_limit": f"{memory_mb}MB"}) as connection:
        row = connection.execute(SCAN.format(files=folder / "transactions-*.parquet")).fetchone()
    assert row is not None
    return {"rows": row[0]}


def segments(folder: Path, threads: int, memory_mb: int, seed: int) -> dict[str, Any]:
    """Read the behaviour of all customers, fit segments, assign every customer, add up the profiles."""
    paths = {name: sorted(map(str, folder.glob(f"{name}-*.parquet"))) for name in ("transactions", "fraud_reports")}
    customers = (pq.read_table(file) for file in sorted(folder.glob("customers-*.parquet")))
    window = Window(LAST_DAY, DAYS)
    assigned = []
    with (
        tempfile.TemporaryDirectory() as spill,
        read_behaviour(
            ParquetFiles(tuple(paths["transactions"])),
            ParquetFiles(tuple(paths["fraud_reports"])),
            customers,
            window,
            Limits(memory_mb=memory_mb, threads=threads, temp_directory=spill),
        ) as read,
    ):
        fitted = fit_segments(read.sample(FIT_ROWS), window)
        profiles = Profiles(fitted.model.name_of, window)
        for rows in read.customers():
            number = fitted.model.assign(rows, window).number
            profiles.add(rows, number)
            place = np.array([int(name[1:]) for name in rows["customer_id"].to_pylist()])
            assigned.append(np.stack([place, number]))
    place, number = np.concatenate(assigned, axis=1)
    paid = number > 0
    planted = habits(seed, len(place))[place]
    return {
        "customers": len(place),
        "segments": len(fitted.model.numbers),
        "ari_with_planted": round(adjusted_rand_index(planted[paid].astype(np.int64), number[paid]), 4),
        "ari_of_halves": round(fitted.clusters.halves_agreement, 4),
    }


def main(what: str, folder: Path, threads: int, memory_mb: int, seed: int) -> None:
    """Do one of the two and say what it took."""
    found: dict[str, Any] = {}
    run = {"scan": scan, "segments": segments}[what]
    took = timed(lambda: found.update(run(folder, threads, memory_mb, seed)))
    print(json.dumps({**found, "cpu_s": took.cpu_s, "wall_s": took.wall_s}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:6]))
