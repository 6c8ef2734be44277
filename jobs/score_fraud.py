"""Score a day's transactions for fraud, rank the review queue with reasons, update the risk of customers."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.runtime.chain import RISK_DAYS, step
from jobs.runtime.command import flag, main
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.fraud.decision import APPROVE, OUTCOMES
from jobs.science.fraud.reasons import reason_codes
from jobs.science.fraud.risk import RiskSettings, customer_risk
from jobs.science.fraud.score import FraudScorer, load_scorer
from jobs.storage.tables import read_whole
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
    """Read the features, score, rank, give reasons, stage; then the risk of every recent customer."""
    version = shard.manifest.models[KIND]
    scorer = load_scorer(stores.models.load(KIND, version).files)
    today = _features(stores, request.run_date)
    margin = scorer.margin(today, request.threads)
    probability = scorer.calibrated(margin)
    amount = today["amount_eur"].to_numpy()
    outcome = scorer.policy.decide(probability, amount)
    reasons = reason_codes(scorer, today, outcome != APPROVE, request.threads)
    scores = today.select(["transaction_id", "customer_id", "partner_id", "amount_eur"])
    for name, values in (
        ("fraud_probability", pa.array(probability)),
        ("rank", pa.array(ranks(scorer.policy.loss_eur(probability, amount)))),
        ("outcome", pa.array(outcome)),
        *((f"reason_{place}", pa.array(texts, pa.string())) for place, texts in enumerate(reasons, start=1)),
        ("model_version", pa.repeat(version, today.num_rows)),
    ):
        scores = scores.append_column(name, values)
    shard.stage(FRAUD_SCORES, scores)
    end_of_day = datetime.combine(request.run_date + timedelta(days=1), time.min, UTC)
    risk = customer_risk(
        _recent(scorer, stores, request),
        as_of_s=int(end_of_day.timestamp()),
        settings=RiskSettings(half_life_days=request.half_life_days),
    )
    shard.stage(CUSTOMER_RISK, risk.append_column("model_version", pa.repeat(version, risk.num_rows)))
    shard.details |= {"transactions": today.num_rows, "customers": risk.num_rows}
    shard.details |= {f"outcome_{name}": int((outcome == name).sum()) for name in OUTCOMES}


def ranks(loss_eur: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place of each row in the queue: 1 has the largest expected loss, ties in the order of the rows."""
    rank = np.empty(len(loss_eur), np.int64)
    rank[np.argsort(-loss_eur, kind="stable")] = np.arange(1, len(loss_eur) + 1)
    return rank


def _recent(scorer: FraudScorer, stores: Stores, request: ScoreFraud) -> Iterator[pa.Table]:
    """Score the last days with the model of tonight, one day in memory at a time."""
    for back in reversed(range(RISK_DAYS)):
        day = request.run_date - timedelta(days=back)
        rows = _features(stores, day)
        if rows.num_rows:
            scored = rows.select(["customer_id", "occurred_at", "amount_eur"])
            yield scored.append_column("fraud_probability", pa.array(scorer.probability(rows, request.threads)))


def _features(stores: Stores, day: date) -> pa.Table:
    rows = read_whole(stores.tables, FRAUD_FEATURES, {"run_date": day})
    return rows.sort_by([("occurred_at", "ascending"), ("transaction_id", "ascending")])


JOB = Job(step("score-fraud"), ScoreFraud, score)

if __name__ == "__main__":
    sys.exit(main(JOB))
