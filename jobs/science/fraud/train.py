"""Train the fraud model: days to learn, a label delay, later days to calibrate, the latest to judge."""

from collections.abc import Mapping
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from jobs.errors import BadRows, NoInput
from jobs.science.fraud.assess import Rows, assess, joined, taken
from jobs.science.fraud.baselines import fit_baselines
from jobs.science.fraud.booster import Later, grow
from jobs.science.fraud.calibrate import Calibrated
from jobs.science.fraud.calibration import Calibration
from jobs.science.fraud.features import FEATURE_NAMES
from jobs.science.fraud.judged import Judged
from jobs.science.fraud.metrics import FraudMetrics, fraud_metrics
from jobs.science.fraud.plan import FraudPlan, Periods, periods
from jobs.science.fraud.risk import RiskSettings
from jobs.science.fraud.risk_calibration import RiskQuality, fit_risk, purchases_after, risk_quality
from jobs.science.fraud.score import FraudScorer
from jobs.science.fraud.search import Search, search_parameters


@dataclass(frozen=True)
class FraudTraining:
    """A trained model, and how good it was on days after all that it has seen.

    Parameters
    ----------
    scorer : FraudScorer
        The model.
    metrics : FraudMetrics
        On the test days.
    baselines : mapping of str to FraudMetrics
        The same of what it has to beat.
    judged : Judged
        The rows of the test days, scored and decided.
    test : Rows
        The same rows with their features.
    periods : Periods
        Days of each part.
    train_rows, train_frauds : int
        Transactions learnt from, and frauds among them.
    calibrated : Calibrated
        How probabilities were made.
    search : Search or None
        How parameters were found; None without a search.
    risk : RiskQuality or None
        How well the risks of customers hold on the test days; None where these hold no fraud to tell.
    plan : FraudPlan
        How it was trained.
    """

    scorer: FraudScorer
    metrics: FraudMetrics
    baselines: Mapping[str, FraudMetrics]
    judged: Judged
    test: Rows
    periods: Periods
    train_rows: int
    train_frauds: int
    calibrated: Calibrated
    search: Search | None
    risk: RiskQuality | None
    plan: FraudPlan


def train_fraud_model(features: pa.Table, is_fraud: ArrayLike, plan: FraudPlan) -> FraudTraining:
    """Train, calibrate and judge a fraud model.

    Parameters
    ----------
    features : pyarrow.Table
        Rows of ``fraud_features`` whose labels are known by the time of training.
    is_fraud : array-like of shape (n_transactions,)
        Their labels, 0 or 1.
    plan : FraudPlan
        Lengths, costs, review capacity, seed.

    Returns
    -------
    FraudTraining
        The model and its metrics.

    Raises
    ------
    NoInput
        If there is no row.
    BadRows
        If the days do not suffice, a part holds one class only, or a label is missing.
    """
    labels = checked_labels(features, is_fraud)
    day = features["run_date"].cast(pa.int32()).to_numpy()
    parts = periods(day, plan)
    train = taken(features, labels, parts.train.holds(day), "training")
    search = None
    if parts.choice is not None:
        search = searched(train, taken(features, labels, parts.choice.holds(day), "search"), plan)
    booster = fit_booster(train, plan, search)
    calibration = taken(features, labels, parts.calibration.holds(day), "calibration")
    test = taken(features, labels, parts.test.holds(day), "test")
    calibration_margin = margins(booster, calibration.matrix, plan.threads)
    found = assess(calibration_margin, calibration, margins(booster, test.matrix, plan.threads), test, plan)
    risk_calibration, risk = _risk(
        calibration, found.calibrated.calibration.apply(calibration_margin), test, found.judged.probability
    )
    rivals = fit_baselines(train.matrix, train.is_fraud, FEATURE_NAMES, plan.seed)
    return FraudTraining(
        scorer=FraudScorer(
            booster=booster,
            features=FEATURE_NAMES,
            calibration=found.calibrated.calibration,
            policy=found.policy,
            typical=medians(train.matrix),
            fraud_rate=float(train.is_fraud.mean()),
            label_delay_days=plan.label_delay_days,
            risk_calibration=risk_calibration,
        ),
        metrics=fraud_metrics(found.judged, resamples=plan.resamples, seed=plan.seed),
        baselines={
            name: fraud_metrics(assess(rival(calibration.matrix), calibration, rival(test.matrix), test, plan).judged)
            for name, rival in rivals.items()
        },
        judged=found.judged,
        test=test,
        periods=parts,
        train_rows=int(train.is_fraud.size),
        train_frauds=int(train.is_fraud.sum()),
        calibrated=found.calibrated,
        search=search,
        risk=risk,
        plan=plan,
    )


