"""Build what was known the moment before each transaction of a day, or of a range of days."""

import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.runtime.chain import step
from jobs.runtime.command import flag, main
from jobs.runtime.online_night import DETAIL, keep_state, state_prefix
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.fraud.engine import Limits, ParquetFiles, Source
from jobs.science.fraud.features import fraud_features
from jobs.science.fraud.state import online_state
from jobs.tables.inputs import FRAUD_REPORTS, TRANSACTIONS
from jobs.tables.outputs import FRAUD_FEATURES


@dataclass(frozen=True)
class BuildFraudFeatures:
    """Build the features of every transaction of a day, or of all days from the first date on."""

    run_date: date = flag("last day whose transactions get features", unit="YYYY-MM-DD", example="2026-11-22")
    first_date: date | None = flag(
        "first day; without it the run's date alone", unit="YYYY-MM-DD", default=None, example="2026-10-01"
    )
    label_delay_days: int = flag(
        "days after which an unreported transaction counts as genuine", unit="days", default=7, example="7"
    )
    memory_mb: int = flag(
        "memory of the SQL engine; what does not fit is spilled", unit="MB", default=450, example="900", low=64
    )


def build_fraud_features(request: BuildFraudFeatures, stores: Stores) -> Report:
    """Build features and commit them, day by day.

    Raises
    ------
    NoInput
        If there are no transactions on these days.
    """
    return run_job(JOB, request, stores)


def build(request: BuildFraudFeatures, stores: Stores, shard: OpenShard) -> None:
    """Read transactions and reports, compute, stage each day in its own partition."""
    with tempfile.TemporaryDirectory(prefix="netlift-") as spill:
        transactions, fraud_reports = shard.read(TRANSACTIONS, unique="transaction_id"), shard.read(FRAUD_REPORTS)
        limits = Limits(memory_mb=request.memory_mb, temp_directory=spill)
        kept: tuple[Source, Source] | None = None
        if stores.online is not None:
            # Read once and used twice: for the features of these days, and for the endpoint's of the next one.
            kept = _kept(transactions, spill, "t"), _kept(fraud_reports, spill, "r")
            _keep_online_state(request, *kept, limits, stores, shard)
        batches = fraud_features(
            *((transactions, fraud_reports) if kept is None else kept),
            first_day=request.first_date or request.run_date,
            last_day=request.run_date,
            label_delay_days=request.label_delay_days,
            limits=limits,
        )
        for batch in batches:
            for day, rows in by_day(batch):
                shard.stage(FRAUD_FEATURES, rows, run_date=day)


def _keep_online_state(
    request: BuildFraudFeatures,
    transactions: Source,
    fraud_reports: Source,
    limits: Limits,
    stores: Stores,
    shard: OpenShard,
) -> None:
    """Keep what the endpoint needs of the past as of the day after; it is written online after the commit."""
    as_of = datetime.combine(request.run_date + timedelta(days=1), time.min, UTC)
    state = online_state(
        transactions, fraud_reports, as_of=as_of, label_delay_days=request.label_delay_days, limits=limits
    )
    prefix = state_prefix(shard.run_id, shard.attempt, as_of.date())
    shard.details |= {**keep_state(state, stores.objects, prefix), DETAIL: prefix}


def _kept(parts: Iterable[pa.Table], folder: str, name: str) -> ParquetFiles:
    """Write parts to files of a folder, one at a time."""
    paths = []
    for number, part in enumerate(parts):
        paths.append(str(Path(folder) / f"{name}-{number}.parquet"))
        pq.write_table(part, paths[-1])
    return ParquetFiles(tuple(paths))


def by_day(rows: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    """Yield the rows of each day, in order of days."""
    for day in sorted(rows["run_date"].unique().to_pylist()):
        yield day, rows.filter(pc.equal(rows["run_date"], pa.scalar(day)))


JOB = Job(step("build-fraud-features"), BuildFraudFeatures, build)

if __name__ == "__main__":
    sys.exit(main(JOB))
