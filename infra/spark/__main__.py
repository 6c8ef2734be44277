"""``python -m infra.spark``: the statement for a cluster, or the same features on DuckDB and on Spark, compared."""

import argparse
import json
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from infra.spark.local_mode import Asked, build
from jobs.runtime.command import guarded
from jobs.science.fraud.engine import Limits, ParquetFiles
from jobs.science.fraud.features import fraud_features
from jobs.science.synthetic import World

DAY = date(2026, 11, 21)


def print_statement(flags: argparse.Namespace) -> None:
    """Print the SQL, and as a comment above it the arguments that go with it."""
    asked = Asked(flags.first_date or flags.run_date, flags.run_date, flags.label_delay_days, flags.refresh_hours)
    sys.stdout.write(f"-- {' '.join(asked.arguments())}\n{asked.statement}")


def compare(flags: argparse.Namespace) -> None:
    """Build a made-up world's features on both engines; print one JSON object.

    Raises
    ------
    SystemExit
        With 1, if a value differs.
    """
    world = World(flags.seed, flags.customers, DAY, days=75, bad_rows=False)
    asked = Asked(DAY - timedelta(days=13), DAY)
    with tempfile.TemporaryDirectory(prefix="netlift-spark-") as name:
        folder = Path(name)
        transactions, fraud_reports = _files(world, folder)
        started = time.perf_counter()
        on_duckdb = pa.concat_tables(
            fraud_features(
                ParquetFiles(tuple(map(str, transactions))),
                ParquetFiles(tuple(map(str, fraud_reports))),
                first_day=asked.first_day,
                last_day=asked.last_day,
                label_delay_days=asked.label_delay_days,
                limits=Limits(memory_mb=2_000, temp_directory=str(folder)),
            )
        ).combine_chunks()
        between = time.perf_counter()
        on_spark = build(asked, transactions, fraud_reports, folder)
        ended = time.perf_counter()
    equal = on_spark.equals(on_duckdb)
    took = {"duckdb_s": round(between - started, 2), "spark_s": round(ended - between, 2)}
    sys.stdout.write(json.dumps({"rows": on_duckdb.num_rows, "rows_equal": equal, **took}) + "\n")
    if not equal:
        raise SystemExit(1)


def _files(world: World, folder: Path) -> tuple[list[Path], list[Path]]:
    """Write a world's payments and reports, a file a shard."""
    written: tuple[list[Path], list[Path]] = ([], [])
    for shard in world.shards():
        payments = world.payments(shard)
        for files, rows in zip(written, (payments.transactions, payments.fraud_reports), strict=True):
            files.append(folder / f"part-{len(written[0])}-{len(written[1])}.parquet")
            pq.write_table(rows, files[-1])
    return written


def main(argv: list[str] | None = None) -> int:
    """Do what is asked; a named failure is one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="python -m infra.spark", description=(__doc__ or "").split("\n")[0])
    verbs = parser.add_subparsers(required=True)
    one = verbs.add_parser("statement", help="print the SQL for a cluster")
    one.add_argument("--run-date", type=date.fromisoformat, required=True)
    one.add_argument("--first-date", type=date.fromisoformat)
    one.add_argument("--label-delay-days", type=int, default=7)
    one.add_argument("--refresh-hours", type=int, default=24)
    one.set_defaults(act=print_statement)
    two = verbs.add_parser("compare", help="build the same features on DuckDB and on Spark in local mode")
    two.add_argument("--customers", type=int, default=20_000)
    two.add_argument("--seed", type=int, default=7)
    two.set_defaults(act=compare)
    flags = parser.parse_args(argv)
    return guarded(lambda: flags.act(flags))


if __name__ == "__main__":
    sys.exit(main())
