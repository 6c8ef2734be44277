"""Score a day's transactions for fraud, rank the review queue with reasons, update the risk of customers."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.runtime.chain import RISK_DAYS, step
from jobs.runtime.command import flag, main
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.fraud.decision import APPROVE, DECLINE, NOT_ASSESSED, OUTCOMES, REVIEW
from jobs.science.fraud.reasons import reason_codes
from jobs.science.fraud.risk import RiskSettings, customer_risk
from jobs.science.fraud.score import FraudScorer, load_scorer
from jobs.tables.declare import TIMESTAMP
from jobs.tables.outputs import CUSTOMER_RISK, FRAUD_FEATURES, FRAUD_SCORES

KIND = "fraud"


@dataclass(frozen=True)
class ScoreFraud:
    """Score the transactions of a day: probability, review queue with reasons, risk of customers."""

    run_date: date = flag("day whose transactions are scored", unit="YYYY-MM-DD", example="2026-11-22")
    half_life_days: float = flag(
        "days after which a purchase weighs half in its customer's risk", unit="days", default=5.0, example="5"
    )
    threads: int = flag("threads of the scorer", unit="count", default=2, example="2", low=1)


def score_fraud(request: ScoreFraud, stores: Stores) -> Report:
    """Score with the champion and commit ``fraud_scores`` and ``customer_risk``.

    Raises
    ------
    UnknownModel
        If no fraud model was ever promoted.
    TamperedModel
        If the model's files are not what was registered.
    """
    return run_job(JOB, request, stores)


def score(request: ScoreFraud, stores: Stores, shard: OpenShard) -> None:
    """Score the day part by part, rank, stage; then the risk of every recent customer."""
    version = shard.manifest.models[KIND]
    scorer = load_scorer(stores.models.load_for_work(KIND, version).files)
    parts = [
        scored(scorer, rows, request.threads)
        for rows in stores.tables.read(FRAUD_FEATURES, {"run_date": request.run_date})
    ]
    scores = ranked(pa.concat_tables([_NOTHING, *parts], promote_options="permissive"))
    shard.stage(
        FRAUD_SCORES,
        scores.drop_columns(["occurred_at", "loss_eur"]).append_column(
            "model_version", pa.repeat(version, scores.num_rows)
        ),
    )
    end_of_day = datetime.combine(request.run_date + timedelta(days=1), time.min, UTC)
    risk = customer_risk(
        (*_earlier(scorer, stores, request), _as_of_noon(scores, request.run_date)),
        as_of_s=int(end_of_day.timestamp()),
        settings=RiskSettings(half_life_days=request.half_life_days),
        calibration=scorer.risk_calibration,
    )
    shard.stage(CUSTOMER_RISK, risk.append_column("model_version", pa.repeat(version, risk.num_rows)))
    shard.details |= {"transactions": scores.num_rows, "customers": risk.num_rows}
    shard.details |= {_COUNTED[name]: pc.sum(pc.equal(scores["outcome"], name)).as_py() or 0 for name in OUTCOMES}


_IDS = ("transaction_id", "customer_id", "partner_id")
_NOTHING = pa.table(
    {
        **{name: pa.array([], FRAUD_FEATURES.schema.field(name).type) for name in (*_IDS, "amount_eur", "occurred_at")},
        **{name: pa.array([], pa.float64()) for name in ("fraud_probability", "loss_eur")},
        **{name: pa.array([], pa.string()) for name in ("outcome", "reason_1", "reason_2", "reason_3")},
    }
)
"""A day without payments; risks of customers fade on it all the same."""
_QUEUED = (REVIEW, DECLINE, APPROVE, NOT_ASSESSED)
_COUNTED = {REVIEW: "reviewed", DECLINE: "declined", APPROVE: "approved", NOT_ASSESSED: "not_assessed"}
_FOR_RISK = ("customer_id", "amount_eur", "fraud_probability")


def scored(scorer: FraudScorer, rows: pa.Table, threads: int) -> pa.Table:
    """Score, decide and explain rows of features; only what is written is kept of them."""
    probability = scorer.probability(rows, threads)
    amount = rows["amount_eur"].to_numpy()
    outcome = scorer.policy.decide(probability, amount)
    reasons = reason_codes(scorer, rows, outcome != APPROVE, threads)
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        **{name: rows[name] for name in (*_IDS, "amount_eur", "occurred_at")},
        "fraud_probability": pa.array(probability),
        "loss_eur": pa.array(scorer.policy.loss_eur(probability, amount)),
        "outcome": pa.array(outcome, pa.string()),
    }
    columns |= {f"reason_{place}": pa.array(texts, pa.string()) for place, texts in enumerate(reasons, start=1)}
    return pa.table(columns)


def ranked(scores: pa.Table) -> pa.Table:
    """Number rows: the queue of reviews first, then what is declined, then the rest; each by expected loss.

    Equal losses stand by time and id, so that the order does not depend on the files that the rows came from.
    """
    keys = [
        ("queue", "ascending"),
        ("loss_eur", "descending"),
        ("occurred_at", "ascending"),
        ("transaction_id", "ascending"),
    ]
    queue = pc.index_in(scores["outcome"], pa.array(_QUEUED))
    order = pc.sort_indices(scores.append_column("queue", queue), sort_keys=keys).to_numpy()
    rank = np.empty(scores.num_rows, np.int64)
    rank[order] = np.arange(1, scores.num_rows + 1)
    return scores.append_column("rank", pa.array(rank))


def _earlier(scorer: FraudScorer, stores: Stores, request: ScoreFraud) -> Iterator[pa.Table]:
    """Read what earlier nights scored, one day in memory at a time; a day that none scored is scored now."""
    for back in reversed(range(1, RISK_DAYS)):
        day = request.run_date - timedelta(days=back)
        kept = 0
        for rows in stores.tables.read(FRAUD_SCORES, {"run_date": day}, list(_FOR_RISK)):
            kept += rows.num_rows
            yield _as_of_noon(rows, day)
        if not kept:
            for rows in stores.tables.read(FRAUD_FEATURES, {"run_date": day}):
                probability = pa.array(scorer.probability(rows, request.threads))
                yield _as_of_noon(rows.append_column("fraud_probability", probability), day)


def _as_of_noon(rows: pa.Table, day: date) -> pa.Table:
    """Give each row of a day its noon: scores do not keep the hour, and it is little against the half-life."""
    noon = pa.scalar(datetime.combine(day, time(12), UTC), TIMESTAMP)
    return rows.select(list(_FOR_RISK)).append_column("occurred_at", pa.repeat(noon, rows.num_rows))


JOB = Job(step("score-fraud"), ScoreFraud, score)

if __name__ == "__main__":
    sys.exit(main(JOB))
