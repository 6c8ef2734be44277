"""Train the fraud model: days to learn, a label delay, later days to calibrate, the latest to judge."""

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from jobs.errors import BadRequest, BadRows, NoInput
from jobs.science.fraud.features import EPOCH, FEATURE_NAMES
from jobs.science.fraud.isotonic import fit_isotonic
from jobs.science.fraud.metrics import FraudMetrics, fraud_metrics
from jobs.science.fraud.score import FraudScorer, booster_margin, feature_matrix

# Chosen on five weeks of the Handbook before its test weeks. Fine bins isolate the tail of the
# amounts, which quantile bins cannot; the penalty keeps a handful of frauds from dominating a leaf.
BOOSTER_PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 20,
    "lambda_l2": 5.0,
    "max_bin": 8191,
    "min_data_in_bin": 1,
    "force_col_wise": True,
    "deterministic": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class FraudPlan:
    """How a fraud model is trained.

    Parameters
    ----------
    train_days, calibration_days, test_days : int
        Lengths in days of what is learnt from, calibrated on and judged on. They end with the last day
        whose labels are known; between training and calibration lies the label delay.
    label_delay_days : int
        Days until a label is known.
    review_share : float
        Share of the transactions that can be reviewed, in (0, 1).
    review_per_day : int or None
        Transactions that can be reviewed a day; replaces the share.
    rounds : int
        Trees.
    seed : int
        Seed of LightGBM.
    threads : int
        Threads of LightGBM; the model is the same for any number.
    """

    train_days: int = 28
    calibration_days: int = 14
    test_days: int = 7
    label_delay_days: int = 7
    review_share: float = 0.01
    review_per_day: int | None = None
    rounds: int = 200
    seed: int = 1
    threads: int = 1


@dataclass(frozen=True)
class Period:
    """A range of days, both ends included.

    Parameters
    ----------
    first, last : datetime.date
        Days.
    """

    first: dt.date
    last: dt.date

    def to_dict(self) -> dict[str, str]:
        """Return the days as text."""
        return {"first": str(self.first), "last": str(self.last)}


@dataclass(frozen=True)
class FraudTraining:
    """A trained model, and how good it was on days after all that it has seen.

    Parameters
    ----------
    scorer : FraudScorer
        The model.
    metrics : FraudMetrics
        On the test days.
    train, calibration, test : Period
        Days of each part.
    train_rows, train_frauds : int
        Transactions learnt from, and frauds among them.
    plan : FraudPlan
        How it was trained.
    """

    scorer: FraudScorer
    metrics: FraudMetrics
    train: Period
    calibration: Period
    test: Period
    train_rows: int
    train_frauds: int
    plan: FraudPlan

    def card(self) -> dict[str, Any]:
        """Return what a person wants to know of the model, as plain values."""
        return {
            "trained_on": {**self.train.to_dict(), "rows": self.train_rows, "frauds": self.train_frauds},
            "calibrated_on": self.calibration.to_dict(),
            "judged_on": self.test.to_dict(),
            "metrics": dataclasses.asdict(self.metrics),
            "features": list(self.scorer.features),
            "review_threshold": self.scorer.review_threshold,
            "plan": dataclasses.asdict(self.plan),
            "booster_parameters": BOOSTER_PARAMETERS,
        }


def train_fraud_model(features: pa.Table, is_fraud: ArrayLike, plan: FraudPlan) -> FraudTraining:
    """Train, calibrate and judge a fraud model.

    Parameters
    ----------
    features : pyarrow.Table
        Rows of ``fraud_features`` whose labels are known by the time of training.
    is_fraud : array-like of shape (n_transactions,)
        Their labels, 0 or 1.
    plan : FraudPlan
        Lengths, review capacity, seed.

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
    BadRequest
        If the plan's values are not allowed.
    """
    _check_plan(plan)
    labels = np.asarray(is_fraud, dtype=np.float64)
    if not features.num_rows:
        raise NoInput("fraud_features: there is no row with a known label; build the features of more days.")
    if labels.shape != (features.num_rows,) or not np.isin(labels, (0.0, 1.0)).all():
        raise BadRows(
            f"is_fraud: {labels.size} labels for {features.num_rows} rows, each must be 0 or 1; give one label a row."
        )
    day = features["run_date"].cast(pa.int32()).to_numpy()
    train, calibration, test = _periods(day, plan)
    in_train = _rows(day, labels, train, "training")
    in_calibration = _rows(day, labels, calibration, "calibration")
    in_test = _rows(day, labels, test, "test")
    matrix = feature_matrix(features.filter(pa.array(in_train)), FEATURE_NAMES)
    booster = fit_booster(matrix, labels[in_train], plan)
    calibrated_on = features.filter(pa.array(in_calibration))
    margin = booster_margin(booster, calibrated_on, FEATURE_NAMES, plan.threads)
    scorer = FraudScorer(
        booster=booster,
        features=FEATURE_NAMES,
        calibration=fit_isotonic(margin, labels[in_calibration]),
        review_margin=review_margin(margin, plan),
        typical={n: float(v) for n, v in zip(FEATURE_NAMES, _medians(matrix), strict=True)},
        fraud_rate=float(labels[in_train].mean()),
        label_delay_days=plan.label_delay_days,
    )
    judged = features.filter(pa.array(in_test))
    margin = scorer.margin(judged, plan.threads)
    metrics = fraud_metrics(
        day[in_test],
        judged["customer_id"].to_numpy(),
        labels[in_test],
        margin,
        scorer.calibrated(margin),
        scorer.review_margin,
    )
    rows, frauds = int(in_train.sum()), int(labels[in_train].sum())
    return FraudTraining(scorer, metrics, train, calibration, test, rows, frauds, plan)


