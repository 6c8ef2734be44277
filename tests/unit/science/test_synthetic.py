"""The made-up world keeps its promises: the same rows in any cut, known effects, fraud to find, visits that mislead."""

from datetime import UTC, date, datetime
from itertools import pairwise

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.errors import BadRequest
from jobs.science.synthetic import World
from jobs.science.synthetic.campaign import ARMS, FEATURES
from jobs.science.synthetic.payments import FRAUD_KINDS
from jobs.science.synthetic.world import CUSTOMERS_TABLE, TRIAL_TABLE
from jobs.tables.inputs import FRAUD_REPORTS, PARTNERS, TRANSACTIONS

RUN_DATE = date(2026, 11, 2)
END = datetime(2026, 11, 3, tzinfo=UTC)
CONTACT_COST = np.array([a.contact_cost_eur for a in ARMS])


@pytest.fixture(scope="module")
def world():
    return World(seed=7, n_customers=20_000, run_date=RUN_DATE, bad_rows=False)


@pytest.fixture(scope="module")
def shard(world):
    (whole,) = world.shards()
    return whole


@pytest.fixture(scope="module")
def payments(world, shard):
    return world.payments(shard)


@pytest.fixture(scope="module")
def trial(world, shard):
    return world.trial(shard)


def test_every_table_has_its_declared_schema(world, shard, payments, trial):
    assert world.customers(shard).schema.equals(CUSTOMERS_TABLE.schema)
    assert world.partners().schema.equals(PARTNERS.schema)
    assert payments.transactions.schema.equals(TRANSACTIONS.schema)
    assert payments.fraud_reports.schema.equals(FRAUD_REPORTS.schema)
    assert trial.schema.equals(TRIAL_TABLE.schema)


def test_the_cut_into_shards_changes_no_customer():
    """Two cuts hold the same rows."""
    world = World(seed=3, n_customers=7_300, run_date=RUN_DATE, bad_rows=False)
    (whole,), parts = world.shards(10_000), world.shards(2_000)
    assert [s.customers for s in parts] == [2_000, 2_000, 2_000, 1_300]
    assert world.customers(whole).equals(pa.concat_tables([world.customers(s) for s in parts]).combine_chunks())
    assert world.trial(whole).equals(pa.concat_tables([world.trial(s) for s in parts]).combine_chunks())
    assert np.array_equal(world.true_effects(whole), np.concatenate([world.true_effects(s) for s in parts]))
    together = world.transactions(whole)
    assert together.equals(pa.concat_tables([world.transactions(s) for s in parts]).combine_chunks())
    assert pc.count_distinct(together["transaction_id"]).as_py() == together.num_rows


def test_a_shard_does_not_depend_on_how_many_customers_the_world_has():
    """The first shard of a small world lies in the first shard of one of ten million."""
    small = World(seed=3, n_customers=2_000, run_date=RUN_DATE, bad_rows=False)
    large = World(seed=3, n_customers=10_000_000, run_date=RUN_DATE, bad_rows=False)
    for read in ("customers", "transactions", "fraud_reports", "trial"):
        assert getattr(small, read)(small.shards()[0]).equals(getattr(large, read)(large.shards(2_000)[0])), read


def test_another_seed_is_another_world():
    shard = World(seed=1, n_customers=2_000, run_date=RUN_DATE).shards()[0]
    one, two = (World(seed=s, n_customers=2_000, run_date=RUN_DATE).customers(shard) for s in (1, 2))
    assert not one.equals(two)


def test_customers_are_unique_and_some_features_are_missing(world, shard):
    customers = world.customers(shard)
    assert pc.count_distinct(customers["customer_id"]).as_py() == 20_000
    missing = {f.name: customers[f.name].null_count / 20_000 for f in FEATURES}
    assert 0.1 < missing["open_share"] < 0.14
    assert missing["purchases_90d"] == 0
    assert 0.9 < pc.mean(customers["consent"]).as_py() < 0.97


def test_payments_fill_the_days_up_to_the_run_date(payments):
    at = payments.transactions["occurred_at"]
    assert datetime(2026, 9, 19, tzinfo=UTC) <= pc.min(at).as_py() < datetime(2026, 9, 20, tzinfo=UTC)
    assert datetime(2026, 11, 2, tzinfo=UTC) <= pc.max(at).as_py() < END
    a_day = payments.transactions.num_rows / 20_000 / 45
    assert 0.35 < a_day < 0.45
    assert pc.min(payments.transactions["amount_eur"]).as_py() > 0


