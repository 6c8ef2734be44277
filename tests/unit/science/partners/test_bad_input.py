"""Odd partners, reports and texts from the payments to the rank: each has a clear outcome and moves nobody else."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from jobs.science.fraud.engine import Limits
from jobs.science.partners.features import partner_features, training_rows
from jobs.science.partners.plan import PartnerPlan
from jobs.science.partners.score import held_back, load_partner_scorer, ranks
from jobs.science.partners.text import COLUMN
from jobs.science.partners.train import train_partner_model
from jobs.science.synthetic import World

DAY = dt.date(2026, 11, 21)
NIGHT = DAY + dt.timedelta(days=1)
MIDNIGHT = dt.datetime(NIGHT.year, NIGHT.month, NIGHT.day, tzinfo=dt.UTC)
PLAN = PartnerPlan(train_days=20, calibration_days=5, test_days=5, horizon_days=5, capacity=20, rounds=30)
LIMITS = Limits(400, 1)
TEXTS = {
    "no text": "",
    "blank": " \n\t ",
    "a megabyte": "pay in advance only. " * 50_000,
    "Cyrillic": "Перлинна крамниця: коштовності",
    "Chinese": "新鮮な魚と野菜",
    "Arabic": "متجر المجوهرات",
    "pictures": "🛍️🛒🎁💍",
    "half a character": "rings \ud83d and watches",
}


@pytest.fixture(scope="module")
def drawn():
    world = World(8, 2_500, DAY, days=70, payments_per_day=0.5, n_partners=120, bad_rows=False)
    payments = world.payments(world.shards()[0])
    return world, payments.transactions, payments.fraud_reports


def learnt_from(transactions, reports, **more):
    last = NIGHT - dt.timedelta(days=PLAN.last_row_days)
    return training_rows(
        transactions, reports, first_day=last - dt.timedelta(days=PLAN.row_days - 1), last_day=last, known_by=NIGHT,
        horizon_days=PLAN.horizon_days, label_delay_days=PLAN.label_delay_days, limits=LIMITS, **more,
    )  # fmt: skip


def of_the_night(transactions, reports, **more):
    return partner_features(
        transactions, reports, first_day=NIGHT, last_day=NIGHT, label_delay_days=7, limits=LIMITS, **more
    )


@pytest.fixture(scope="module")
def rows(drawn):
    return learnt_from(*drawn[1:])


@pytest.fixture(scope="module")
def scorer(rows):
    return train_partner_model(rows, PLAN).scorer


def paid_at(like, partner, count):
    """Payments at one partner over the last five weeks, as a table of the same columns."""
    ago = np.linspace(0.5, 34.5, count)
    made = {
        "transaction_id": [f"{partner}-{n}" for n in range(count)],
        "customer_id": pa.array(np.arange(count) % 900).cast(pa.string()),
        "partner_id": [partner] * count,
        "occurred_at": pa.array((MIDNIGHT.timestamp() * 1e6 - ago * 86_400e6).astype(np.int64)).cast(
            like.schema.field("occurred_at").type
        ),
        "amount_eur": np.full(count, 21.5),
    }
    return pa.table(made).select(like.column_names).cast(like.schema)


def assert_same(one, other):
    assert one.column_names == other.column_names
    for name in one.column_names:
        np.testing.assert_array_equal(*(table[name].to_numpy() for table in (one, other)), err_msg=name)


def ranked(features, scorer):
    margin = held_back(scorer.margin(features), features["recent_28d"].to_numpy())
    assert np.isfinite(margin).all()
    probability = scorer.probability(margin)
    assert ((probability >= 0) & (probability <= 1)).all()
    return dict(zip(features["partner_id"].to_pylist(), ranks(margin).tolist(), strict=True))


@pytest.mark.parametrize("count", [1, 300_000])
def test_a_partner_of_one_payment_or_of_very_many_is_ranked_and_never_first_without_a_fraud(drawn, scorer, count):
    _, transactions, reports = drawn
    features = of_the_night(pa.concat_tables([transactions, paid_at(transactions, "odd", count)]), reports)
    rank = ranked(features, scorer)
    assert rank["odd"] > PLAN.capacity
    assert len(rank) == len(of_the_night(transactions, reports)) + 1


def test_a_partner_without_transactions_is_ranked_in_the_middle_at_most(drawn, scorer):
    _, transactions, reports = drawn
    features = of_the_night(transactions, reports, silent=["nothing"])
    rank = ranked(features, scorer)
    assert rank["nothing"] > len(rank) // 2


def test_a_changed_id_starts_anew_and_its_old_payments_stay_with_the_old_one(drawn, scorer):
    """What is known of the old id is not told of the new one, and no payment is lost or counted twice."""
    _, transactions, reports = drawn
    before = {row["partner_id"]: row for row in of_the_night(transactions, reports).to_pylist()}
    old = max(before, key=lambda name: before[name]["frauds_28d"])
    partner = np.array(transactions["partner_id"].to_pylist(), dtype=object)
    late = transactions["occurred_at"].cast(pa.int64()).to_numpy() >= (MIDNIGHT.timestamp() - 3 * 86_400) * 1e6
    partner[(partner == old) & late] = "renamed"
    place = transactions.column_names.index("partner_id")
    features = of_the_night(transactions.set_column(place, "partner_id", pa.array(partner, pa.string())), reports)
    found = {row["partner_id"]: row for row in features.to_pylist()}
    assert found["renamed"]["frauds_28d"] == 0
    assert found["renamed"]["age_days"] <= 3
    assert found["renamed"]["transactions_28d"] == 0
    assert found[old]["frauds_28d"] == before[old]["frauds_28d"] > 0
    assert found[old]["recent_28d"] + found["renamed"]["recent_28d"] == before[old]["recent_28d"]
    assert {"renamed", old} <= set(ranked(features, scorer))


def test_a_report_of_a_payment_that_is_not_there_changes_neither_what_is_learnt_nor_a_rank(drawn, rows):
    _, transactions, reports = drawn
    lost = pa.table({"transaction_id": ["nobody"], "is_fraud": [True], "reported_at": [MIDNIGHT]})
    more = pa.concat_tables([reports, lost.select(reports.column_names).cast(reports.schema)])
    assert_same(learnt_from(transactions, more), rows)
    assert_same(of_the_night(transactions, more), of_the_night(transactions, reports))


def test_without_any_category_all_partners_are_of_one_and_the_model_is_trained(drawn, rows, scorer):
    _, transactions, reports = drawn
    of_one = of_the_night(transactions, reports)
    assert np.unique(of_one["category_fraud_rate"].to_numpy()).size == 1
    assert len(ranked(of_one, scorer)) == of_one.num_rows
    some = dict.fromkeys(rows["partner_id"].to_pylist()[:40], "gifts")
    assert np.unique(of_the_night(transactions, reports, categories=some)["category_fraud_rate"].to_numpy()).size == 2


def test_texts_of_any_size_and_script_are_learnt_from_and_ranked(rows):
    """Among plain texts stand odd ones; a model that reads text scores every one, read back from its files too."""
    partners = sorted(set(rows["partner_id"].to_pylist()))
    ill = set(partners[::6])
    texts = {p: "pay in advance only, far below the market" if p in ill else "bread and fruit" for p in partners}
    texts |= dict(zip(partners[1::14], TEXTS.values(), strict=False))
    frauds = np.where(np.isin(rows["partner_id"].to_pylist(), list(ill)), rows["next_transactions"].to_numpy(), 0)
    told = rows.set_column(rows.column_names.index("next_frauds"), "next_frauds", pa.array(frauds))
    training = train_partner_model(told, PLAN, texts=texts)
    assert training.scorer.text is not None
    again = load_partner_scorer(training.scorer.to_files())
    day = rows.filter(pa.array(rows["day"].to_numpy() == rows["day"].to_numpy().max())).slice(0, len(TEXTS))
    given = again.text.append(day, list(TEXTS.values()))
    says = dict(zip(TEXTS, np.isfinite(given[COLUMN].to_numpy()).tolist(), strict=True))
    assert [name for name, finite in says.items() if not finite] == ["no text", "blank"]
    assert len(ranked(given, again)) == len(TEXTS)
