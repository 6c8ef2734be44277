"""The booster for one row says what LightGBM's own says, to the last digit."""

import subprocess
import sys

import lightgbm as lgb
import numpy as np
import pytest

from jobs.science.fraud.single_row import SingleRowBooster


@pytest.fixture(scope="module")
def fitted() -> tuple[lgb.Booster, np.ndarray]:
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(3_000, 12)).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    labels = np.nan_to_num(matrix[:, 0]) + rng.normal(size=3_000) > 1.5
    parameters = {"objective": "binary", "num_leaves": 15, "verbosity": -1, "num_threads": 1, "max_bin": 1023}
    data = lgb.Dataset(matrix, labels.astype(float), feature_name=[f"feature_{n}" for n in range(12)])
    return lgb.train(parameters, data, num_boost_round=40), matrix[:300]


def test_margins_and_contributions_are_those_of_lightgbm_to_the_last_digit(
    fitted: tuple[lgb.Booster, np.ndarray],
) -> None:
    booster, matrix = fitted
    single = SingleRowBooster(booster.model_to_string())
    assert single.feature_name() == booster.feature_name()
    expected = booster.predict(matrix, raw_score=True, num_threads=1)
    assert (single.predict(matrix, raw_score=True) == expected).all()
    assert [single.margin(row) for row in matrix[:5]] == expected[:5].tolist()
    shares = booster.predict(matrix, pred_contrib=True, num_threads=1)
    assert (single.predict(matrix, pred_contrib=True) == shares).all()
    assert np.allclose(shares.sum(axis=1), expected), "contributions add up to the margin"


def test_rows_between_two_kinds_of_questions_do_not_disturb_each_other(fitted: tuple[lgb.Booster, np.ndarray]) -> None:
    booster, matrix = fitted
    single = SingleRowBooster(booster.model_to_string())
    first = single.contributions(matrix[0])
    kept = first.copy()
    margin = single.margin(matrix[1])
    single.contributions(matrix[1])
    assert (first == kept).all()
    assert margin == single.margin(matrix[1])


def test_a_text_that_is_no_booster_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\w"):
        SingleRowBooster("no booster")


def test_what_it_does_not_give_is_refused(fitted: tuple[lgb.Booster, np.ndarray]) -> None:
    booster, matrix = fitted
    single = SingleRowBooster(booster.model_to_string())
    with pytest.raises(ValueError, match="margins or contributions"):
        single.predict(matrix)
    with pytest.raises(ValueError, match="on one thread"):
        single.predict(matrix, raw_score=True, num_threads=2)


def test_nothing_heavy_is_imported() -> None:
    program = (
        "import sys, jobs.science.fraud.single_row as m; m._library(); "
        "print([n for n in ('lightgbm', 'scipy', 'pandas', 'sklearn', 'pyarrow') if n in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
