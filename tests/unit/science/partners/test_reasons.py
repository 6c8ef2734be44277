"""Reasons quote the partner's own figures, beside what makes them unusual; without a model the figures speak."""

import dataclasses

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pytest

from jobs.science.fraud.isotonic import fit_isotonic
from jobs.science.partners.features import FEATURE_NAMES
from jobs.science.partners.reasons import REASONS, partner_reasons
from jobs.science.partners.score import PartnerScorer

QUIET = dict.fromkeys(FEATURE_NAMES, 0.0) | {
    "volume_ratio_7d": 1.0, "ticket_ratio_7d": 1.0, "ticket_eur_7d": 20.0, "payments_7d": 10.0, "payments_28d": 40.0,
    "age_days": 90.0, "known_7d": 8.0, "known_28d": 30.0,
}  # fmt: skip


def table(*rows):
    return pa.Table.from_pylist([{**QUIET, **row, "partner_id": f"p{n}"} for n, row in enumerate(rows)])


def scorer_on(name):
    """A model that reads one feature: the more of it, the riskier."""
    r = np.random.default_rng(1)
    most = 100.0 if name.endswith(("eur_7d", "payments_7d", "frauds_7d")) else 1.0
    x = r.random((400, len(FEATURE_NAMES))) * most
    place = FEATURE_NAMES.index(name)
    data = lgb.Dataset(x, x[:, place] / most, feature_name=list(FEATURE_NAMES))
    booster = lgb.train({"objective": "cross_entropy", "num_threads": 1, "verbosity": -1}, data, num_boost_round=30)
    typical = dict.fromkeys(FEATURE_NAMES, 0.0) | {"payments_7d": 35.0, "ticket_eur_7d": 26.1, "night_share_28d": 0.03}
    return PartnerScorer(booster, FEATURE_NAMES, fit_isotonic([0.0, 1.0], [0.0, 1.0]), 0.0, 5, typical, 0.1, 7, 7)


def said(scorer, **row):
    [*reasons] = partner_reasons(scorer, table(row), np.array([True]))
    return [column[0].as_py() for column in reasons if column[0].as_py()]


@pytest.mark.parametrize(
    ("feature", "row", "words"),
    [
        ("ticket_eur_7d", {"ticket_eur_7d": 95.0}, "ticket: 95.00 euro a payment in 7 days (26.10 at a partner in the"),
        ("ticket_eur_7d", {"ticket_eur_7d": 95.0, "ticket_ratio_7d": 2.5}, "ticket_spike: 95.00 euro a payment in 7"),
        ("ticket_eur_7d", {"ticket_eur_7d": 95.0, "ticket_ratio_7d": 0.5}, "ticket_drop: 95.00 euro a payment in 7"),
        ("payments_7d", {"payments_7d": 90.0}, "volume: 90 payments in 7 days (35 at a partner in the middle)"),
        ("payments_7d", {"payments_7d": 90.0, "volume_ratio_7d": 4.0}, "volume_spike: 90 payments in 7 days, 4.0 time"),
        ("payments_7d", {"payments_7d": 90.0, "age_days": 3.0}, "new_volume: 90 payments in the first 3 days"),
        ("payments_7d", {"payments_7d": 90.0, "volume_ratio_7d": np.nan}, "volume: 90 payments in 7 days, none in the"),
        ("known_frauds_7d", {"known_frauds_7d": 95.0, "known_7d": 99.0}, "known_fraud: 95 of 99 payments of the last"),
        ("early_frauds_7d", {"early_frauds_7d": 80.0, "payments_7d": 99.0}, "early_reports: 80 of 99 payments of the"),
        ("night_share_28d", {"night_share_28d": 0.9}, "hours: 90% of payments before 07:00 UTC (3% at a partner in"),
        ("shared_customers_7d", {"shared_customers_7d": 0.9}, "shared_customers: 90% of the week's payments come"),
        ("repeat_customers_7d", {"repeat_customers_7d": 0.9}, "repeat_disputes: 90% of the week's payments come"),
        ("repeat_devices_7d", {"repeat_devices_7d": 0.9}, "repeat_devices: 90% of the week's payments come from"),
        ("category_fraud_rate", {"category_fraud_rate": 0.9}, "category: 90.00% known fraud in the partner's line"),
    ],
)  # fmt: skip
def test_what_raised_the_score_is_said_with_the_partners_own_figure(feature, row, words):
    assert said(scorer_on(feature), **row)[0].startswith(words)


def test_what_is_not_there_is_no_reason_even_where_it_raises_the_odds():
    """The model holds a missing or empty figure against a partner; no sentence can be made of it."""
    for name in ("shared_customers_7d", "repeat_customers_7d", "known_frauds_7d", "refund_ratio_28d"):
        falling = scorer_on(name)
        words = said(falling, **{name: 0.0 if name != "refund_ratio_28d" else float("nan")})
        assert not any(text.startswith(("shared", "repeat", "known", "refunds")) for text in words)


@pytest.mark.parametrize("name", ["night_share_28d", "weekend_share_28d"])
def test_fewer_payments_at_odd_hours_than_elsewhere_are_no_reason(name):
    scorer = scorer_on(name)
    scorer = dataclasses.replace(scorer, typical=scorer.typical | {"night_share_28d": 0.95, "weekend_share_28d": 0.95})
    assert not any(text.startswith("hours") for text in said(scorer, **{name: 0.9}))
    assert said(scorer, **{name: 1.0})[0].startswith("hours")


@pytest.mark.parametrize(
    ("name", "code", "usual"),
    [("payments_7d", "volume", 95.0), ("shared_customers_7d", "shared", 0.95), ("shared_devices_7d", "shared", 0.95)],
)
def test_less_than_at_a_partner_in_the_middle_is_no_reason(name, code, usual):
    scorer = scorer_on(name)
    above, below = usual * 1.04, usual * 0.9
    scorer = dataclasses.replace(scorer, typical=scorer.typical | {name: usual})
    assert not any(text.startswith(code) for text in said(scorer, **{name: below}))
    assert said(scorer, **{name: above})[0].startswith(code)


def test_without_a_model_the_figures_speak_and_a_quiet_partner_has_none():
    assert said(None) == []
    words = said(None, known_frauds_7d=3.0, known_frauds_28d=4.0, early_frauds_7d=2.0, scheme_ratio_28d=0.2)
    assert [text.split(":")[0] for text in words] == ["known_fraud", "early_reports", "scheme_ratio"]
    assert said(None, volume_z_7d=9.0, volume_ratio_7d=5.0) == [
        "volume_spike: 10 payments in 7 days, 5.0 times the partner's own usual week"
    ]


def test_only_the_queue_gets_reasons_and_no_more_than_three():
    columns = partner_reasons(None, table({"known_frauds_7d": 3.0}, {"known_frauds_7d": 3.0}), np.array([False, True]))
    assert len(columns) == REASONS
    assert [column[0].as_py() for column in columns] == [None] * REASONS
    assert columns[0][1].as_py().startswith("known_fraud: 3 of 8 payments")
