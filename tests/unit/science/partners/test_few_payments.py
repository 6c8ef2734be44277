"""A partner with five payments is never among the top 50 by rate alone: the night's ranking in made-up worlds."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.science.fraud.engine import Limits
from jobs.science.partners.features import partner_features, training_rows
from jobs.science.partners.plan import PartnerPlan
from jobs.science.partners.score import FEW_PAYMENTS, TOP, held_back, ranks
from jobs.science.partners.train import train_partner_model
from jobs.science.synthetic import World
from jobs.tables.inputs import FRAUD_REPORTS, TRANSACTIONS

DAY = dt.date(2026, 11, 21)
NIGHT = DAY + dt.timedelta(days=1)
TINY = tuple(f"tiny{n:02d}" for n in range(60))
"""Partners of five payments each, every one a fraud that is known: more of them than the top has places."""

SPREADS_DAYS = (8.0, 13.9, 27.9)
"""How long ago the oldest of the five lies: labelled all the same, within 7 days of labels, or over four weeks."""


def world_with_tiny(seed: int, payments: int, **more: int) -> tuple[pa.Table, pa.Table]:
    """Draw a world and add the tiny partners: payments over the last days, and a report of each, known by now."""
    world = World(seed, 3_000, DAY, n_partners=200, payments_per_day=0.5, bad_rows=False, **more)
    (shard,) = world.shards()
    drawn = world.payments(shard)
    night = dt.datetime(NIGHT.year, NIGHT.month, NIGHT.day, tzinfo=dt.UTC)
    rows = []
    for place, name in enumerate(TINY):
        ago = np.linspace(7.5, SPREADS_DAYS[place % len(SPREADS_DAYS)], payments)
        rows += [(f"{name}-{i}", f"c{i}", name, night - dt.timedelta(days=float(a)), 20.0) for i, a in enumerate(ago)]
    ids, who, where, when, amount = (list(column) for column in zip(*rows, strict=True))
    extra = pa.table([ids, who, where, when, amount], names=TRANSACTIONS.names).cast(TRANSACTIONS.schema)
    told = pa.table([ids, [True] * len(ids), [night - dt.timedelta(days=1)] * len(ids)], names=FRAUD_REPORTS.names)
    return (
        pa.concat_tables([drawn.transactions, extra]),
        pa.concat_tables([drawn.fraud_reports, told.cast(FRAUD_REPORTS.schema)]),
    )


def night_features(seed: int, payments: int = FEW_PAYMENTS) -> pa.Table:
    return partner_features(
        *world_with_tiny(seed, payments), first_day=NIGHT, last_day=NIGHT, label_delay_days=7, limits=Limits(400, 1)
    )


def rank_of_tiny(features: pa.Table, score: np.ndarray) -> np.ndarray:
    rank = ranks(score, features["frauds_7d"].to_numpy(), features["transactions_7d"].to_numpy())
    return rank[np.isin(features["partner_id"].to_numpy(zero_copy_only=False), TINY)]


@pytest.fixture(scope="module")
def scorer():
    """A model of a world whose tiny partners went on as they began: nothing but the rule can hold them back."""
    plan = PartnerPlan(train_days=25, calibration_days=5, test_days=5, horizon_days=5, capacity=TOP, rounds=40)
    transactions, reports = world_with_tiny(8, FEW_PAYMENTS, days=70)
    last = NIGHT - dt.timedelta(days=plan.last_row_days)
    rows = training_rows(
        transactions, reports, first_day=last - dt.timedelta(days=plan.row_days - 1), last_day=last, known_by=NIGHT,
        horizon_days=plan.horizon_days, label_delay_days=plan.label_delay_days, limits=Limits(400, 1),
    )  # fmt: skip
    return train_partner_model(rows, plan).scorer


def hold_all_worlds(seeds, scorer) -> None:
    for seed in seeds:
        features = night_features(seed)
        payments = features["recent_28d"].to_numpy()
        tiny = np.isin(features["partner_id"].to_numpy(zero_copy_only=False), TINY)
        assert tiny.sum() == len(TINY)
        assert (payments[tiny] == FEW_PAYMENTS).all()
        assert (features["frauds_28d"].to_numpy()[tiny] == FEW_PAYMENTS).all()
        raw_rate = features["fraud_rate_28d"].to_numpy()
        assert raw_rate[tiny].min() == 1.0
        scores = {"raw": raw_rate, "rate": features["fraud_rate_shrunk"].to_numpy(), "model": scorer.margin(features)}
        for name, score in scores.items():
            assert rank_of_tiny(features, np.nan_to_num(score)).min() <= TOP, f"{name}, {seed}: nothing to hold back"
            held = rank_of_tiny(features, held_back(np.nan_to_num(score), payments))
            assert held.min() > TOP, f"{name}, world {seed}: a partner with five payments ranks {held.min()}"


def test_five_frauds_of_five_payments_stay_below_the_top_with_and_without_a_model(scorer):
    """Each score puts them among the top 50 by itself; held back, not one of sixty is there."""
    hold_all_worlds(range(3), scorer)


@pytest.mark.long
def test_five_frauds_of_five_payments_stay_below_the_top_in_every_world(scorer):
    hold_all_worlds(range(3, 40), scorer)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.integers(0, 9)), max_size=160))
def test_whatever_the_scores_fifty_others_come_first_where_there_are_fifty(rows):
    score, payments = (np.array(column, dtype=float) for column in zip(*rows, strict=True)) if rows else ([], [])
    held, few = held_back(score, payments), np.asarray(payments) <= FEW_PAYMENTS
    place = ranks(held, np.where(few, 9.0, 0.0))  # the tie goes to them
    others = int((~few).sum())
    if others >= TOP and few.any():
        assert place[few].min() > TOP
    if others and few.any():
        assert place[few].min() > others // 2
    assert np.array_equal(held[~few], np.asarray(score)[~few])


def test_one_payment_more_and_the_rate_counts(scorer):
    """Six frauds of six payments are no accident: such partners may rank where their score puts them."""
    features = night_features(1, FEW_PAYMENTS + 1)
    for score in (features["fraud_rate_shrunk"].to_numpy(), scorer.margin(features)):
        held = held_back(score, features["recent_28d"].to_numpy())
        tiny = np.isin(features["partner_id"].to_numpy(zero_copy_only=False), TINY)
        assert held[tiny].tolist() == score[tiny].tolist()
        assert rank_of_tiny(features, held).min() <= 5
