import numpy as np
import pyarrow as pa
import pytest

from jobs.science.fraud.calibration import Calibration
from jobs.science.fraud.features import FEATURE_NAMES
from jobs.science.fraud.reasons import _GROUPS, REASONS, reason_codes
from jobs.science.fraud.score import FraudScorer
from jobs.science.fraud.train import FraudPlan, fit_booster

USUAL = {
    "amount": 40.0, "is_weekend": 0.0, "is_night": 0.0,
    "customer_count_1d": 2.0, "customer_mean_eur_1d": 40.0, "customer_count_7d": 14.0, "customer_mean_eur_7d": 40.0,
    "customer_count_30d": 60.0, "customer_mean_eur_30d": 40.0,
    "partner_count_1d": 5.0, "partner_fraud_rate_1d": 0.0, "partner_count_7d": 30.0, "partner_fraud_rate_7d": 0.0,
    "partner_count_30d": 100.0, "partner_fraud_rate_30d": 0.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def scorer():
    """A model of a world where high amounts, risky partners and many purchases are fraud, and nothing else is."""
    rng = np.random.default_rng(1)
    rows = 4_000
    matrix = np.tile(np.array([USUAL[name] for name in FEATURE_NAMES]), (rows, 1)).astype(np.float32)
    kind = rng.integers(0, 8, rows)
    place = {name: i for i, name in enumerate(FEATURE_NAMES)}
    matrix[kind == 0, place["amount"]] = 400
    matrix[kind == 1, place["partner_fraud_rate_7d"]] = 0.5
    matrix[kind == 2, place["customer_count_1d"]] = 12
    matrix[:, place["is_weekend"]] = rng.integers(0, 2, rows)
    booster = fit_booster(matrix, kind < 3, FraudPlan(rounds=30))
    return FraudScorer(
        booster, FEATURE_NAMES, Calibration((-5.0, 5.0), (0.01, 0.9)), 0.0,
        dict(USUAL), 0.01, 7,
    )  # fmt: skip


def explained(scorer, **changes):
    row = {**USUAL, **changes}
    features = pa.table({name: pa.array([row[name]], pa.float32()) for name in FEATURE_NAMES})
    return [reason[0].as_py() for reason in reason_codes(scorer, features, np.array([np.inf]))]


def test_the_cause_comes_first_in_the_customers_own_figures(scorer):
    assert explained(scorer, amount=364.0)[0] == "amount_high: 364.00 euro, 9.1 times the customer's 30-day mean"
    assert explained(scorer, partner_fraud_rate_7d=0.5)[0] == (
        "partner_risky: fraud in 50% of 30 transactions at the partner in 7 days up to 7 days ago, "
        "in 1.0% at all partners"
    )
    assert explained(scorer, customer_count_1d=12.0)[0] == (
        "purchases_many: 12 earlier purchases in 24 hours, 2.0 a day over 30 days"
    )


def test_what_does_not_raise_the_odds_is_no_reason(scorer):
    for reasons in (explained(scorer, amount=400.0), explained(scorer, customer_count_1d=12.0)):
        codes = [reason.split(":")[0] for reason in reasons if reason]
        assert 1 <= len(codes) == len(set(codes))
        assert "time_of_purchase" not in codes


def test_a_customer_without_history_is_told_so(scorer):
    reasons = explained(scorer, amount=400.0, customer_mean_eur_30d=None, customer_count_30d=0.0)
    assert reasons[0] == "amount_without_history: 400.00 euro, and no earlier purchase of the customer in 30 days"


def test_only_rows_at_or_above_the_review_margin_get_reasons(scorer):
    rows = 6
    columns = {name: pa.array([value] * rows, pa.float32()) for name, value in USUAL.items()}
    columns["amount"] = pa.array([40.0, 400, 400, 40, 400, 40], pa.float32())
    features = pa.table(columns)
    margin = scorer.margin(features)
    reviewed = margin >= scorer.review_margin
    assert reviewed.tolist() == [False, True, True, False, True, False]
    reasons = reason_codes(scorer, features, margin)
    assert len(reasons) == REASONS
    assert [text is not None for text in reasons[0].to_pylist()] == reviewed.tolist()
    assert not any(reason.is_valid().to_numpy(zero_copy_only=False)[~reviewed].any() for reason in reasons)


def test_every_feature_belongs_to_one_group():
    for name in FEATURE_NAMES:
        assert sum(name.startswith(prefixes) for prefixes, _ in _GROUPS) == 1, name


@pytest.mark.parametrize("value", [0.0, 1.0, 1_000.0, None])
def test_words_exist_for_every_figure(scorer, value):
    """Each group finds words for zero, one, many and missing values, and starts with a code."""
    row = {name: float("nan") if value is None else value for name in FEATURE_NAMES}
    for _, words in _GROUPS:
        code, figures = words(row, scorer).split(": ", 1)
        assert code.replace("_", "").isalpha()
        assert figures
        if value is not None:
            assert "nan" not in figures
