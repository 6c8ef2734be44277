"""Reasons name what raised the odds, in the customer's own figures; taking the named thing away lowers the score."""

import numpy as np
import pyarrow as pa
import pytest

from jobs.science.fraud import reasons
from jobs.science.fraud.booster import grow
from jobs.science.fraud.calibration import Calibration
from jobs.science.fraud.decision import DecisionPolicy
from jobs.science.fraud.features import FEATURE_NAMES
from jobs.science.fraud.reasons import GROUPS, REASONS, group_shares, membership, reason_codes, reasons_of
from jobs.science.fraud.score import FraudScorer
from jobs.tables import outputs

USUAL = dict.fromkeys(FEATURE_NAMES, 0.0) | {
    "amount": 40.0, "hour_of_day": 12.0, "customer_count_1d": 2.0, "customer_count_7d": 14.0,
    "customer_count_30d": 60.0, "customer_mean_eur_30d": 40.0, "amount_to_median_30d": 1.0, "amount_to_max_30d": 0.5,
    "pair_count_30d": 3.0, "partner_count_1d": 5.0, "partner_count_7d": 30.0, "partner_count_30d": 100.0,
    "partner_count_recent_30d": 100.0, "partner_days_since_known": 7.0,
}  # fmt: skip
PLACE = {name: i for i, name in enumerate(FEATURE_NAMES)}


def world(rows, seed):
    """High amounts, risky partners and many purchases are fraud; the hour is nothing."""
    rng = np.random.default_rng(seed)
    matrix = np.tile(np.array([USUAL[name] for name in FEATURE_NAMES]), (rows, 1)).astype(np.float32)
    kind = rng.integers(0, 8, rows)
    matrix[kind == 0, PLACE["amount"]] = 400
    matrix[kind == 0, PLACE["amount_to_median_30d"]] = 10
    matrix[kind == 1, PLACE["partner_fraud_rate_7d"]] = 0.5
    matrix[kind == 2, PLACE["customer_count_1d"]] = 12
    matrix[:, PLACE["hour_of_day"]] = rng.integers(0, 24, rows)
    return matrix, kind < 3


@pytest.fixture(scope="module")
def scorer():
    booster = grow(*world(4_000, 1), FEATURE_NAMES, rounds=40)
    return FraudScorer(
        booster, FEATURE_NAMES, Calibration((-5.0, 5.0), (0.01, 0.9)), DecisionPolicy(), dict(USUAL), 0.01, 7
    )


def explained(scorer, **changes):
    row = {**USUAL, **changes}
    features = pa.table({name: pa.array([row[name]], pa.float32()) for name in FEATURE_NAMES})
    return [reason[0] for reason in reason_codes(scorer, features, [True])]


def test_the_cause_comes_first_in_the_customers_own_figures(scorer):
    assert explained(scorer, amount=364.0, amount_to_median_30d=9.1)[0] == (
        "amount_high: 364.00 euro, 9.1 times the customer's 30-day median"
    )
    assert explained(scorer, partner_fraud_rate_7d=0.5)[0] == (
        "partner_risky: fraud in 50% of 30 transactions at the partner in 7 days up to 7 days ago, "
        "in 1.0% at all partners"
    )
    assert explained(scorer, partner_fraud_rate_7d=0.5, partner_fraud_run_length=3.0, partner_fraud_run_days=9.0)[
        0
    ] == ("partner_risky: the last 3 known transactions at the partner were fraud, the first 9 days ago")
    assert explained(scorer, customer_count_1d=12.0)[0] == (
        "purchases_many: 12 earlier purchases in 24 hours, 2.0 a day over 30 days"
    )


def test_what_does_not_raise_the_odds_is_no_reason(scorer):
    for found in (explained(scorer, amount=400.0), explained(scorer, customer_count_1d=12.0)):
        codes = [reason.split(":")[0] for reason in found if reason]
        assert 1 <= len(codes) == len(set(codes))
        assert "time_of_purchase" not in codes


def test_a_customer_without_history_is_told_so(scorer):
    found = explained(scorer, amount=400.0, amount_to_median_30d=None, customer_count_30d=0.0)
    assert found[0].startswith("amount_without_history: 400.00 euro, and too few purchases")


def test_only_the_rows_asked_for_get_reasons(scorer):
    rows = 6
    columns = {name: pa.array([value] * rows, pa.float32()) for name, value in USUAL.items()}
    columns["amount"] = pa.array([40.0, 400, 400, 40, 400, 40], pa.float32())
    asked = np.array([False, True, True, False, True, False])
    found = reason_codes(scorer, pa.table(columns), asked)
    assert len(found) == REASONS
    assert [text is not None for text in found[0]] == asked.tolist()
    assert not any(text is not None for texts in found for text, wanted in zip(texts, asked, strict=True) if not wanted)


def test_groups_add_up_to_the_margin(scorer):
    matrix, _ = world(300, 2)
    added = group_shares(scorer, matrix)
    base = scorer.booster.predict(matrix, pred_contrib=True)[:, -1]
    np.testing.assert_allclose(added.sum(axis=1) + base, scorer.booster.predict(matrix, raw_score=True), atol=1e-6)


def test_taking_the_first_reason_away_lowers_the_score_more_than_taking_another_group_away(scorer):
    """The deletion test: the named group set to typical values, against a group drawn by chance."""
    matrix, fraud = world(3_000, 3)
    matrix = matrix[fraud]
    assert deletion_gain(scorer, matrix, seed=1) > 1.0


def deletion_gain(scorer, matrix, seed):
    """By how much more the margin falls without the first reason's group than without a random other group."""
    rng = np.random.default_rng(seed)
    named = group_shares(scorer, matrix).argmax(axis=1)
    other = (named + rng.integers(1, len(GROUPS), named.size)) % len(GROUPS)
    return float(np.mean(without(scorer, matrix, other) - without(scorer, matrix, named)))


def without(scorer, matrix, group):
    """Margin of each row with its group's features set to their typical values."""
    typical = np.array([scorer.typical[name] for name in scorer.features], dtype=np.float32)
    taken = membership(scorer.features).T[group] > 0
    return scorer.booster.predict(np.where(taken, typical, matrix), raw_score=True)


def test_one_row_of_a_matrix_is_explained_as_the_same_row_of_a_table(scorer):
    row = {**USUAL, "amount": 400.0, "amount_to_median_30d": 10.0}
    matrix = np.array([[row[name] for name in FEATURE_NAMES]], dtype=np.float32)
    told = explained(scorer, **{name: row[name] for name in ("amount", "amount_to_median_30d")})
    assert reasons_of(scorer, matrix)[0] == [text for text in told if text]


def test_the_windows_in_words_are_those_of_the_features():
    assert (reasons.LARGE_DAYS, reasons.LARGE_TIMES) == (outputs.LARGE_DAYS, outputs.LARGE_TIMES)


def test_every_feature_belongs_to_one_group():
    for name in FEATURE_NAMES:
        assert sum(name.startswith(prefixes) for prefixes, _ in GROUPS.values()) == 1, name


@pytest.mark.parametrize("value", [0.0, 1.0, 1_000.0, None])
def test_words_exist_for_every_figure(scorer, value):
    """Each group finds words for zero, one, many and missing values, and starts with a code."""
    row = {name: float("nan") if value is None else value for name in FEATURE_NAMES}
    for _, words in GROUPS.values():
        code, figures = words(row, scorer).split(": ", 1)
        assert code.replace("_", "").isalpha()
        assert figures
        if value is not None:
            assert "nan" not in figures
