"""A booster read from its text predicts what LightGBM's own does, and says when it is none."""

import lightgbm as lgb
import numpy as np
import pytest

from jobs.errors import BadFile
from jobs.science.uplift.text_booster import TextBooster


@pytest.fixture(scope="module")
def booster() -> lgb.Booster:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(500, 4))
    return lgb.train({"verbosity": -1, "num_threads": 1}, lgb.Dataset(matrix, matrix[:, 0] ** 2), 20)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("threads", [1, 2])
def test_predictions_are_lightgbms_to_the_last_bit(booster: lgb.Booster, order: str, threads: int) -> None:
    rows = np.asarray(np.random.default_rng(1).normal(size=(300, 4)), np.float32, order=order)
    predicted = TextBooster(booster.model_to_string()).predict(rows, num_threads=threads)
    assert (predicted == booster.predict(rows, num_threads=1)).all()


def test_parts_of_a_matrix_predict_as_the_whole(booster: lgb.Booster) -> None:
    rows = np.asfortranarray(np.random.default_rng(2).normal(size=(50, 4)).astype(np.float32))
    read = TextBooster(booster.model_to_string())
    assert (read.predict(rows[10:20], num_threads=1) == read.predict(rows, num_threads=1)[10:20]).all()
    assert (read.predict(rows[3:4], num_threads=1) == read.predict(rows, num_threads=1)[3]).all()


def test_the_text_is_kept(booster: lgb.Booster) -> None:
    text = booster.model_to_string()
    assert TextBooster(text).model_to_string() == text


def test_what_is_no_booster_is_refused() -> None:
    with pytest.raises(BadFile, match="no booster"):
        TextBooster("tree\nversion=v4\n")


def test_another_number_of_columns_is_refused(booster: lgb.Booster) -> None:
    with pytest.raises(ValueError, match="number of features"):
        TextBooster(booster.model_to_string()).predict(np.zeros((2, 3), np.float32), num_threads=1)