def _everyday_by_habit(world, shard, payments):
    """Genuine payments as (customer, hour, whether on a weekend, partner), by the habit of who made them."""
    habit = dict(zip(world.customers(shard)["customer_id"].to_pylist(), world.true_segments(shard), strict=True))
    rows = payments.transactions.join(payments.truth, "transaction_id", join_type="left anti")
    at = rows["occurred_at"]
    seen = zip(
        rows["customer_id"].to_pylist(),
        pc.hour(at).to_pylist(),
        pc.greater_equal(pc.day_of_week(at), 5).to_pylist(),
        rows["partner_id"].to_pylist(),
        strict=True,
    )
    by_habit = {}
    for row in seen:
        by_habit.setdefault(habit[row[0]], []).append(row)
    return by_habit


def test_customers_of_a_habit_pay_as_it_says(world, shard, payments):
    """Evening, weekend and loyal payers do what nobody else does; without habits all are everyday payers."""
    by_habit = _everyday_by_habit(world, shard, payments)
    assert set(by_habit) == {"everyday", "evening", "weekend", "loyal"}
    evening = {name: np.mean([hour >= 17 for _, hour, _, _ in rows]) for name, rows in by_habit.items()}
    weekend = {name: np.mean([free for *_, free, _ in rows]) for name, rows in by_habit.items()}
    partners = {name: len({(c, p) for c, *_, p in rows}) / len(rows) for name, rows in by_habit.items()}
    assert evening.pop("evening") > 0.85
    assert max(evening.values()) < 0.3
    assert weekend.pop("weekend") > 0.9
    assert max(weekend.values()) < 0.35
    assert partners.pop("loyal") < 0.5 * min(partners.values())
    plain = World(seed=7, n_customers=2_000, run_date=RUN_DATE, habits=False)
    assert set(plain.true_segments(plain.shards()[0])) == {"everyday"}


def test_frauds_of_all_kinds_are_reported_late_and_seldom_never(payments):
    """About one payment in a hundred; a report comes after its payment and before the run's date ends."""
    kinds = {k["values"]: k["counts"] for k in pc.value_counts(payments.truth["kind"]).to_pylist()}
    assert set(kinds) == set(FRAUD_KINDS[1:])
    assert 0.007 < payments.truth.num_rows / payments.transactions.num_rows < 0.015
    joined = payments.fraud_reports.join(payments.transactions, "transaction_id", join_type="inner")
    assert joined.num_rows == payments.fraud_reports.num_rows
    assert pc.all(pc.less(joined["occurred_at"], joined["reported_at"])).as_py()
    assert pc.max(joined["reported_at"]).as_py() < END
    reported = pc.sum(payments.fraud_reports["is_fraud"]).as_py()
    assert 0.8 < reported / payments.truth.num_rows < 0.98
    assert reported < payments.fraud_reports.num_rows, "a few disputes are cleared"
    true_ids = set(payments.truth["transaction_id"].to_pylist())
    called_fraud = payments.fraud_reports.filter(payments.fraud_reports["is_fraud"])["transaction_id"].to_pylist()
    assert set(called_fraud) <= true_ids


def test_large_amounts_and_leaking_partners_find_fraud(world, payments):
    """Payments of more than six times the basket, and partners by their own rate, hold far more fraud than the rest."""
    rows = payments.transactions.join(payments.truth, "transaction_id")
    fraud = rows["kind"].is_valid().to_numpy()
    amount = rows["amount_eur"].to_numpy()
    assert fraud[amount > 500].mean() > 10 * fraud.mean()
    leaking = pc.equal(rows["kind"], "leaking partner").fill_null(False).to_numpy()
    at_partner = {}
    for partner, leaked in zip(rows["partner_id"].to_pylist(), leaking, strict=True):
        at_partner.setdefault(partner, []).append(leaked)
    rates = np.sort([np.mean(v) for v in at_partner.values()])[::-1]
    assert rates[10] > 0.05
    assert rates[40] == 0.0


