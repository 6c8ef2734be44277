"""A feature is as important as the effects move with it."""

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.importance import ROWS, feature_importances

DRAW = np.random.default_rng(0)
TABLE = pa.table(
    {
        "age": DRAW.normal(size=3_000),
        "idle": DRAW.normal(size=3_000),
        "zone": DRAW.choice(["a", "b"], 3_000),
    }
)
ENCODER = FeatureEncoder.fit(TABLE, {"idle": "number", "zone": "category", "age": "number"})
AGE = ENCODER.columns.index("age")
ZONE_A = ENCODER.columns.index("zone = a")


def effect(matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    """Two arms: one moved by age, one by the zone."""
    return np.column_stack([2.0 * matrix[:, AGE], matrix[:, ZONE_A]]).astype(np.float64)


def test_shares_follow_the_variance_that_each_feature_brings() -> None:
    found = {i.feature: i for i in feature_importances(effect, ENCODER.transform(TABLE), ENCODER)}
    # A shuffled value differs from its own by twice the variance: 4 x 1 against 1 x .25.
    assert found["age"].share == pytest.approx(4.0 / 4.25, abs=0.02)
    assert found["age"].moved_eur == pytest.approx(2.0, rel=0.06)
    assert found["idle"].share == found["idle"].moved_eur == 0.0
    assert sum(i.share for i in found.values()) == pytest.approx(1.0)


def test_the_most_important_stands_first() -> None:
    ranked = [i.feature for i in feature_importances(effect, ENCODER.transform(TABLE), ENCODER)]
    assert ranked == ["age", "zone", "idle"]


def test_effects_that_are_one_constant_rest_on_nothing() -> None:
    found = feature_importances(lambda m: np.ones((len(m), 1)), ENCODER.transform(TABLE), ENCODER)
    assert [i.share for i in found] == [0.0] * 3


def test_of_many_rows_a_part_is_shuffled_the_same_part_each_time() -> None:
    seen = []

    def counted(matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        seen.append(len(matrix))
        return effect(matrix)

    many = np.tile(ENCODER.transform(TABLE), (3, 1))
    assert feature_importances(counted, many, ENCODER) == feature_importances(effect, many, ENCODER)
    assert set(seen) == {ROWS}
