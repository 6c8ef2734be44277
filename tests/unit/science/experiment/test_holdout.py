"""The holdout is the same on every machine and in every language, of the right size, and new with a new salt."""

import hashlib

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import BadRequest, BadRows
from jobs.science.experiment.holdout import id_numbers, in_holdout

IDS = pa.array([f"c{i:08d}" for i in range(40_000)])


@given(
    ids=st.lists(st.text(min_size=1).filter(lambda s: s.isprintable()), max_size=20), salt=st.text("abc-", min_size=1)
)
def test_the_number_of_an_id_follows_the_written_recipe(ids, salt):
    digests = (hashlib.sha256(f"{salt}:{name}".encode()).digest() for name in ids)
    assert id_numbers(ids, salt).tolist() == [int.from_bytes(d[:8], "big") for d in digests]


def test_sql_finds_the_same_members():
    """DuckDB's statement from the module's first lines, with the share times 2^64, gives the same holdout."""
    rows = pa.table({"id": IDS})
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        members = connection.execute(
            "SELECT ('0x' || substr(sha256('spring' || ':' || id), 1, 16))::UBIGINT < 0.1 * 2::HUGEINT ** 64 FROM rows"
        ).fetchall()
    assert np.array_equal([m for (m,) in members], in_holdout(IDS, "spring", 0.1))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_the_share_is_met_within_four_errors(share):
    met = in_holdout(IDS, "spring", share).mean()
    assert abs(met - share) <= 4 * np.sqrt(share * (1 - share) / len(IDS))


def test_holdouts_of_two_salts_are_independent():
    one, two = in_holdout(IDS, "spring", 0.3), in_holdout(IDS, "autumn", 0.3)
    assert abs((one & two).mean() - 0.09) < 4 * np.sqrt(0.09 * 0.91 / len(IDS))


def test_a_larger_share_keeps_everyone_who_was_in():
    small, large = in_holdout(IDS, "spring", 0.05), in_holdout(IDS, "spring", 0.2)
    assert (large | ~small).all()


def test_chunks_and_lists_give_the_same():
    chunked = pa.chunked_array([IDS.slice(0, 10), IDS.slice(10, 20)])
    assert np.array_equal(in_holdout(chunked, "s", 0.5), in_holdout(IDS.to_pylist()[:30], "s", 0.5))


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_cannot_be_is_refused(share):
    with pytest.raises(BadRequest, match="share =="):
        in_holdout(IDS, "spring", share)


def test_an_empty_salt_and_a_missing_id_are_refused():
    with pytest.raises(BadRequest, match="salt"):
        in_holdout(IDS, "", 0.1)
    with pytest.raises(BadRows, match="missing"):
        in_holdout(["a", None], "spring", 0.1)
