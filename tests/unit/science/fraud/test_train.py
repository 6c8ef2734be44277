import dataclasses
import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest, BadRows, NoInput
from jobs.science.fraud.baselines import AMOUNT, LOGISTIC
from jobs.science.fraud.card import model_card
from jobs.science.fraud.features import EPOCH, FEATURE_NAMES
from jobs.science.fraud.plan import FraudPlan
from jobs.science.fraud.ranking import Ranker
from jobs.science.fraud.reasons import reason_codes
from jobs.science.fraud.score import load_scorer
from jobs.science.fraud.train import train_fraud_model

SHORT = FraudPlan(
    train_days=10, calibration_days=6, test_days=4, label_delay_days=3, review_share=0.02, rounds=30, resamples=20
)


def made_up_features(rows=12_000, days=30, seed=1):
    """High amounts are often fraud, risky partners sometimes, and nothing else matters."""
    rng = np.random.default_rng(seed)
    columns = {name: rng.gamma(2, 10, rows).astype(np.float32) for name in FEATURE_NAMES}
    columns["partner_fraud_rate_7d"] = (rng.random(rows) * (rng.random(rows) < 0.1)).astype(np.float32)
    odds = -5 + 0.08 * columns["amount"] + 3 * columns["partner_fraud_rate_7d"]
    is_fraud = rng.random(rows) < 1 / (1 + np.exp(-odds))
    day = np.sort(rng.integers(0, days, rows)).astype(np.int32)
    columns["run_date"] = pa.array(day + 19_000, pa.int32()).cast(pa.date32())
    columns["customer_id"] = [f"c{n}" for n in rng.integers(0, 500, rows)]
    return pa.table(columns), is_fraud


@pytest.fixture(scope="module")
def trained():
    return train_fraud_model(*made_up_features(), SHORT)


def test_days_are_in_order_with_the_label_delay_between_training_and_calibration(trained):
    end = EPOCH + dt.timedelta(days=19_029)

    def days_to_end(period):
        return (end - period.first).days, (end - period.last).days

    assert days_to_end(trained.periods.test) == (3, 0)
    assert days_to_end(trained.periods.calibration) == (9, 4)
    assert days_to_end(trained.periods.train) == (22, 13)


def test_model_finds_the_signal_and_is_calibrated_on_later_days(trained):
    found = trained.metrics
    assert found.roc_auc > 0.75
    assert found.average_precision > 3 * found.frauds / found.rows
    assert found.calibration_slope == pytest.approx(1, abs=0.25)
    assert found.brier < found.brier_of_base_rate
    assert found.review_precision > 0.15
    assert found.cost_share < 0.95
    assert found.intervals["roc_auc"].low < found.roc_auc < found.intervals["roc_auc"].high


def test_files_hold_the_whole_model_and_the_card_is_plain(trained):
    features, _ = made_up_features(rows=500, seed=2)
    again = load_scorer(trained.scorer.to_files())
    np.testing.assert_array_equal(again.probability(features), trained.scorer.probability(features))
    card = json.loads(json.dumps(model_card(trained), allow_nan=False))
    assert card["trained_on"]["rows"] == trained.train_rows
    assert card["judged_on"] == {"first": str(trained.periods.test.first), "last": str(trained.periods.test.last)}
    assert card["metrics"]["average_precision"] == trained.metrics.average_precision


def test_the_same_seed_gives_the_same_model_for_any_number_of_threads(trained):
    again = train_fraud_model(*made_up_features(), dataclasses.replace(SHORT, threads=2))
    features, _ = made_up_features(rows=500, seed=2)
    np.testing.assert_array_equal(again.scorer.margin(features), trained.scorer.margin(features))
    assert again.scorer.calibration == trained.scorer.calibration


def test_labels_after_the_training_days_do_not_touch_the_trees(trained):
    features, is_fraud = made_up_features()
    late = np.array([day > trained.periods.train.last for day in features["run_date"].to_pylist()])
    shuffled = is_fraud.copy()
    shuffled[late] = np.random.default_rng(1).permutation(is_fraud[late])
    again = train_fraud_model(features, shuffled, SHORT)
    np.testing.assert_array_equal(again.scorer.margin(features), trained.scorer.margin(features))
    assert again.metrics.roc_auc < 0.6


