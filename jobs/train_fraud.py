"""Train the fraud model on labels that are known by now, calibrate it on later days, register it."""

import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import NoInput
from jobs.pages.fraud import fraud_html
from jobs.runtime.chain import TRAINING_DAYS, step
from jobs.runtime.command import flag, main
from jobs.runtime.promotion import promote_if_due
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.segments import segments_of
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.drift.profile import SCORE, profile_of
from jobs.science.fraud.card import model_card, segment_rates
from jobs.science.fraud.decision import Costs
from jobs.science.fraud.labels import labels_as_of
from jobs.science.fraud.plan import FraudPlan
from jobs.science.fraud.train import FraudTraining, train_fraud_model
from jobs.storage.tables import read_whole
from jobs.tables.inputs import FRAUD_REPORTS
from jobs.tables.outputs import FRAUD_FEATURES

KIND = "fraud"
PAGE = "card.html"

CALENDAR = ("is_weekend", "day_of_week")
"""Features that say which day it is: a night holds one day, a profile many, so they would drift by design."""


@dataclass(frozen=True)
class TrainFraud:
    """Train, calibrate, judge and register the fraud model."""

    run_date: date = flag("day by whose end labels are known", unit="YYYY-MM-DD", example="2026-11-22")
    train_days: int = flag("days to learn from", unit="days", default=28, example="28")
    calibration_days: int = flag("later days to calibrate on", unit="days", default=14, example="14")
    test_days: int = flag("latest days, to judge on", unit="days", default=7, example="7")
    label_delay_days: int = flag("days until a label is known", unit="days", default=7, example="7")
    review_share: float = flag(
        "share of transactions that can be reviewed", unit="in (0, 1)", default=0.01, example="0.01"
    )
    review_cost: float = flag("cost of one review", unit="euro", default=5.0, example="5")
    loss_share: float = flag(
        "share of the amount that is lost when a fraud goes through", unit="in (0, 1]", default=1.0, example="0.9"
    )
    insult_cost: float = flag("cost of a good customer declined", unit="euro", default=20.0, example="20", low=0)
    rounds: int = flag("trees; at most so many where a search is made", unit="count", default=500, example="500")
    trials: int = flag(
        "most trials of a search for parameters; none keeps the default ones",
        unit="count",
        default=0,
        example="20",
        low=0,
    )
    search_s: float = flag("seconds after which no trial starts", unit="seconds", default=120.0, example="120")
    seed: int = flag("seed of the learner", unit="integer", default=1, example="1", low=0)
    threads: int = flag(
        "threads of the learner; more than the free cores is slower", unit="count", default=1, example="2", low=1
    )
    promote: bool = flag("put the model to work even if another one is", default=False, example="--promote")


def train_fraud(request: TrainFraud, stores: Stores) -> Report:
    """Train and register; the first model of all is put to work at once, a later one by ``--promote``.

    Raises
    ------
    BadRows
        If the days do not suffice, or hold no fraud.
    """
    return run_job(JOB, request, stores)


def train(request: TrainFraud, stores: Stores, shard: OpenShard) -> None:
    """Read features and labels, train, register the model with its card and its profile."""
    plan = FraudPlan(
        train_days=request.train_days,
        calibration_days=request.calibration_days,
        test_days=request.test_days,
        label_delay_days=request.label_delay_days,
        costs=Costs(request.review_cost, request.loss_share, request.insult_cost),
        review_share=request.review_share,
        trials=request.trials,
        search_s=request.search_s,
        rounds=request.rounds,
        seed=request.seed,
        threads=request.threads,
    )
    reports = pa.concat_tables([FRAUD_REPORTS.schema.empty_table(), *shard.read(FRAUD_REPORTS)])
    features = _features(request.run_date, stores)
    known_by = datetime.combine(request.run_date + timedelta(days=1), time.min, UTC)
    labels = labels_as_of(features, reports, as_of=known_by, label_delay_days=request.label_delay_days)
    matured = pa.array(labels.matured)
    training = train_fraud_model(features.filter(matured), labels.is_fraud[labels.matured], plan)
    card = model_card(training) | _by_segment(training, stores, shard)
    page = fraud_html(card, title=f"trained on labels known by {request.run_date}").encode()
    files = {**training.scorer.to_files(), PAGE: page}
    version = stores.models.register(KIND, files, {**card, "profile": _profile(features, training)})
    shard.details |= {"model_version": version, "metrics": card["metrics"], "trained_on": card["trained_on"]}
    shard.details["champion"] = promote_if_due(stores.models, KIND, version, asked=request.promote, who=JOB.step.verb)


def _features(run_date: date, stores: Stores) -> pa.Table:
    days = (run_date - timedelta(days=TRAINING_DAYS), run_date)
    rows = read_whole(stores.tables, FRAUD_FEATURES, {"run_date": days})
    if not rows.num_rows:
        raise NoInput(
            f"fraud_features has no row from {days[0]} to {days[1]}: run build-fraud-features for these days."
        )
    return rows.sort_by([("occurred_at", "ascending"), ("transaction_id", "ascending")])


def _by_segment(training: FraudTraining, stores: Stores, shard: OpenShard) -> dict[str, Any]:
    """Return error rates by the segment that customers were in before the judged days; later ones know their frauds."""
    eve = training.periods.test.first - timedelta(days=1)
    segments = segments_of(stores, eve, by="account_id")
    if segments is None:
        shard.details["segments"] = f"none: no customer_segments were made in the month up to {eve}, before judging."
        return {}
    shard.details["segments"] = f"customer_segments of {segments.run_date}, exploratory"
    names = segments.of(pa.array(training.test.customer, pa.string()))
    return {"segments": segment_rates(training, names.to_pylist(), segments.run_date)}


def _profile(features: pa.Table, training: FraudTraining) -> dict[str, Any]:
    """Profile of the days after training: the model had not seen their scores."""
    later = features.filter(
        pc.and_(
            pc.greater_equal(features["run_date"], pa.scalar(training.periods.calibration.first)),
            pc.less_equal(features["run_date"], pa.scalar(training.periods.test.last)),
        )
    )
    score = training.scorer.probability(later, training.plan.threads)
    judged = [name for name in training.scorer.features if name not in CALENDAR]
    columns = later.select(judged).append_column(SCORE, pa.array(score))
    return profile_of(columns).to_dict()


JOB = Job(step("train-fraud"), TrainFraud, train)

if __name__ == "__main__":
    sys.exit(main(JOB))
