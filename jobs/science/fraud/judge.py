"""Judge our fraud model on anybody's transactions: days to learn, a label delay, days to judge.

What it needs to know of probabilities it learns in a rehearsal on earlier days: a model of the same
length of days, the label delay, and then the last days whose labels are known when the judged days
begin. So nothing is calibrated on days that a model has learnt from, and nothing is known early.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import BadRequest
from jobs.science.fraud.assess import Assessed, Rows, assess, taken
from jobs.science.fraud.baselines import fit_baselines
from jobs.science.fraud.features import EPOCH, FEATURE_NAMES
from jobs.science.fraud.metrics import FraudMetrics, fraud_metrics
from jobs.science.fraud.plan import FraudPlan, Period, period
from jobs.science.fraud.protocol import handbook_split
from jobs.science.fraud.score import FraudScorer
from jobs.science.fraud.slices import GroupRates, Slice, group_rates, slices
from jobs.science.fraud.train import fit_booster, margins, medians

CALIBRATION_DAYS = 14
"""Days that probabilities are learnt on; the last ones whose labels are known."""

FEWEST_REHEARSED_DAYS = 3


@dataclass(frozen=True)
class JudgePlan:
    """Which days are learnt from and judged.

    Parameters
    ----------
    train_from : datetime.date
        First day to learn from.
    first_day : datetime.date
        First day of which there are transactions.
    model : FraudPlan
        Lengths of training and test, label delay, costs, reviewers, trees, seed.
    """

    train_from: dt.date
    first_day: dt.date
    model: FraudPlan

    @property
    def train(self) -> Period:
        """Days that are learnt from."""
        start = (self.train_from - EPOCH).days
        return period(start, start + self.model.train_days)

    @property
    def test(self) -> Period:
        """Days that are judged."""
        start = (self.train.last - EPOCH).days + 1 + self.model.label_delay_days
        return period(start, start + self.model.test_days)

    @property
    def calibration(self) -> Period:
        """Days that probabilities are learnt on, in a rehearsal."""
        end = (self.train.last - EPOCH).days + 1
        oldest = (self.first_day - EPOCH).days + FEWEST_REHEARSED_DAYS + self.model.label_delay_days
        return period(min(max(end - CALIBRATION_DAYS, oldest), end - 1), end)

    @property
    def rehearsal(self) -> Period:
        """Days that the model of the rehearsal learns from."""
        end = (self.calibration.first - EPOCH).days - self.model.label_delay_days
        return period(max(end - self.model.train_days, (self.first_day - EPOCH).days), end)

    def check(self, last_day: dt.date) -> None:
        """Refuse days that the transactions do not cover.

        Raises
        ------
        BadRequest
            If training begins before the transactions, leaves no room for a rehearsal, or the judged days
            end after them.
        """
        needed = FEWEST_REHEARSED_DAYS + self.model.label_delay_days + 1
        earliest = self.first_day + dt.timedelta(days=max(0, needed - self.model.train_days))
        if self.train_from < earliest or self.rehearsal.days < FEWEST_REHEARSED_DAYS:
            raise BadRequest(
                f"--train-from is {self.train_from} and the transactions begin on {self.first_day}: probabilities are "
                f"learnt in a rehearsal before, which needs {needed} days up to the end of training; begin on "
                f"{earliest} or later."
            )
        if self.test.last > last_day:
            raise BadRequest(
                f"the judged days are {self.test.first} to {self.test.last} and the transactions end on {last_day}: "
                f"take an earlier --train-from, or fewer --train-days or --test-days."
            )


@dataclass(frozen=True)
class Judgement:
    """How good the model is on days that neither it nor its calibration has seen.

    Parameters
    ----------
    plan : JudgePlan
        Days.
    scorer : FraudScorer
        The model that was judged.
    assessed : Assessed
        The judged rows, decided, and how probabilities were made.
    metrics : FraudMetrics
        Figures.
    baselines : mapping of str to FraudMetrics
        The same of what it has to beat.
    slices : tuple of Slice
        Figures by parts of the rows.
    groups : GroupRates or None
        False positives of groups; None where no group was given.
    train_rows, train_frauds : int
        Transactions learnt from, and frauds that were known among them.
    """

    plan: JudgePlan
    scorer: FraudScorer
    assessed: Assessed
    metrics: FraudMetrics
    baselines: Mapping[str, FraudMetrics]
    slices: tuple[Slice, ...]
    groups: GroupRates | None
    train_rows: int
    train_frauds: int


def judge(
    features: pa.Table,
    is_fraud: NDArray[np.bool_],
    known_day: NDArray[np.int64],
    plan: JudgePlan,
    group: pa.Array | None = None,
) -> Judgement:
    """Train on some days and judge on later ones, as a team would see them.

    Customers with a fraud that is known when a judged day begins, and not older than the training days,
    are left out of that day: their cards are blocked.

    Parameters
    ----------
    features : pyarrow.Table
        Rows of ``fraud_features``, from the first day of the rehearsal to the last judged day.
    is_fraud : ndarray of shape (n_transactions,)
        The truth.
    known_day : ndarray of shape (n_transactions,)
        First day, since 1970-01-01, at whose start a fraud is known.
    plan : JudgePlan
        Days.
    group : pyarrow.Array, optional
        Group of each row's customer.

    Returns
    -------
    Judgement
        The figures.

    Raises
    ------
    BadRows
        If a part holds one kind of transactions only.
    """
    day = features["run_date"].cast(pa.int32()).to_numpy()
    customer = np.unique(features["customer_id"].to_numpy(), return_inverse=True)[1]

    def part(learnt: Period, judged: Period, names: tuple[str, str]) -> tuple[Rows, Rows, NDArray[np.bool_]]:
        first = (judged.first - EPOCH).days
        split = handbook_split(
            day,
            customer,
            is_fraud,
            (learnt.first - EPOCH).days,
            train_days=learnt.days,
            label_delay_days=plan.model.label_delay_days,
            test_days=judged.days,
            known_day=known_day,
        )
        known = (is_fraud & (known_day <= first)).astype(np.float64)
        truth = is_fraud.astype(np.float64)
        return taken(features, known, split.train, names[0]), taken(features, truth, split.test, names[1]), split.test

    rehearsed, calibration, _ = part(plan.rehearsal, plan.calibration, ("rehearsal", "calibration"))
    train, test, judged_rows = part(plan.train, plan.test, ("training", "judged"))
    threads = plan.model.threads
    rehearsal = fit_booster(rehearsed, plan.model)
    booster = fit_booster(train, plan.model)
    found = assess(
        margins(rehearsal, calibration.matrix, threads),
        calibration,
        margins(booster, test.matrix, threads),
        test,
        plan.model,
    )
    baselines = _baselines(rehearsed, calibration, train, test, plan.model)
    return Judgement(
        plan=plan,
        scorer=FraudScorer(
            booster=booster,
            features=FEATURE_NAMES,
            calibration=found.calibrated.calibration,
            policy=found.policy,
            typical=medians(train.matrix),
            fraud_rate=float(train.is_fraud.mean()),
            label_delay_days=plan.model.label_delay_days,
        ),
        assessed=found,
        metrics=fraud_metrics(found.judged, resamples=plan.model.resamples, seed=plan.model.seed),
        baselines=baselines,
        slices=slices(found.judged, test),
        groups=None if group is None else group_rates(found.judged, group.filter(pa.array(judged_rows)).to_pylist()),
        train_rows=int(train.is_fraud.size),
        train_frauds=int(train.is_fraud.sum()),
    )


def _baselines(rehearsed: Rows, calibration: Rows, train: Rows, test: Rows, plan: FraudPlan) -> dict[str, FraudMetrics]:
    before: Mapping[str, Callable[[NDArray[np.float32]], NDArray[np.float64]]] = fit_baselines(
        rehearsed.matrix, rehearsed.is_fraud, FEATURE_NAMES, plan.seed
    )
    now = fit_baselines(train.matrix, train.is_fraud, FEATURE_NAMES, plan.seed)
    return {
        name: fraud_metrics(
            assess(before[name](calibration.matrix), calibration, now[name](test.matrix), test, plan).judged
        )
        for name in now
    }
