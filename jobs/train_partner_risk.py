"""Train the model of partners' risk on fraud that became known, calibrate it on later days, register it."""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.errors import BadFile, BadSchema
from jobs.runtime.chain import PARTNER_TRAINING_DAYS, step
from jobs.runtime.command import flag, main
from jobs.runtime.partner_facts import partner_facts, partners_with
from jobs.runtime.promotion import promote_if_due
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.drift.profile import SCORE, profile_of
from jobs.science.fraud.engine import Limits
from jobs.science.partners.features import FEATURE_NAMES, training_rows
from jobs.science.partners.plan import PartnerPlan
from jobs.science.partners.statement import lookback_days
from jobs.science.partners.train import PartnerTraining, train_partner_model
from jobs.tables.inputs import FRAUD_REPORTS, PARTNER_PAYMENT_COLUMNS, TRANSACTIONS

KIND = "partner-risk"

SHARED = ("category_fraud_rate", "fraud_rate_prior", "fraud_rate_shrunk")
"""Features that are, or are pulled towards, one value of the day for many partners: any move of it would be drift of
them all. The partners' own rates and counts are held against the profile."""


@dataclass(frozen=True)
class TrainPartnerRisk:
    """Train, calibrate, judge and register the model of partners' risk."""

    run_date: date = flag("day by whose end labels are known", unit="YYYY-MM-DD", example="2026-11-22")
    train_days: int = flag("days to learn from", unit="days", default=70, example="70", low=1)
    calibration_days: int = flag("later days to calibrate on", unit="days", default=10, example="10", low=1)
    test_days: int = flag("latest days, to judge on", unit="days", default=7, example="7", low=1)
    horizon_days: int = flag("days ahead whose fraud is foretold", unit="days", default=7, example="7", low=1)
    label_delay_days: int = flag("days until a label is known", unit="days", default=7, example="7", low=1)
    risky_rate: float = flag(
        "share of fraud in the days ahead from which on a partner is risky",
        unit="in (0, 1)",
        default=0.1,
        example="0.1",
    )
    capacity: int = flag("partners that the team can look into a day", unit="count", default=50, example="50", low=1)
    embedding: tuple[str, ...] = flag(
        "column of the partners input that holds a number made elsewhere; give it once for each",
        unit="COL",
        default=(),
        example="vector_0",
    )
    cases: Path | None = flag(
        "Parquet file of confirmed cases (partner_id, kind, first_day, last_day) to judge by; never trained on",
        unit="FILE",
        default=None,
        example="cases.parquet",
    )
    rounds: int = flag("trees", unit="count", default=200, example="200", low=1)
    seed: int = flag("seed of the learner", unit="integer", default=1, example="1", low=0)
    threads: int = flag("threads of the learner", unit="count", default=1, example="2", low=1)
    memory_mb: int = flag(
        "memory of the SQL engine; what does not fit is spilled", unit="MB", default=900, example="900", low=64
    )
    promote: bool = flag("put the model to work even if another one is", default=False, example="--promote")


def train_partner_risk(request: TrainPartnerRisk, stores: Stores) -> Report:
    """Train and register; the first model of all is put to work at once, a later one by ``--promote``.

    Raises
    ------
    BadRows
        If the days do not suffice, or no partner became risky in a part of them.
    """
    return run_job(JOB, request, stores)


def train(request: TrainPartnerRisk, stores: Stores, shard: OpenShard) -> None:
    """Read payments, reports and facts of partners; train; register the model with its card and its profile."""
    plan = PartnerPlan(
        train_days=request.train_days,
        calibration_days=request.calibration_days,
        test_days=request.test_days,
        horizon_days=request.horizon_days,
        label_delay_days=request.label_delay_days,
        risky_rate=request.risky_rate,
        capacity=request.capacity,
        rounds=request.rounds,
        seed=request.seed,
        threads=request.threads,
    )
    cases = _cases(request.cases) if request.cases else []
    facts = partner_facts(shard.read(partners_with(request.embedding)), request.embedding)
    known_by = request.run_date + timedelta(days=1)
    last_day = known_by - timedelta(days=plan.last_row_days)
    oldest = request.run_date - timedelta(days=PARTNER_TRAINING_DAYS - lookback_days(plan.label_delay_days))
    with tempfile.TemporaryDirectory(prefix="netlift-") as spill:
        rows = training_rows(
            shard.read(TRANSACTIONS.extended(PARTNER_PAYMENT_COLUMNS), unique="transaction_id"),
            shard.read(FRAUD_REPORTS),
            first_day=max(oldest, last_day - timedelta(days=plan.row_days - 1)),
            last_day=last_day,
            known_by=known_by,
            horizon_days=plan.horizon_days,
            label_delay_days=plan.label_delay_days,
            limits=Limits(memory_mb=request.memory_mb, threads=request.threads, temp_directory=spill),
            categories=facts.categories,
        )
    rows = facts.with_vectors(rows)
    training = train_partner_model(rows, plan, texts=facts.texts, embeddings=request.embedding, cases=cases)
    card = {**training.card(), "embeddings": list(request.embedding), "profile": _profile(rows, training, facts.texts)}
    version = stores.models.register(KIND, training.scorer.to_files(), card)
    shard.details |= {"model_version": version, "judged": card["judged"], "recall_of_cases": card["recall_of_cases"]}
    shard.details["trained_on"] = card["trained_on"]
    shard.details["champion"] = promote_if_due(stores.models, KIND, version, asked=request.promote, who=JOB.step.verb)


def _cases(path: Path) -> list[dict[str, Any]]:
    try:
        rows = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise BadFile(f"--cases {path.name} cannot be read as Parquet ({error}): give a Parquet file.") from None
    missing = [c for c in ("partner_id", "kind", "first_day", "last_day") if c not in rows.column_names]
    if missing:
        raise BadSchema(
            f"--cases {path.name} has no column {missing[0]!r}: give partner_id, kind, first_day, last_day."
        )
    found: list[dict[str, Any]] = rows.to_pylist()
    return found


def _profile(rows: pa.Table, training: PartnerTraining, texts: Mapping[str, str]) -> dict[str, Any]:
    """Profile of the newest days: what later nights are held against."""
    first, last = training.periods["test"]
    recent = rows.filter(
        pc.and_(pc.greater_equal(rows["day"], pa.scalar(first)), pc.less_equal(rows["day"], pa.scalar(last)))
    )
    scorer = training.scorer
    given = recent
    if scorer.text is not None:
        given = scorer.text.append(recent, [texts.get(p, "") for p in recent["partner_id"].to_pylist()])
    probability = scorer.probability(scorer.margin(given, training.plan.threads))
    names = [name for name in FEATURE_NAMES if name not in SHARED]
    return profile_of(recent.select(names).append_column(SCORE, pa.array(probability))).to_dict()


JOB = Job(step("train-partner-risk"), TrainPartnerRisk, train)

if __name__ == "__main__":
    sys.exit(main(JOB))
