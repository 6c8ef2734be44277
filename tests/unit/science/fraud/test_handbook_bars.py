"""What the model reaches on the Handbook's own test weeks, everything chosen on weeks before them.

How a fraud was made (TX_FRAUD_SCENARIO) is never read. Training days, parameters of the trees and hours between
refreshes were chosen on the four folds that begin on 2018-06-20 to 2018-07-11.
"""

import dataclasses
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jobs.science.fraud.assess import Rows, assess, taken
from jobs.science.fraud.baselines import AMOUNT, fit_baselines
from jobs.science.fraud.booster import grow
from jobs.science.fraud.calibration_errors import calibration_curve, calibration_slope, relative_error
from jobs.science.fraud.decision import Costs
from jobs.science.fraud.features import EPOCH, FEATURE_NAMES, fraud_features
from jobs.science.fraud.judged import Judged
from jobs.science.fraud.metrics import FraudMetrics, fraud_metrics
from jobs.science.fraud.plan import FraudPlan
from jobs.science.fraud.protocol import handbook_split
from jobs.science.fraud.reasons import GROUPS, group_shares, membership
from jobs.science.fraud.train import fit_booster, margins, medians
from tests.unit.science.fraud.conftest import LIMITS, Handbook, handbook_history

CHAPTER_3 = dt.date(2018, 7, 25)
CHAPTER_5 = (dt.date(2018, 7, 25), dt.date(2018, 8, 1), dt.date(2018, 8, 8), dt.date(2018, 8, 15))
TRAIN_DAYS = 21
CALIBRATION_DAYS = 14
PLAN = FraudPlan(review_share=None, costs=Costs(review_eur=5, loss_share=1))


@dataclass(frozen=True)
class Weeks:
    """Features and labels of 2018-06-20 to 2018-09-04."""

    features: pa.Table
    is_fraud: np.ndarray
    day: np.ndarray
    customer: np.ndarray

    def split(self, first: dt.date, train_days: int, test_days: int = 7) -> tuple[Rows, Rows]:
        """The book's judged rows of a fold that begins on a date, and training days that end where its own do."""
        start = (first - EPOCH).days
        end = start + 7
        book = handbook_split(self.day, self.customer, self.is_fraud, start, test_days=test_days)
        train = (self.day >= end - train_days) & (self.day < end)
        labels = self.is_fraud.astype(float)
        return taken(self.features, labels, train, "training"), taken(self.features, labels, book.test, "judged")


@pytest.fixture(scope="module")
def weeks(data_dir: Path) -> Weeks:
    first, last = dt.date(2018, 6, 20), dt.date(2018, 9, 4)
    history = handbook_history(data_dir, first - dt.timedelta(days=37), last)
    batches = fraud_features(
        history.transactions,
        history.fraud_reports,
        first_day=first,
        last_day=last,
        label_delay_days=7,
        refresh_hours=1,
        limits=dataclasses.replace(LIMITS, memory_mb=900),
    )
    features = pa.concat_tables(batches)
    frauds = set(history.fraud_reports["transaction_id"].to_pylist())
    is_fraud = np.array([name in frauds for name in features["transaction_id"].to_pylist()])
    customer = np.unique(features["customer_id"].to_numpy(), return_inverse=True)[1]
    return Weeks(features, is_fraud, features["run_date"].cast(pa.int32()).to_numpy(), customer)


def judged(weeks: Weeks, first: dt.date, train_days: int) -> Judged:
    """Train, calibrate in a rehearsal that ends three weeks earlier, decide on the book's judged rows."""
    train, test = weeks.split(first, train_days)
    rehearsed, calibration = weeks.split(
        first - dt.timedelta(days=CALIBRATION_DAYS + PLAN.label_delay_days), train_days, CALIBRATION_DAYS
    )
    before, now = fit_booster(rehearsed, PLAN), fit_booster(train, PLAN)
    return assess(margins(before, calibration.matrix, 1), calibration, margins(now, test.matrix, 1), test, PLAN).judged