def fit_booster(matrix: NDArray[np.float32], labels: ArrayLike, plan: FraudPlan) -> lgb.Booster:
    """Fit the booster itself.

    Parameters
    ----------
    matrix : ndarray of shape (n_transactions, n_features)
        Features in the order of `FEATURE_NAMES`, NaN where missing.
    labels : array-like of shape (n_transactions,)
        0 or 1.
    plan : FraudPlan
        Rounds, seed and threads count here.

    Returns
    -------
    lightgbm.Booster
        The fitted trees.
    """
    parameters = {**BOOSTER_PARAMETERS, "seed": plan.seed, "num_threads": plan.threads}
    data = lgb.Dataset(matrix, np.asarray(labels, dtype=np.float32), feature_name=list(FEATURE_NAMES))
    return lgb.train(parameters, data, num_boost_round=plan.rounds)


def review_margin(margin: NDArray[np.float64], plan: FraudPlan) -> float:
    """Return the margin from which on rows are reviewed, so that the capacity suffices.

    Parameters
    ----------
    margin : ndarray of shape (n_transactions,)
        Margins of the calibration days.
    plan : FraudPlan
        Review capacity, and the number of calibration days.

    Returns
    -------
    float
        The smallest margin with no more rows at or above it than the capacity has room for; just
        above the largest where there is no room for a single row, or the largest ones are equal.

    Examples
    --------
    >>> review_margin(np.array([-3.0, -1.0, 0.0, 2.0]), FraudPlan(review_share=0.5))
    0.0
    """
    if plan.review_per_day is None:
        room = int(plan.review_share * margin.size)
    else:
        room = min(plan.review_per_day * plan.calibration_days, margin.size)
    values, counts = np.unique(margin, return_counts=True)
    at_or_above = counts[::-1].cumsum()[::-1]
    allowed = values[at_or_above <= room]
    return float(allowed[0]) if allowed.size else float(np.nextafter(values[-1], np.inf))


def _check_plan(plan: FraudPlan) -> None:
    for name in ("train_days", "calibration_days", "test_days", "label_delay_days", "rounds", "threads"):
        if getattr(plan, name) < 1:
            raise BadRequest(f"{name} is {getattr(plan, name)}; give at least 1.")
    if not 0 < plan.review_share < 1:
        raise BadRequest(f"review_share is {plan.review_share}; give a share between 0 and 1, without both.")
    if plan.review_per_day is not None and plan.review_per_day < 0:
        raise BadRequest(f"review_per_day is {plan.review_per_day}; give a count of at least 0.")


def _periods(day: NDArray[np.int32], plan: FraudPlan) -> tuple[Period, Period, Period]:
    last = int(day.max())
    test = last - plan.test_days + 1
    calibration = test - plan.calibration_days
    train_end = calibration - plan.label_delay_days
    train = train_end - plan.train_days
    if int(day.min()) >= train_end:
        needed = plan.label_delay_days + plan.calibration_days + plan.test_days
        raise BadRows(
            f"fraud_features: known labels cover {last - int(day.min()) + 1} days, and more than {needed} are needed "
            f"(delay {plan.label_delay_days}, calibration {plan.calibration_days}, test {plan.test_days}); "
            f"build the features of more days, or plan shorter parts."
        )
    edges = ((max(train, int(day.min())), train_end), (calibration, test), (test, last + 1))
    one, two, three = (Period(_date(first), _date(end - 1)) for first, end in edges)
    return one, two, three


def _rows(day: NDArray[np.int32], labels: NDArray[np.float64], period: Period, name: str) -> NDArray[np.bool_]:
    rows = (day >= (period.first - EPOCH).days) & (day <= (period.last - EPOCH).days)
    frauds = int(labels[rows].sum())
    if not 0 < frauds < rows.sum():
        raise BadRows(
            f"is_fraud: {frauds} of {int(rows.sum())} transactions of the {name} days {period.first} to {period.last} "
            f"are fraud, and both kinds are needed; plan more days."
        )
    return rows


def _medians(matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    filled = [column[~np.isnan(column)] for column in matrix.T]
    return np.array([np.median(column) if column.size else 0.0 for column in filled])


def _date(day: int) -> dt.date:
    return EPOCH + dt.timedelta(days=day)