def test_reasons_are_given_to_what_is_not_approved(trained):
    features, _ = made_up_features(rows=3_000, seed=3)
    outcome = trained.scorer.policy.decide(trained.scorer.probability(features), features["amount"].to_numpy())
    first = reason_codes(trained.scorer, features, outcome != "approve")[0]
    told = np.array([text is not None for text in first])
    assert 0 < told.sum() < 600
    assert not told[outcome == "approve"].any()


def test_baselines_are_judged_on_the_same_rows(trained):
    assert set(trained.baselines) == {AMOUNT, LOGISTIC}
    for found in trained.baselines.values():
        assert (found.rows, found.frauds) == (trained.metrics.rows, trained.metrics.frauds)
    amount = Ranker(trained.judged.is_fraud, trained.judged.amount_eur).ranking()
    assert trained.baselines[AMOUNT].average_precision == amount.average_precision
    assert trained.baselines[LOGISTIC].roc_auc > 0.7


def test_a_search_chooses_on_days_before_the_calibration_and_says_what_it_found():
    plan = dataclasses.replace(SHORT, trials=3, search_s=60, rounds=40)
    found = train_fraud_model(*made_up_features(), plan)
    assert found.periods.choice.last < found.periods.calibration.first
    assert found.periods.choice.days + found.periods.calibration.days == plan.calibration_days
    assert (found.search.trials, found.search.stopped_by) == (3, "cap")
    assert found.search.average_precision >= found.search.average_precision_of_default
    assert found.scorer.booster.num_trees() == found.search.rounds <= 40
    again = train_fraud_model(*made_up_features(), plan)
    assert again.search == found.search


def test_reviewers_limit_what_is_reviewed_on_the_calibration_days():
    few = dataclasses.replace(SHORT, review_share=None, review_per_day=2)
    found = train_fraud_model(*made_up_features(), few)
    many = train_fraud_model(*made_up_features(), dataclasses.replace(few, review_per_day=None))
    assert 0 < found.metrics.reviewed_share < many.metrics.reviewed_share
    assert found.scorer.policy.review_price_eur > many.scorer.policy.review_price_eur == 0


def test_one_class_no_rows_few_days_and_bad_labels_are_refused_in_one_sentence():
    features, is_fraud = made_up_features(rows=2_000)
    with pytest.raises(BadRows, match=r"0 of .* transactions of the training days .* both kinds are needed"):
        train_fraud_model(features, np.zeros(2_000), SHORT)
    with pytest.raises(NoInput, match="no row with a known label"):
        train_fraud_model(features.slice(0, 0), [], SHORT)
    with pytest.raises(BadRows, match="cover 30 days, and more than 72 are needed"):
        train_fraud_model(features, is_fraud, dataclasses.replace(SHORT, calibration_days=65))
    with pytest.raises(BadRows, match="each must be 0 or 1"):
        train_fraud_model(features, np.where(is_fraud, np.nan, 0), SHORT)
    with pytest.raises(BadRows, match="3 labels for 2000 rows"):
        train_fraud_model(features, [0, 1, 0], SHORT)


def test_a_feature_that_is_infinite_is_refused_by_name():
    features, is_fraud = made_up_features(rows=2_000)
    amount = features["amount"].to_numpy().copy()
    amount[:] = np.inf
    features = features.set_column(features.column_names.index("amount"), "amount", pa.array(amount))
    with pytest.raises(BadRows, match="amount of row 0 is inf"):
        train_fraud_model(features, is_fraud, SHORT)


@pytest.mark.parametrize(("name", "value"), [("train_days", 0), ("review_share", 1.0), ("review_per_day", -1)])
def test_plans_that_make_no_sense_are_refused(name, value):
    with pytest.raises(BadRequest, match=f"{name} is {value}"):
        train_fraud_model(*made_up_features(rows=100), dataclasses.replace(SHORT, **{name: value}))
