"""score_fraud: every payment of the day in a review queue, reasons on the reviewed ones, and customers' risk."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pyarrow.compute as pc
import pytest

from jobs.build_fraud_features import BuildFraudFeatures, build_fraud_features
from jobs.errors import NoInput, UnknownModel
from jobs.runtime.stores import Stores
from jobs.score_fraud import ScoreFraud, ranks, score_fraud
from jobs.tables.outputs import CUSTOMER_RISK, FRAUD_FEATURES, FRAUD_SCORES
from tests.trained import DAY, folder_of, rows_of, states


@pytest.fixture(scope="module")
def scored(copy_home: Callable[[], Stores]) -> Stores:
    stores = copy_home()
    build_fraud_features(BuildFraudFeatures(DAY, first_date=DAY - timedelta(days=3)), stores)
    score_fraud(ScoreFraud(DAY, threads=1), stores)
    return stores


def test_the_rank_is_a_permutation_in_the_order_of_the_probability(scored: Stores) -> None:
    scores = rows_of(scored, FRAUD_SCORES, run_date=DAY).sort_by("rank")
    assert scores["rank"].to_pylist() == list(range(1, scores.num_rows + 1))
    assert (np.diff(scores["fraud_probability"].to_numpy()) <= 0).all()
    assert len(scores["transaction_id"].unique()) == scores.num_rows


def test_reasons_stand_on_reviewed_rows_and_on_no_other(scored: Stores) -> None:
    scores = rows_of(scored, FRAUD_SCORES, run_date=DAY).sort_by("rank")
    outcome = scores["outcome"].to_pylist()
    reviewed = outcome.count("review")
    assert 0 < reviewed < scores.num_rows / 10
    assert outcome == ["review"] * reviewed + ["approve"] * (scores.num_rows - reviewed), "the top of the queue"
    given = [[row[f"reason_{n}"] for n in (1, 2, 3)] for row in scores.to_pylist()]
    assert all(reasons[0] for reasons in given[:reviewed])
    assert sum(reasons[2] is not None for reasons in given[:reviewed]) > 0
    for reasons in given[:reviewed]:
        told = [reason for reason in reasons if reason is not None]
        assert len(set(told)) == len(told)
        assert reasons == told + [None] * (3 - len(told)), "only what raises the odds is a reason, strongest first"
    assert {tuple(reasons) for reasons in given[reviewed:]} == {(None, None, None)}


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


def test_equal_margins_rank_in_the_order_of_their_rows() -> None:
    assert ranks(np.array([0.1, 0.5, 0.5, -1.0, 0.5])).tolist() == [4, 1, 2, 5, 3]
