"""A content digest changes with what a table says, and with nothing else."""

import hashlib
import struct

import pyarrow as pa
import pytest

from infra.local.content_digest import conform, content_sha256
from jobs.errors import BadFile, BadSchema

ROWS = pa.table(
    {
        "id": [2, 1],
        "at": pa.array([1_500, -1], pa.timestamp("ns")),
        "eur": [0.1, -2.5],
        "city": ["b", "äa"],
    }
)


def test_the_digest_is_that_of_the_bytes_it_says_it_hashes() -> None:
    said = (
        b"id:int64:2\n" + struct.pack("<2q", 1, 2),
        b"at:timestamp[ns]:2\n" + struct.pack("<2q", -1, 1_500),
        b"eur:float64:2\n" + struct.pack("<2d", -2.5, 0.1),
        b"city:string:2\n" + struct.pack("<2q", 3, 1) + "äab".encode(),
    )
    assert content_sha256(ROWS, ["id"]) == hashlib.sha256(b"".join(said)).hexdigest()


def test_chunks_and_order_do_not_matter_where_rows_have_a_key() -> None:
    chunked = pa.concat_tables([ROWS.slice(1), ROWS.slice(0, 1)])
    assert content_sha256(chunked, ["id"]) == content_sha256(ROWS, ["id"])


def test_order_matters_where_a_rows_number_is_its_name() -> None:
    assert content_sha256(ROWS) != content_sha256(ROWS.take([1, 0]))


@pytest.mark.parametrize(
    "other",
    [
        ROWS.slice(1),
        ROWS.set_column(2, "eur", [[0.1, -2.5000000000000004]]),
        ROWS.set_column(3, "city", [["bä", "a"]]),
        ROWS.rename_columns(["id", "at", "usd", "city"]),
        ROWS.select(["id", "at", "city", "eur"]),
    ],
    ids=["a row less", "last bit of a number", "text moved over", "another name", "another order of columns"],
)
def test_any_other_content_has_another_digest(other: pa.Table) -> None:
    assert content_sha256(other, ["id"]) != content_sha256(ROWS, ["id"])


def test_rows_take_the_declared_order_and_types() -> None:
    shuffled = pa.table({"b": pa.array([1, 2], pa.int32()), "a": pa.array([3, 4], pa.timestamp("us"))})
    conformed = conform(shuffled, {"a": "timestamp[ns]", "b": "int64"}, "f")
    assert conformed.schema == pa.schema([("a", pa.timestamp("ns")), ("b", pa.int64())])


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"], ["a", "a"], ["a", "B"]])
def test_other_columns_are_refused(names: list[str]) -> None:
    with pytest.raises(BadSchema, match=r"^day\.pkl has the columns .*, not a, b \(look at"):
        conform(pa.table([pa.array([1])] * len(names), names=names), {"a": "int64", "b": "int64"}, "day.pkl")


def test_a_missing_value_and_one_of_another_type_are_refused() -> None:
    with pytest.raises(BadFile, match=r"^f has 1 rows without a: "):
        conform(pa.table({"a": [1, None]}), {"a": "int64"}, "f")
    with pytest.raises(BadFile, match=r"^f holds a value of another type \("):
        conform(pa.table({"a": [1.5]}), {"a": "int64"}, "f")