def test_the_same_partners_leak_in_every_shard():
    """Partner states are drawn from the world's seed: leaks of two shards fall on the same partners and days."""
    world = World(seed=5, n_customers=40_000, run_date=RUN_DATE, bad_rows=False)
    leaks = []
    for shard in world.shards(20_000):
        drawn = world.payments(shard)
        truth = drawn.truth.filter(pc.equal(drawn.truth["kind"], "leaking partner"))
        rows = drawn.transactions.join(truth, "transaction_id", join_type="inner")
        leaks.append(set(rows["partner_id"].to_pylist()))
    assert len(leaks[0] & leaks[1]) > 0.8 * len(leaks[0] | leaks[1])


def test_the_trial_was_drawn_with_the_propensities_it_states(trial):
    """Chi-square of arms against stated propensities; the control is the largest arm and no two are equal."""
    counts = {c["values"]: c["counts"] for c in pc.value_counts(trial["arm"]).to_pylist()}
    stated = {arm: pc.mean(trial.filter(pc.equal(trial["arm"], arm))["propensity"]).as_py() for arm in counts}
    assert sum(stated.values()) == pytest.approx(1.0)
    expected = np.array([stated[a] * trial.num_rows for a in counts])
    assert (((np.array(list(counts.values())) - expected) ** 2 / expected).sum()) < 18.5  # 0.999 quantile, 4 degrees
    assert max(counts, key=counts.get) == "none"


def test_some_units_are_not_matured_and_are_short_of_outcome(trial):
    open_window = pc.greater(trial["matured_at"], pa.scalar(END, pa.timestamp("us", tz="UTC"))).to_numpy()
    visits = trial["visits"].to_numpy()
    assert 0.03 < open_window.mean() < 0.1
    assert visits[open_window].mean() < visits[~open_window].mean()


def test_true_effects_are_what_the_trial_measures():
    """Mean outcome of an arm less the control's, on 120,000 customers, is the mean true effect within 4 errors."""
    world = World(seed=11, n_customers=120_000, run_date=RUN_DATE, trial_share=1.0, bad_rows=False)
    totals = {name: [] for name in ("none", *world.arms)}
    truths = []
    for shard in world.shards(40_000):
        rows = world.trial(shard)
        matured = pc.less(rows["matured_at"], pa.scalar(END, pa.timestamp("us", tz="UTC")))
        rows = rows.filter(matured)
        arm, net = rows["arm"], rows["net_margin_eur"]
        for name, parts in totals.items():
            parts.append(net.filter(pc.equal(arm, name)).to_numpy())
        truths.append(world.true_effects(shard))
    truth = np.concatenate(truths).mean(axis=0)
    control = np.concatenate(totals["none"])
    for j, name in enumerate(world.arms):
        treated = np.concatenate(totals[name])
        error = np.sqrt(treated.var() / len(treated) + control.var() / len(control))
        assert abs(treated.mean() - control.mean() - truth[j]) < 4 * error, name


def test_effects_are_heterogeneous_and_contact_harms_some(world, shard):
    """No arm is best for all; every arm helps some and costs others."""
    effects = world.true_effects(shard) - CONTACT_COST
    best = np.bincount(effects.argmax(axis=1)[effects.max(axis=1) > 0], minlength=4) / len(effects)
    assert (best > 0.03).all()
    assert ((effects > 0).mean(axis=0) > 0.15).all()
    assert ((effects < -1).mean(axis=0) > 0.1).all()
    personal = np.maximum(effects.max(axis=1), 0).mean()
    assert personal > 5 * max(effects.mean(axis=0).max(), 0)


