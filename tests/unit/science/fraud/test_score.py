import dataclasses
import json

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadFile, BadRows, BadSchema
from jobs.science.fraud.calibration import Calibration
from jobs.science.fraud.decision import Costs, DecisionPolicy
from jobs.science.fraud.features import FEATURE_NAMES
from jobs.science.fraud.score import BOOSTER_FILE, CHUNK_ROWS, SCORER_FILE, FraudScorer, load_scorer


def random_features(rows, seed=1):
    rng = np.random.default_rng(seed)
    columns = {name: rng.gamma(2, 10, rows).astype(np.float32) for name in FEATURE_NAMES}
    columns["customer_mean_eur_1d"] = pa.array(columns["customer_mean_eur_1d"], mask=rng.random(rows) < 0.4)
    return pa.table(columns)


@pytest.fixture(scope="module")
def scorer():
    rng = np.random.default_rng(2)
    matrix = rng.gamma(2, 10, (2_000, len(FEATURE_NAMES))).astype(np.float32)
    data = lgb.Dataset(matrix, matrix[:, 0] > 30, feature_name=list(FEATURE_NAMES))
    booster = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 1}, data, 10)
    return FraudScorer(
        booster=booster,
        features=FEATURE_NAMES,
        calibration=Calibration((-2.0, 0.1, 2.0), (0.01, 1 / 3, 0.9)),
        policy=DecisionPolicy(Costs(4.0, 0.9, 30.0), 0.5),
        typical=dict.fromkeys(FEATURE_NAMES, 1.5),
        fraud_rate=0.01,
        label_delay_days=7,
    )


def test_a_scorer_read_back_predicts_the_same_to_the_last_digit(scorer):
    features = random_features(500)
    again = load_scorer(scorer.to_files())
    np.testing.assert_array_equal(again.probability(features), scorer.probability(features))
    assert dataclasses.replace(again, booster=scorer.booster) == scorer
    assert again.to_files() == scorer.to_files()
    assert again.policy == scorer.policy


def test_chunks_and_threads_change_nothing(scorer):
    features = random_features(CHUNK_ROWS + 300)
    whole = scorer.margin(features, threads=2)
    np.testing.assert_array_equal(whole[-400:], scorer.margin(features.slice(CHUNK_ROWS - 100), threads=1))


def test_other_columns_and_their_order_do_not_matter_and_no_rows_give_none(scorer):
    features = random_features(50)
    shuffled = features.select(features.column_names[::-1]).append_column("more", pa.array(["x"] * 50))
    np.testing.assert_array_equal(scorer.probability(shuffled), scorer.probability(features))
    assert scorer.probability(features.slice(0, 0)).shape == (0,)


def test_a_missing_feature_is_refused_by_name(scorer):
    with pytest.raises(BadSchema, match="column partner_count_7d is missing"):
        scorer.probability(random_features(3).drop_columns(["partner_count_7d"]))


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_an_amount_that_is_none_is_refused_by_row(scorer, value):
    features = (
        random_features(3).drop_columns(["amount"]).append_column("amount", pa.array([1, value, 2], pa.float32()))
    )
    with pytest.raises(BadRows, match="amount of row 1 is"):
        scorer.probability(features)


@pytest.mark.parametrize("name", [BOOSTER_FILE, SCORER_FILE])
def test_a_missing_or_damaged_file_is_refused_by_name(scorer, name):
    files = scorer.to_files()
    with pytest.raises(BadFile, match=f"{name} is missing"):
        load_scorer({other: body for other, body in files.items() if other != name})
    with pytest.raises(BadFile, match="damaged"):
        load_scorer({**files, SCORER_FILE: b"{"})
    card = json.loads(files[SCORER_FILE])
    card["features"] = card["features"][::-1]
    with pytest.raises(BadFile, match="but scorer\\.json says"):
        load_scorer({**files, SCORER_FILE: json.dumps(card).encode()})
