"""The partner model: trained on what became known, judged on later days beside its baselines, kept as plain files."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadFile, BadRows, BadSchema
from jobs.science.fraud.engine import Limits
from jobs.science.partners.features import FEATURE_NAMES, training_rows
from jobs.science.partners.fit_text import fit_text
from jobs.science.partners.plan import PartnerPlan
from jobs.science.partners.reasons import partner_reasons
from jobs.science.partners.score import TEXT_FILE, load_partner_scorer, ranks
from jobs.science.partners.train import train_partner_model
from jobs.science.synthetic import World

DAY = dt.date(2026, 11, 21)
KNOWN_BY = DAY + dt.timedelta(days=1)
PLAN = PartnerPlan(train_days=25, calibration_days=5, test_days=8, horizon_days=5, capacity=20, rounds=60)


@pytest.fixture(scope="module")
def world():
    return World(8, 4_000, DAY, days=70, payments_per_day=0.5, n_partners=200, bad_rows=False)


@pytest.fixture(scope="module")
def rows(world):
    (shard,) = world.shards()
    drawn = world.payments(shard)
    last = KNOWN_BY - dt.timedelta(days=PLAN.last_row_days)
    facts = world.partners()
    return training_rows(
        drawn.transactions,
        drawn.fraud_reports,
        first_day=last - dt.timedelta(days=PLAN.row_days - 1),
        last_day=last,
        known_by=KNOWN_BY,
        horizon_days=PLAN.horizon_days,
        label_delay_days=PLAN.label_delay_days,
        limits=Limits(600, 1),
        categories=dict(zip(facts["partner_id"].to_pylist(), facts["category"].to_pylist(), strict=True)),
    )


@pytest.fixture(scope="module")
def texts(world):
    facts = world.partners().to_pylist()
    return {r["partner_id"]: f"{r['name']} {r['description']} {r['site_text']}" for r in facts}


@pytest.fixture(scope="module")
def training(rows, texts, world):
    return train_partner_model(rows, PLAN, texts=texts, cases=world.partner_cases().to_pylist())


def test_the_model_ranks_later_days_better_than_every_baseline(training):
    judged = training.card()["judged"]
    assert set(judged) == {"model", "without_text", "with_text", "rate_28d", "shrunk_rate_7d", "streak"}
    best = max(judged[name]["average_precision"] for name in ("rate_28d", "shrunk_rate_7d", "streak"))
    assert judged["model"]["average_precision"] > 1.3 * best
    assert judged["model"]["precision_at_capacity"] > judged["shrunk_rate_7d"]["precision_at_capacity"]


def test_what_is_learnt_from_is_known_before_what_it_is_judged_on_begins(training):
    card = training.card()
    trained, calibrated, judged = (card[n] for n in ("trained_on", "calibrated_on", "judged_on"))
    gap = dt.timedelta(days=PLAN.last_row_days + 1)
    assert dt.date.fromisoformat(trained["last"]) + gap == dt.date.fromisoformat(calibrated["first"])
    gap = dt.timedelta(days=PLAN.horizon_days + 1)
    assert dt.date.fromisoformat(calibrated["last"]) + gap == dt.date.fromisoformat(judged["first"])
    assert dt.date.fromisoformat(judged["last"]) + dt.timedelta(days=PLAN.last_row_days) == KNOWN_BY


def test_what_is_promised_happens_on_the_judged_days(training):
    top = training.curve[-1]
    assert top.promised > 10 * training.curve[0].promised
    assert 0.4 * top.promised < top.happened < 2.5 * top.promised
    everyone = sum(b.promised * b.rows for b in training.curve), sum(b.happened * b.rows for b in training.curve)
    assert 0.5 < everyone[0] / everyone[1] < 2


def test_the_card_tells_the_recall_of_each_planted_kind_at_the_teams_capacity(training):
    found = training.card()["recall_of_cases"]
    assert {"collusion", "compromise", "slow leak"} <= set(found)
    assert all(0 <= kind["recall"] <= 1 and kind["found"] <= kind["cases"] for kind in found.values())
    beside = training.card()["recall_of_cases_by_baselines"]
    assert set(beside) == {"rate_28d", "shrunk_rate_7d", "streak"}
    for of in beside.values():
        assert {kind: values["cases"] for kind, values in of.items()} == {k: v["cases"] for k, v in found.items()}
    assert found["compromise"]["recall_a_day"] > 2 * found["compromise"]["recall_a_day_by_chance"]


def test_the_truth_judges_and_never_trains(rows, texts, training):
    """Without cases the model is the same, byte for byte."""
    assert train_partner_model(rows, PLAN, texts=texts).scorer.to_files() == training.scorer.to_files()


def test_a_model_read_back_from_its_files_scores_the_same(training, rows, texts):
    text = fit_text(list(texts.values()), np.arange(len(texts)) % 3 == 0).risk
    scorer = replace(training.scorer, text=text)
    again = load_partner_scorer(scorer.to_files())
    given = rows.slice(0, 500)
    read = [texts[p] for p in given["partner_id"].to_pylist()]
    assert again.text.transform(read).tolist() == text.transform(read).tolist()
    given = text.append(given, read)
    assert again.margin(given).tolist() == scorer.margin(given).tolist()
    assert again.capacity == PLAN.capacity


def test_damaged_files_are_refused(training):
    files = training.scorer.to_files()
    with pytest.raises(BadFile, match=r"scorer.json is missing"):
        load_partner_scorer({"booster.txt": files["booster.txt"]})
    with pytest.raises(BadFile, match="is damaged"):
        load_partner_scorer({**files, "scorer.json": b"{}"})
    with pytest.raises(BadFile, match="is damaged"):
        load_partner_scorer({**files, TEXT_FILE: b"no archive"})


def test_vectors_made_elsewhere_are_read_as_they_are(rows):
    """A column that tells the truth is found; one that is missing at scoring is named."""
    risky = rows["next_frauds"].to_numpy() >= 2
    vector = np.where(risky, 1.0, 0.0) + np.random.default_rng(1).normal(0, 0.3, rows.num_rows)
    with_vector = rows.append_column("vector_0", pa.array(vector.astype(np.float32)))
    plain = train_partner_model(rows, PLAN).metrics["model"].average_precision
    told = train_partner_model(with_vector, PLAN, embeddings=("vector_0",))
    assert told.metrics["model"].average_precision > plain + 0.1
    with pytest.raises(BadSchema, match="column vector_0 is missing"):
        told.scorer.margin(rows)


def test_text_that_tells_is_used_and_text_that_does_not_is_left_out(rows):
    """The card holds both, and by how much text ranked the calibration days better."""
    partner, frauds = np.array(rows["partner_id"].to_pylist()), rows["next_frauds"].to_numpy()
    r = np.random.default_rng(3)
    ill = set(r.choice(np.unique(partner), 20, replace=False))  # from now on, whatever they showed so far
    frauds = np.where(np.isin(partner, list(ill)), rows["next_transactions"].to_numpy() // 2, frauds)
    rows = rows.set_column(rows.column_names.index("next_frauds"), "next_frauds", pa.array(frauds))
    goods = {p: " ".join(r.choice(["fruit", "bread", "coats", "lamps", "rings"], 3)) for p in np.unique(partner)}
    told = {p: f"{text}, pay in advance only" if p in ill else text for p, text in goods.items()}
    for texts, used in ((told, True), (goods, False)):
        training = train_partner_model(rows, PLAN, texts=texts)
        card = training.card()
        assert card["text"] is used
        assert training.text_gain.is_kept is used
        assert card["judged"]["model"] == card["judged"]["with_text" if used else "without_text"]
    silent = train_partner_model(rows, PLAN, texts=dict.fromkeys(goods, ""))
    assert silent.text_gain is None
    assert "with_text" not in silent.card()["judged"]


def test_constant_features_are_no_obstacle_and_a_world_without_risk_is_refused(rows):
    constant = rows
    for name in FEATURE_NAMES[10:]:
        place = constant.column_names.index(name)
        constant = constant.set_column(place, name, pa.array(np.full(rows.num_rows, 7.0, np.float32)))
    assert train_partner_model(constant, PLAN).metrics["model"].average_precision > 0
    quiet = rows.set_column(
        rows.column_names.index("next_frauds"), "next_frauds", pa.array(np.zeros(rows.num_rows, np.int64))
    )
    with pytest.raises(BadRows, match=r"0 of \d+ partner-days of train"):
        train_partner_model(quiet, PLAN)


def test_reasons_are_given_to_the_queue_alone_and_quote_the_partners_own_figures(training, rows, texts):
    given = rows.filter(pa.array(rows["day"].to_numpy() == rows["day"].to_numpy().max()))
    scorer = training.scorer
    if scorer.text is not None:
        given = scorer.text.append(given, [texts[p] for p in given["partner_id"].to_pylist()])
    margin = scorer.margin(given)
    queued = ranks(margin) <= 5
    words = [column.to_pylist() for column in partner_reasons(scorer, given, queued)]
    assert all(words[0][i] is not None for i in np.flatnonzero(queued))
    assert all(words[0][i] is None for i in np.flatnonzero(~queued))
    for i in np.flatnonzero(queued):
        said = [column[i] for column in words if column[i]]
        assert len({text.split(":")[0] for text in said}) == len(said)
        for text in said:
            if text.startswith("early_reports"):
                assert f" {given['early_frauds'][int(i)].as_py()} of {given['recent_7d'][int(i)].as_py()} " in text
