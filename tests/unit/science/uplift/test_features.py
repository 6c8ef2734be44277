"""Columns become features by what they hold; what cannot be one is left out with its reason."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from jobs.errors import BadSchema
from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.features import infer_features, plain_columns, require_features

N = 600


def column(values: list[object], repeat: int = N) -> list[object]:
    return (values * repeat)[:N]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (column([1, 2, 3]), "number"),
        (column([1.5, None, 2.5]), "number"),
        (column([True, False]), "number"),
        (column([Decimal("1.10"), Decimal("2.20")]), "number"),
        (column([date(2026, 1, 1), date(2026, 1, 2)]), "number"),
        (column([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 12, tzinfo=UTC)]), "number"),
        (column(["a", "b", None]), "category"),
        (column([None, "x"]), "category"),
        ([i / 7 for i in range(N)], "number"),
    ],
)
def test_what_varies_is_a_feature(values: list[object], kind: str) -> None:
    rows = plain_columns(pa.table({"x": values}))
    assert infer_features(rows).types == {"x": kind}
    FeatureEncoder.fit(rows, {"x": kind}).transform(rows)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (column([5]), "is 5 in every row"),
        (column([None]), "is empty in every row"),
        (column([float("nan"), float("inf")]), "is empty in every row"),
        ([f"c{i}" for i in range(N)], "600 different values"),
        ([f"c{i % 31}" for i in range(N)], "31 different values"),
        (list(range(N)), "another whole number in every row"),
        ([[i] for i in range(N)], "neither numbers nor text"),
    ],
)
def test_what_cannot_tell_customers_apart_is_left_out_with_the_reason(values: list[object], why: str) -> None:
    found = infer_features(plain_columns(pa.table({"x": values})))
    assert found.types == {}
    assert why in found.left_out["x"]


def test_columns_with_another_task_are_neither_taken_nor_reported() -> None:
    found = infer_features(pa.table({"x": [1, 2], "arm": ["a", "b"]}), without=["arm"])
    assert found.types == {"x": "number"}
    assert found.left_out == {}


def test_moments_are_days_whatever_their_unit() -> None:
    moments = pa.array([1_500 * 86_400], pa.timestamp("s"))
    rows = plain_columns(pa.table({"s": moments, "ns": moments.cast(pa.timestamp("ns", "UTC"))}))
    assert rows.to_pylist() == [{"s": 1500.0, "ns": 1500.0}]


def test_dictionaries_and_large_text_are_plain_text() -> None:
    text = pa.array(["a", "b"])
    rows = plain_columns(pa.table({"d": text.dictionary_encode(), "l": text.cast(pa.large_string())}))
    assert {f.type for f in rows.schema} == {pa.string()}


def test_rows_that_cannot_be_scored_are_refused_by_column() -> None:
    rows = pa.table({"age": ["old"], "zone": ["a"]})
    with pytest.raises(BadSchema, match=r"list\.csv has no column 'spent'.*--exclude 'spent'"):
        require_features(rows, {"spent": "number"}, "list.csv")
    with pytest.raises(BadSchema, match=r"list\.csv, column 'age': holds string where the trial has a number"):
        require_features(rows, {"zone": "category", "age": "number"}, "list.csv")
