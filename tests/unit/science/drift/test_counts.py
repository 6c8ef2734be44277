"""Counts of a batch add up exactly, whatever the tables, chunks and shards it came in."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import BadRequest, BadSchema
from jobs.science.drift.bins import NumberBins
from jobs.science.drift.counts import Counter, VariableCounts
from jobs.science.drift.profile import bins_of


def world(rows: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "amount": np.where(rng.random(rows) < 0.2, np.nan, rng.lognormal(3, 1, rows)),
            "night": rng.random(rows) < 0.1,
            "channel": pa.array(rng.choice(["web", "phone", "shop", None], rows).tolist(), type=pa.string()),
        }
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 400), st.lists(st.integers(0, 400), max_size=4), st.integers(0, 3))
def test_any_cut_into_tables_and_shards_gives_the_whole(rows: int, cuts: list[int], seed: int) -> None:
    batch = world(rows, seed)
    bins = bins_of(world(300, 99))
    whole, parts = Counter(bins), [Counter(bins), Counter(bins)]
    whole.add(batch)
    at = sorted({0, rows, *(min(c, rows) for c in cuts)})
    for i, (start, stop) in enumerate(pairwise(at)):
        parts[i % 2].add(batch.slice(start, stop - start))
    parts[1].merge(parts[0])
    assert parts[1].counts() == whole.counts()
    assert all(c.rows == rows for c in whole.counts().values())


def test_variables_may_lie_in_several_tables() -> None:
    counter = Counter({"age": NumberBins((30.0,)), "score": NumberBins((0.5,))})
    counter.add(pa.table({"age": [20, 40]}), columns=["age"])
    counter.add(pa.table({"score": [0.1, 0.9, 0.8]}), columns=["score"])
    assert counter.counts() == {"age": VariableCounts((1, 1), 0), "score": VariableCounts((1, 2), 0)}


def test_a_table_that_lacks_a_variable_leaves_the_counts_as_they_were() -> None:
    counter = Counter({"age": NumberBins((30.0,)), "score": NumberBins((0.5,))})
    before = counter.counts()
    with pytest.raises(BadSchema, match="column 'score' is missing"):
        counter.add(pa.table({"age": [20, 40]}))
    assert counter.counts() == before


def test_a_type_that_changed_names_its_column() -> None:
    with pytest.raises(BadSchema, match="column 'age': values are string"):
        Counter({"age": NumberBins((30.0,))}).add(pa.table({"age": ["twenty"]}))


def test_an_empty_batch_counts_nothing() -> None:
    counter = Counter({"age": NumberBins((30.0,))})
    counter.add(pa.table({"age": pa.array([], pa.float64())}))
    assert counter.counts()["age"] == VariableCounts((0, 0), 0)
    assert counter.counts()["age"].missing_share == 0


def test_counters_with_other_bins_do_not_merge() -> None:
    with pytest.raises(BadRequest, match="different bins"):
        Counter({"age": NumberBins((30.0,))}).merge(Counter({"age": NumberBins((31.0,))}))
    with pytest.raises(BadRequest, match="2 bins and of 3"):
        VariableCounts((1, 2), 0) + VariableCounts((1, 2, 3), 0)
