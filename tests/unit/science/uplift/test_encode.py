"""The encoder gives the same finite matrix in training and scoring, whatever arrives."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import BadSchema
from jobs.science.uplift.encode import MAX_LEVELS, FeatureEncoder

ROWS = pa.table({"n": [1.0, 3.0, 8.0], "c": ["x", "y", "x"], "b": [True, False, True], "ignored": [0, 0, 0]})
FEATURES = {"n": "number", "c": "category", "b": "number"}


def test_numbers_stay_numbers_and_categories_become_indicators() -> None:
    encoder = FeatureEncoder.fit(ROWS, FEATURES)
    assert encoder.columns == ("n", "c = x", "c = y", "b")
    assert encoder.transform(ROWS).tolist() == [[1, 1, 0, 1], [3, 0, 1, 0], [8, 1, 0, 1]]


def test_missing_numbers_become_the_training_median_and_are_flagged_where_training_saw_them() -> None:
    train = pa.table({"n": [1.0, None, 8.0, float("nan"), 3.0]})
    encoder = FeatureEncoder.fit(train, {"n": "number"})
    assert encoder.columns == ("n", "n is missing")
    assert encoder.transform(pa.table({"n": [None, 5.0]})).tolist() == [[3, 1], [5, 0]]


def test_missing_values_that_training_never_saw_become_the_median_without_a_flag() -> None:
    encoder = FeatureEncoder.fit(ROWS, {"n": "number", "c": "category"})
    seen = encoder.transform(pa.table({"n": pa.array([None], pa.float64()), "c": pa.array([None], pa.string())}))
    assert seen.tolist() == [[3, 0, 0]]


def test_a_category_never_seen_is_all_zeros_and_a_missing_one_is_flagged() -> None:
    encoder = FeatureEncoder.fit(pa.table({"c": ["x", None, "y"]}), {"c": "category"})
    assert encoder.columns == ("c = x", "c = y", "c is missing")
    assert encoder.transform(pa.table({"c": ["new", None, "y"]})).tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_rare_levels_beyond_the_limit_share_the_encoding_of_an_unseen_one() -> None:
    levels = [f"l{i:03d}" for i in range(MAX_LEVELS + 10)]
    encoder = FeatureEncoder.fit(pa.table({"c": levels + levels[:MAX_LEVELS]}), {"c": "category"})
    matrix = encoder.transform(pa.table({"c": levels}))
    assert matrix.shape == (MAX_LEVELS + 10, MAX_LEVELS)
    assert matrix[:MAX_LEVELS].sum() == MAX_LEVELS
    assert matrix[MAX_LEVELS:].sum() == 0


def test_integers_text_dictionaries_and_numbers_as_categories_are_read() -> None:
    rows = pa.table(
        {"i": pa.array([1, None, 3], pa.int32()), "d": pa.array(["a", "b", "a"]).dictionary_encode(), "k": [7, 8, 7]}
    )
    encoder = FeatureEncoder.fit(rows, {"i": "number", "d": "category", "k": "category"})
    assert encoder.columns == ("i", "i is missing", "d = a", "d = b", "k = 7", "k = 8")
    assert np.isfinite(encoder.transform(rows)).all()


def test_a_column_that_is_all_missing_is_encoded() -> None:
    rows = pa.table({"n": pa.nulls(3), "c": pa.nulls(3)})
    encoder = FeatureEncoder.fit(rows, {"n": "number", "c": "category"})
    assert encoder.transform(rows).tolist() == [[0, 1, 1]] * 3


def test_no_rows_give_an_empty_matrix() -> None:
    encoder = FeatureEncoder.fit(ROWS, FEATURES)
    assert encoder.transform(ROWS.slice(0, 0)).shape == (0, 4)


def test_json_carries_the_encoder() -> None:
    encoder = FeatureEncoder.fit(ROWS, FEATURES)
    assert FeatureEncoder.from_dict(json.loads(json.dumps(encoder.to_dict()))) == encoder


def test_a_feature_that_is_not_there_or_not_of_its_type_is_named() -> None:
    with pytest.raises(BadSchema, match="'height'"):
        FeatureEncoder.fit(ROWS, {"height": "number"})
    with pytest.raises(BadSchema, match="'c' is declared a number"):
        FeatureEncoder.fit(ROWS, {"c": "number"})
    with pytest.raises(BadSchema, match="'text'"):
        FeatureEncoder.fit(ROWS, {"c": "text"})
    encoder = FeatureEncoder.fit(ROWS, {"n": "number"})
    with pytest.raises(BadSchema, match="'n'"):
        encoder.transform(pa.table({"other": [1]}))


@given(
    st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=20),
    st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=20),
)
def test_whatever_numbers_arrive_the_matrix_is_finite(train: list[float | None], new: list[float | None]) -> None:
    encoder = FeatureEncoder.fit(pa.table({"n": pa.array(train, pa.float64())}), {"n": "number"})
    assert np.isfinite(encoder.transform(pa.table({"n": pa.array(new, pa.float64())}))).all()