def _true_net_eur_of(world, shard, trial, outcome, unit_margin_eur):
    """Train one booster an arm on an outcome, offer everyone the best arm with positive value, count true euros."""
    matured = trial.filter(pc.less(trial["matured_at"], pa.scalar(END, pa.timestamp("us", tz="UTC"))))
    x, seen, arm = _matrix(world.customers(shard)), _matrix(matured), np.array(matured["arm"].to_pylist())
    y = matured[outcome].to_numpy() * unit_margin_eur
    settings = {"num_leaves": 8, "min_data_in_leaf": 60, "num_threads": 1, "verbose": -1, "seed": 1}
    predicted = {
        name: lightgbm.train(settings, lightgbm.Dataset(seen[arm == name], y[arm == name]), 60).predict(
            x, num_threads=1
        )
        for name in ("none", *world.arms)
    }
    value = np.stack([predicted[a] - predicted["none"] for a in world.arms], axis=1) - CONTACT_COST
    chosen, truth = value.argmax(axis=1), world.true_effects(shard) - CONTACT_COST
    true_eur = truth[np.arange(len(truth)), chosen]
    everyone = true_eur[value.max(axis=1) > 0].sum()
    first_tenth = true_eur[np.argsort(-value.max(axis=1))[: len(truth) // 10]].sum()
    return everyone, first_tenth


def _matrix(table):
    columns = []
    for feature in FEATURES:
        column = table[feature.name].combine_chunks()
        if column.type == pa.string():
            column = pc.cast(pc.index_in(column, value_set=column.unique().drop_null().sort()), pa.float64())
        columns.append(column.to_numpy(zero_copy_only=False))
    return np.stack(columns, axis=1)


def test_visits_times_a_margin_lose_money_and_net_margin_earns_it(world, shard, trial):
    """Trained on visits the offers cost more than they bring, under a budget too; trained on net margin they pay."""
    visits = trial["visits"].to_numpy()
    net = trial["net_margin_eur"].to_numpy()
    control = pc.equal(trial["arm"], "none").to_numpy()
    margin_of_a_visit = net[control].sum() / visits[control].sum()
    wrong_everyone, wrong_tenth = _true_net_eur_of(world, shard, trial, "visits", margin_of_a_visit)
    right_everyone, right_tenth = _true_net_eur_of(world, shard, trial, "net_margin_eur", 1.0)
    assert wrong_everyone < -0.2 * 20_000
    assert wrong_tenth < 0
    assert right_everyone > 0.4 * 20_000
    assert right_tenth > 0.2 * 20_000


def test_planted_rows_are_extra_and_lie_in_the_first_shard_only():
    """With bad rows the first shard has four more payments and three more units; nothing else changes."""
    clean = World(seed=7, n_customers=4_000, run_date=RUN_DATE, bad_rows=False)
    dirty = World(seed=7, n_customers=4_000, run_date=RUN_DATE)
    first, second = clean.shards(2_000)
    for read, extra in (("transactions", 4), ("trial", 3)):
        good, bad = getattr(clean, read), getattr(dirty, read)
        assert bad(first).slice(0, good(first).num_rows).equals(good(first))
        assert bad(first).num_rows == good(first).num_rows + extra
        assert bad(second).equals(good(second))
    payments, trial = dirty.transactions(first), dirty.trial(first)
    assert pc.any(pc.is_nan(payments["amount_eur"])).as_py()
    assert pc.min(payments["amount_eur"].filter(pc.invert(pc.is_nan(payments["amount_eur"])))).as_py() < 0
    assert pc.max(payments["occurred_at"]).as_py() > END
    assert pc.count_distinct(payments["transaction_id"]).as_py() == payments.num_rows - 1
    assert "cashback-midnight" in trial["arm"].to_pylist()


def test_the_campaign_is_plain_values_that_name_what_is_there(world):
    campaign = world.campaign()
    assert [a["name"] for a in campaign["arms"]] == list(world.arms)
    known = set(world.partners()["partner_id"].to_pylist())
    assert {a["partner_id"] for a in campaign["arms"]} <= known
    assert {f["name"] for f in campaign["features"]} == {f.name for f in FEATURES}
    spent_on_caps = sum(a["cap"] * a["contact_cost_eur"] for a in campaign["arms"])
    assert 0 < campaign["budget_eur"] < spent_on_caps, "the budget binds before the caps do"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("n_customers", 0),
        ("n_customers", 10_000_001),
        ("days", 0),
        ("n_partners", 5),
        ("trial_share", 1.5),
    ],
)
def test_a_world_that_cannot_be_is_refused(name, value):
    good = {"seed": 1, "n_customers": 10, "run_date": RUN_DATE}
    with pytest.raises(BadRequest, match=f"{name} == {value}"):
        World(**(good | {name: value}))


def test_shards_follow_one_another_without_a_gap(world):
    shards = world.shards(3_000)
    assert all(a.first + a.customers == b.first for a, b in pairwise(shards))
    assert sum(s.customers for s in shards) == 20_000
