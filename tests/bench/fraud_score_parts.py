"""Each measurement of the fraud scoring benchmark, for a process of its own.

``python -m tests.bench.fraud_score_parts home HOME ROWS`` makes a home with a champion and a day of features;
``job HOME THREADS`` scores the day; ``bare HOME THREADS`` predicts the same rows, which lie in memory already.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from infra.local.load import put_parquet
from jobs.build_fraud_features import BuildFraudFeatures
from jobs.runtime.chain import step
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores, open_stores
from jobs.science.fraud.beta import fit_beta
from jobs.science.fraud.booster import grow
from jobs.science.fraud.decision import DecisionPolicy
from jobs.science.fraud.features import FEATURE_NAMES
from jobs.science.fraud.plan import FraudPlan
from jobs.science.fraud.score import CHUNK_ROWS, FraudScorer, load_scorer
from jobs.science.fraud.train import medians
from jobs.score_fraud import KIND, ScoreFraud, score_fraud
from jobs.tables.inputs import FRAUD_REPORTS, TRANSACTIONS
from jobs.tables.outputs import FRAUD_FEATURES
from tests.bench.cpu_seconds import Timed, timed

DAY = date(2026, 3, 1)
SEED = 20261122
A_PART = 100_000
TRAIN_ROWS = 60_000


def features(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw features whose amounts and partners tell of fraud, a third of a percent of the payments."""
    rng = np.random.default_rng([SEED, seed])
    matrix = rng.lognormal(1.0, 0.8, (rows, len(FEATURE_NAMES))).astype(np.float32)
    place = {name: i for i, name in enumerate(FEATURE_NAMES)}
    amount = rng.gamma(2, 25, rows)
    times = rng.lognormal(0, 0.4, rows)
    run = np.where(rng.random(rows) < 0.002, rng.integers(1, 12, rows), 0)
    for name in FEATURE_NAMES:
        if name.startswith("partner_fraud_rate"):
            matrix[:, place[name]] = np.where(run > 0, rng.random(rows), 0)
    for name, values in (("amount", amount), ("amount_to_median_30d", times), ("partner_fraud_run_length", run)):
        matrix[:, place[name]] = values
    odds = -8 + 1.2 * np.minimum(run, 6) + 2 * (times > 2.5) + 4 * (amount > 220)
    return matrix, rng.random(rows) < 1 / (1 + np.exp(-odds))


def home(folder: Path, rows: int) -> dict[str, float]:
    """Train with the default parameters, register, and stage a day of features as its own run."""
    stores = open_stores({"NETLIFT_HOME": str(folder)})
    scorer = _champion()
    version = stores.models.register(KIND, scorer.to_files(), {})
    stores.models.promote(KIND, version, "benchmark", "the only one")
    put_parquet(stores.objects, "fraud_reports", "none", FRAUD_REPORTS.schema.empty_table())
    put_parquet(stores.objects, "transactions", "one", _table(features(1, 0)[0], 0).select(TRANSACTIONS.schema.names))

    def stage(request: BuildFraudFeatures, stores: Stores, shard: OpenShard) -> None:
        del request, stores
        read = sum(part.num_rows for table in (TRANSACTIONS, FRAUD_REPORTS) for part in shard.read(table))
        assert read == 1, "one payment stands for the day's, whose features are drawn"
        for part in _day(rows):
            shard.stage(FRAUD_FEATURES, part, run_date=DAY)

    run_job(Job(step("build-fraud-features"), BuildFraudFeatures, stage), BuildFraudFeatures(DAY), stores)
    return {"rows": rows, "trees": scorer.booster.num_trees()}


def job(folder: Path, threads: int) -> tuple[Timed, dict[str, int]]:
    """Time the whole job: plan, claim, read, score, explain, rank, stage, risk of customers, commit, report."""
    stores = open_stores({"NETLIFT_HOME": str(folder)})
    reports = []
    took = timed(lambda: reports.append(score_fraud(ScoreFraud(DAY, threads=threads), stores)))
    return took, {name: reports[0].details[name] for name in ("transactions", "reviewed", "declined")}


def bare(folder: Path, threads: int) -> Timed:
    """Time ``Booster.predict`` alone, on the same rows."""
    stores = open_stores({"NETLIFT_HOME": str(folder)})
    booster = load_scorer(stores.models.load(KIND, stores.models.champion(KIND)).files).booster
    rows = sum(part.num_rows for part in stores.tables.read(FRAUD_FEATURES, {"run_date": DAY}, ["transaction_id"]))
    matrix = np.concatenate([features(min(A_PART, rows - first), first + 1)[0] for first in range(0, rows, A_PART)])

    def predict() -> None:
        for first in range(0, rows, CHUNK_ROWS):
            booster.predict(matrix[first : first + CHUNK_ROWS], raw_score=True, num_threads=threads)

    return timed(predict)


def _champion() -> FraudScorer:
    matrix, labels = features(TRAIN_ROWS, -1 % 2**32)
    later, truth = features(TRAIN_ROWS, -2 % 2**32)
    booster = grow(matrix, labels, FEATURE_NAMES, rounds=FraudPlan().rounds)
    calibration = fit_beta(booster.predict(later, raw_score=True, num_threads=1), truth)
    return FraudScorer(
        booster, FEATURE_NAMES, calibration, DecisionPolicy(), medians(matrix), float(labels.mean()), 7
    )  # fmt: skip


def _day(rows: int) -> Iterator[pa.Table]:
    for first in range(0, rows, A_PART):
        yield _table(features(min(A_PART, rows - first), first + 1)[0], first)


def _table(matrix: np.ndarray, first: int) -> pa.Table:
    numbers = np.arange(first, first + len(matrix))
    start = int(datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC).timestamp() * 1e6)
    at = pa.array(start + numbers * 30_000, pa.int64()).cast(pa.timestamp("us", "UTC"))
    ids = {"transaction_id": numbers, "customer_id": numbers * 7919 % 900_001, "partner_id": numbers % 20_011}
    return pa.table(
        {
            **{name: pa.array(np.char.add(name[0], values.astype(str))) for name, values in ids.items()},
            "occurred_at": at,
            "amount_eur": matrix[:, FEATURE_NAMES.index("amount")].astype(np.float64),
            **dict(zip(FEATURE_NAMES, matrix.T.copy(), strict=True)),
        }
    )


if __name__ == "__main__":
    what, where, number = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if what == "home":
        print(json.dumps(home(where, number)))
    elif what == "job":
        took, counted = job(where, number)
        print(json.dumps({**asdict(took), **counted}))
    else:
        print(json.dumps(asdict(bare(where, number))))
