"""Rank partners by what is known of their fraud at the start of the day after the run's date."""

import sys
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta

from jobs.runtime.chain import step
from jobs.runtime.command import flag, main
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.fraud.engine import Limits
from jobs.science.fraud.partners import partner_risk
from jobs.tables.inputs import FRAUD_REPORTS, TRANSACTIONS
from jobs.tables.outputs import PARTNER_RISK


@dataclass(frozen=True)
class ScorePartners:
    """Rank partners by their known fraud rate of seven days, shrunk towards that of all."""

    run_date: date = flag("day that has just ended", unit="YYYY-MM-DD", example="2026-11-22")
    label_delay_days: int = flag(
        "days after which an unreported transaction counts as genuine", unit="days", default=7, example="7"
    )
    memory_mb: int = flag(
        "memory of the SQL engine; what does not fit is spilled", unit="MB", default=450, example="900", low=64
    )


def score_partners(request: ScorePartners, stores: Stores) -> Report:
    """Rank partners and commit ``partner_risk``."""
    return run_job(JOB, request, stores)


def score(request: ScorePartners, stores: Stores, shard: OpenShard) -> None:
    """Read transactions and reports, count what is known, shrink, rank, stage."""
    del stores
    with tempfile.TemporaryDirectory(prefix="netlift-") as spill:
        ranked = partner_risk(
            shard.read(TRANSACTIONS, unique="transaction_id"),
            shard.read(FRAUD_REPORTS),
            day=request.run_date + timedelta(days=1),
            label_delay_days=request.label_delay_days,
            limits=Limits(memory_mb=request.memory_mb, temp_directory=spill),
        )
    shard.stage(PARTNER_RISK, ranked)


JOB = Job(step("score-partners"), ScorePartners, score)

if __name__ == "__main__":
    sys.exit(main(JOB))
