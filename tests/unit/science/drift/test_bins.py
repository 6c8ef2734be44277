"""Bins of a variable: every value falls in exactly one, ties and constants included."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import BadRequest, BadSchema
from jobs.science.drift.bins import CategoryBins, NumberBins, category_bins, number_bins


def column(*chunks: list[object], kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(c, type=kind) for c in chunks], type=kind)


def test_deciles_of_a_continuous_column_hold_a_tenth_each() -> None:
    values = np.random.default_rng(1).normal(size=5_000)
    counts, missing = number_bins(column(values.tolist())).count(column(values.tolist()))
    assert missing == 0
    assert len(counts) == 10
    assert counts.min() >= 499
    assert counts.max() <= 501


@settings(deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64) | st.none(), max_size=60),
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64) | st.none(), max_size=60),
    st.integers(2, 12),
)
def test_counts_agree_with_a_binary_search(train: list[float | None], batch: list[float | None], bins: int) -> None:
    """Comparing block by block counts what numpy's searchsorted counts, whatever the values."""
    made = number_bins(column(train, kind=pa.float64()), bins)
    counts, missing = made.count(column(batch, kind=pa.float64()))
    known = [v for v in batch if v is not None and not np.isnan(v)]
    expected = np.bincount(np.searchsorted(made.edges, known, side="right"), minlength=made.size)
    assert counts.tolist() == expected.tolist()
    assert missing == len(batch) - len(known)


def test_a_value_as_frequent_as_a_bin_has_its_own() -> None:
    zeros_and_more = [0.0] * 800 + list(np.linspace(1, 2, 200))
    bins = number_bins(column(zeros_and_more))
    counts, _ = bins.count(column([0.0, 0.0, -1.0, 1e-9]))
    assert counts.tolist()[:3] == [1, 2, 1]


def test_a_constant_column_has_a_bin_below_at_and_above() -> None:
    bins = number_bins(column([7, 7, 7]))
    counts, _ = bins.count(column([6, 7, 7, 8]))
    assert counts.tolist() == [1, 2, 1]


def test_a_column_without_any_value_has_one_bin() -> None:
    for empty in (column([None, None], kind=pa.float64()), column([float("nan")]), column(kind=pa.float32())):
        assert number_bins(empty) == NumberBins(())


def test_float32_values_meet_the_bins_they_were_trained_in() -> None:
    """0.1 as float32 is above 0.1 as float64: comparing in float32 would put it in another bin."""
    values = column([0.1, 0.1, 0.1], kind=pa.float32())
    counts, _ = number_bins(values).count(values)
    assert counts.tolist() == [0, 3, 0]
    assert NumberBins((0.1,)).count(values)[0].tolist() == [0, 3]


def test_booleans_and_integers_with_nulls_are_numbers() -> None:
    flags = column([True, False, None, True])
    counts, missing = number_bins(flags).count(flags)
    assert sorted(counts.tolist(), reverse=True)[:2] == [2, 1]
    assert missing == 1
    assert number_bins(column([1, None, 1], kind=pa.int64())).count(column([1, None], kind=pa.int64()))[1] == 1


def test_infinities_fall_in_the_outer_bins() -> None:
    counts, missing = NumberBins((0.0,)).count(column([float("-inf"), float("inf"), float("nan")]))
    assert counts.tolist() == [1, 1]
    assert missing == 1


def test_commonest_categories_are_named_ties_by_name() -> None:
    assert category_bins(column(["b", "a"], ["c", "c", None]), top=2) == CategoryBins(("c", "a"))


def test_unseen_categories_share_the_last_bin() -> None:
    counts, missing = CategoryBins(("web", "shop")).count(column(["web", "moon"], ["mars", None]))
    assert counts.tolist() == [1, 0, 2]
    assert missing == 1


def test_dictionary_encoded_large_and_null_columns_are_categories() -> None:
    encoded = pa.chunked_array([pa.array(["x", "y", "x"]).dictionary_encode()])
    assert category_bins(encoded).count(encoded)[0].tolist() == [2, 1, 0]
    assert category_bins(column(["x"], kind=pa.large_string())) == CategoryBins(("x",))
    assert CategoryBins(("x",)).count(pa.chunked_array([pa.nulls(3)])) == (pytest.approx([0, 0]), 3)


@pytest.mark.parametrize("bins", [NumberBins((1.0,)), CategoryBins(("a",))])
def test_a_type_that_changed_is_named(bins: NumberBins | CategoryBins) -> None:
    wrong = column(["1"]) if isinstance(bins, NumberBins) else column([1])
    with pytest.raises(BadSchema, match="the profile has them as"):
        bins.count(wrong)


def test_a_column_of_another_kind_is_refused_when_bins_are_made() -> None:
    days = column([1, 2], kind=pa.date32())
    with pytest.raises(BadSchema, match="date32"):
        number_bins(days)
    with pytest.raises(BadSchema, match="date32"):
        category_bins(days)


@pytest.mark.parametrize("edges", [(1.0, 1.0), (2.0, 1.0), (float("nan"),), (float("inf"),)])
def test_edges_out_of_order_are_refused(edges: tuple[float, ...]) -> None:
    with pytest.raises(BadRequest, match="not finite and increasing"):
        NumberBins(edges)


def test_senseless_settings_are_refused() -> None:
    with pytest.raises(BadRequest, match="bins = 1"):
        number_bins(column([1.0]), bins=1)
    with pytest.raises(BadRequest, match="top = 0"):
        category_bins(column(["a"]), top=0)
    with pytest.raises(BadRequest, match="name one twice"):
        CategoryBins(("a", "a"))