def _risk(
    calibration: Rows, probability: NDArray[np.float64], test: Rows, test_probability: NDArray[np.float64]
) -> tuple[Calibration | None, RiskQuality | None]:
    """Learn on the calibration days how risks of customers become probabilities, and judge that on the test days."""
    settings = RiskSettings()
    middle = int(calibration.day.min()) + (int(np.ptp(calibration.day)) + 1) // 2
    learnt = fit_risk(purchases_after(calibration, probability, middle, settings))
    both, both_probability = joined(calibration, test), np.concatenate([probability, test_probability])
    seen = purchases_after(both, both_probability, int(test.day.min()), settings, calibration=learnt)
    return learnt, risk_quality(seen, horizon_days=1)


def fit_booster(train: Rows, plan: FraudPlan, search: Search | None = None) -> lgb.Booster:
    """Grow the trees on rows, with the parameters and the number of trees that a search found.

    Parameters
    ----------
    train : Rows
        What is learnt from.
    plan : FraudPlan
        Rounds where there was no search; seed, threads.
    search : Search, optional
        What was found.

    Returns
    -------
    lightgbm.Booster
        The fitted trees.
    """
    return grow(
        train.matrix,
        train.is_fraud,
        FEATURE_NAMES,
        rounds=search.rounds if search else plan.rounds,
        seed=plan.seed,
        threads=plan.threads,
        parameters=search.parameters if search else None,
    )


def searched(train: Rows, choice: Rows, plan: FraudPlan) -> Search:
    """Search for parameters under the plan's cap and limit; see `search_parameters`."""
    return search_parameters(
        train.matrix,
        train.is_fraud,
        FEATURE_NAMES,
        Later(choice.matrix, choice.is_fraud),
        trials=plan.trials,
        limit_s=plan.search_s,
        rounds=plan.rounds,
        seed=plan.seed,
        threads=plan.threads,
    )


def margins(booster: lgb.Booster, matrix: NDArray[np.float32], threads: int) -> NDArray[np.float64]:
    """Return the log odds of each row of a matrix."""
    return np.asarray(booster.predict(matrix, raw_score=True, num_threads=threads), dtype=np.float64)


def medians(matrix: NDArray[np.float32]) -> dict[str, float]:
    """Return the typical value of each feature: its median where it is known, 0 where it never is."""
    known = ~np.isnan(matrix)
    return {
        name: float(np.median(column[k])) if k.any() else 0.0
        for name, column, k in zip(FEATURE_NAMES, matrix.T, known.T, strict=True)
    }


def checked_labels(features: pa.Table, is_fraud: ArrayLike) -> NDArray[np.float64]:
    """Return labels as numbers; refuse what is no label, and an empty table."""
    labels = np.asarray(is_fraud, dtype=np.float64)
    if not features.num_rows:
        raise NoInput("fraud_features: there is no row with a known label; build the features of more days.")
    if labels.shape != (features.num_rows,) or not np.isin(labels, (0.0, 1.0)).all():
        raise BadRows(
            f"is_fraud: {labels.size} labels for {features.num_rows} rows, each must be 0 or 1; give one label a row."
        )
    return labels
