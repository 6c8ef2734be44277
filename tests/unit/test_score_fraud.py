"""score_fraud: every payment of the day in a review queue, reasons on the reviewed ones, and customers' risk."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.errors import NoInput, UnknownModel
from jobs.runtime.stores import Stores
from jobs.science.fraud.decision import OUTCOMES
from jobs.score_fraud import ScoreFraud, ranked, score_fraud
from jobs.tables.declare import TIMESTAMP
from jobs.tables.outputs import CUSTOMER_RISK, FRAUD_FEATURES, FRAUD_SCORES
from tests.trained import DAY, folder_of, rows_of, states


@pytest.fixture(scope="module")
def scored(copy_home: Callable[[], Stores]) -> Stores:
    stores = copy_home()
    build_fraud_features(BuildFraudFeatures(DAY, first_date=DAY - timedelta(days=3)), stores)
    score_fraud(ScoreFraud(DAY, threads=1), stores)
    return stores


def test_the_rank_is_a_permutation_reviews_first_in_the_order_of_the_expected_loss(scored: Stores) -> None:
    scores = rows_of(scored, FRAUD_SCORES, run_date=DAY).sort_by("rank")
    assert scores["rank"].to_pylist() == list(range(1, scores.num_rows + 1))
    loss = scores["fraud_probability"].to_numpy() * scores["amount_eur"].to_numpy()
    outcome = scores["outcome"].to_numpy()
    for name in set(outcome):
        assert (np.diff(loss[outcome == name]) <= 1e-9).all()
    assert outcome.tolist() == sorted(outcome, key=["review", "decline", "approve"].index)
    assert len(scores["transaction_id"].unique()) == scores.num_rows


def test_reasons_stand_on_reviewed_and_declined_rows_and_on_no_other(scored: Stores) -> None:
    rows = rows_of(scored, FRAUD_SCORES, run_date=DAY).sort_by("rank").to_pylist()
    assert {row["outcome"] for row in rows} <= set(OUTCOMES)
    looked_at = [row for row in rows if row["outcome"] != "approve"]
    assert 0 < len(looked_at) < len(rows) / 10
    for row in rows:
        told = [row[f"reason_{n}"] for n in (1, 2, 3)]
        given = [reason for reason in told if reason is not None]
        assert told == given + [None] * (3 - len(given)), "only what raises the odds is a reason, strongest first"
        assert len({reason.split(":")[0] for reason in given}) == len(given)
        assert not given or row["outcome"] != "approve"
    assert sum(row["reason_1"] is not None for row in looked_at) > 0.9 * len(looked_at)


def test_every_customer_who_paid_in_the_last_days_has_one_risk(scored: Stores) -> None:
    risk = rows_of(scored, CUSTOMER_RISK, run_date=DAY)
    paid = rows_of(scored, FRAUD_FEATURES)["customer_id"].unique().to_pylist()
    assert risk["customer_id"].to_pylist() == sorted(paid)
    assert pc.min(risk["fraud_probability"]).as_py() >= 0
    assert pc.max(risk["fraud_probability"]).as_py() <= 1
    assert pc.min(risk["expected_loss_eur"]).as_py() >= 0


def test_rows_name_the_champion_and_the_run(scored: Stores) -> None:
    [run] = [r for r in scored.ledger.runs(DAY) if r["job"] == "score-fraud"]
    for table in (FRAUD_SCORES, CUSTOMER_RISK):
        rows = rows_of(scored, table, run_date=DAY)
        assert set(rows["model_version"].to_pylist()) == {scored.models.champion("fraud")}
        assert set(rows["run_id"].to_pylist()) == {run["run_id"]}


def test_a_day_whose_features_were_never_built_is_refused(trained: Stores) -> None:
    with pytest.raises(NoInput, match="builds on build-fraud-features"):
        score_fraud(ScoreFraud(DAY), trained)
    assert states(trained) == {}


def test_without_a_champion_nothing_is_scored(trained: Stores) -> None:
    build_fraud_features(BuildFraudFeatures(DAY), trained)
    for entry in folder_of(trained).glob("models/fraud/champions/*"):
        entry.unlink()
    with pytest.raises(UnknownModel, match="fraud has no champion"):
        score_fraud(ScoreFraud(DAY), trained)
    assert trained.tables.count(FRAUD_SCORES) == 0


def test_equal_losses_rank_by_time_and_id_whatever_file_they_came_from() -> None:
    at = pa.array([3, 1, 1, 2], pa.int64()).cast(TIMESTAMP)
    rows = pa.table({
        "loss_eur": [1.0, 1.0, 1.0, 9.0], "occurred_at": at, "transaction_id": ["a", "c", "b", "d"],
        "outcome": ["approve"] * 4,
    })  # fmt: skip
    assert ranked(rows)["rank"].to_pylist() == [4, 3, 2, 1]
    assert ranked(rows.take([2, 0, 3, 1]))["rank"].to_pylist() == [2, 4, 1, 3]
    assert list(FRAUD_SCORES.names).index("rank") > 0


def test_a_night_after_scored_nights_reads_their_scores_and_gets_the_same_risk(
    copy_home: Callable[[], Stores], scored: Stores
) -> None:
    """The risk of customers is the same whether earlier days were scored by their nights or are scored now."""
    stores = copy_home()
    eve = DAY - timedelta(days=1)
    build_fraud_features(BuildFraudFeatures(eve, first_date=DAY - timedelta(days=3)), stores)
    score_fraud(ScoreFraud(eve, threads=1), stores)
    build_fraud_features(BuildFraudFeatures(DAY), stores)
    report = score_fraud(ScoreFraud(DAY, threads=1), stores)
    outcome = rows_of(stores, FRAUD_SCORES, run_date=DAY)["outcome"].to_pylist()
    assert report.details["reviewed"] == outcome.count("review")
    assert report.details["approved"] == outcome.count("approve")
    nightly, at_once = (rows_of(s, CUSTOMER_RISK, run_date=DAY) for s in (stores, scored))
    assert nightly["customer_id"].equals(at_once["customer_id"])
    np.testing.assert_allclose(nightly["fraud_probability"], at_once["fraud_probability"], rtol=1e-9)