@pytest.mark.long
def test_chapter_3_on_its_seven_days(weeks: Weeks) -> None:
    train, test = weeks.split(CHAPTER_3, 7)
    found = figures(train, test)
    assert found.card_precision_100_ceiling == pytest.approx(0.397, abs=5e-4)
    assert found.average_precision >= 0.735
    assert found.card_precision_100 >= 0.295


@pytest.mark.long
@pytest.mark.timeout(900)
def test_chapter_5_over_its_four_folds(weeks: Weeks) -> None:
    folds = [judged(weeks, first, TRAIN_DAYS) for first in CHAPTER_5]
    found = [fraud_metrics(fold) for fold in folds]
    assert np.mean([f.card_precision_100_ceiling for f in found]) == pytest.approx(0.419, abs=5e-4)
    assert np.mean([f.roc_auc for f in found]) >= 0.883
    assert np.mean([f.average_precision for f in found]) >= 0.735
    assert np.mean([f.card_precision_100 for f in found]) >= 0.305
    y, p = (np.concatenate([getattr(fold, name) for fold in folds]) for name in ("is_fraud", "probability"))
    seen = np.concatenate([fold.looked_at for fold in folds])
    assert calibration_slope(y, p) == pytest.approx(1, abs=0.1)
    assert relative_error(calibration_curve(y[seen], p[seen], 10)) <= 0.1
    assert sum(f.cost_eur for f in found) <= 0.175 * sum(f.nothing_eur for f in found)


@pytest.mark.long
def test_the_first_reason_of_a_suspect_payment_matters_more_than_another_group(weeks: Weeks) -> None:
    """The deletion test on the judged week's 400 most suspect payments."""
    train, test = weeks.split(CHAPTER_3, 7)
    booster = fit_booster(train, PLAN)
    suspect = test.matrix[np.argsort(-margins(booster, test.matrix, 1))[:400]]
    typical = medians(train.matrix)
    names = tuple(typical)
    groups = membership(names)
    scorer = type("Explained", (), {"booster": booster, "features": names})()
    named = group_shares(scorer, suspect).argmax(axis=1)
    other = (named + np.random.default_rng(1).integers(1, len(GROUPS), named.size)) % len(GROUPS)

    def without(group: np.ndarray) -> np.ndarray:
        usual = np.array(list(typical.values()), dtype=np.float32)
        return margins(booster, np.where(groups.T[group] > 0, usual, suspect), 1)

    lower = without(named) < without(other)
    assert lower.mean() > 0.9
    assert np.mean(without(other) - without(named)) > 2


def test_a_fifth_of_the_trees_comes_near_chapter_3(handbook: Handbook) -> None:
    """The smaller form of the bar, for the quick tests: 100 trees of a larger step."""
    customer = np.unique(handbook.customer, return_inverse=True)[1]
    train, test = Weeks(handbook.features, handbook.is_fraud, handbook.day, customer).split(CHAPTER_3, 7)
    booster = grow(train.matrix, train.is_fraud, FEATURE_NAMES, rounds=100, parameters={"learning_rate": 0.1})
    margin = margins(booster, test.matrix, 1)
    found = fraud_metrics(assess(margin, test, margin, test, PLAN).judged)
    rivals = fit_baselines(train.matrix, train.is_fraud, FEATURE_NAMES)
    amount = fraud_metrics(assess(rivals[AMOUNT](test.matrix), test, rivals[AMOUNT](test.matrix), test, PLAN).judged)
    assert found.card_precision_100_ceiling == pytest.approx(0.397, abs=5e-4)
    assert found.average_precision >= 0.725
    assert found.card_precision_100 >= 0.29
    assert amount.average_precision < 0.5 * found.average_precision


def figures(train: Rows, test: Rows) -> FraudMetrics:
    """Rank alone: probabilities play no part in these figures."""
    margin = margins(fit_booster(train, PLAN), test.matrix, 1)
    return fraud_metrics(assess(margin, test, margin, test, PLAN).judged)
