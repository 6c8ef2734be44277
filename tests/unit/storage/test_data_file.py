"""Anybody's file is read whole with its types, or refused in one sentence that names it."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.errors import BadFile, BadSchema, NetliftError, NoInput
from jobs.storage.data_file import look_into, read_data_file

CSV = b"id,age,arm\n007,30,0\n008,,1\n"


def written(folder: Path, name: str, body: bytes) -> Path:
    path = folder / name
    path.write_bytes(body)
    return path


def test_types_are_inferred_and_an_empty_field_is_missing(tmp_path: Path) -> None:
    rows = read_data_file(written(tmp_path, "t.csv", CSV))
    assert rows.to_pydict() == {"id": [7, 8], "age": [30, None], "arm": [0, 1]}


def test_named_columns_stay_text_as_it_stands(tmp_path: Path) -> None:
    rows = read_data_file(written(tmp_path, "t.csv", CSV), text={"id", "arm", "not there"})
    assert rows["id"].to_pylist() == ["007", "008"]
    assert rows["arm"].to_pylist() == ["0", "1"]


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_the_delimiter_is_seen_in_the_header_quotes_left_aside(tmp_path: Path, sign: str) -> None:
    body = sign.join(['"a, b, c"', "x", "y"]) + "\n" + sign.join(["1", "2", "3"]) + "\n"
    assert read_data_file(written(tmp_path, "t.csv", body.encode())).column_names == ["a, b, c", "x", "y"]


def test_a_type_that_only_the_last_row_contradicts_is_inferred_right(tmp_path: Path) -> None:
    body = b"x\n" + b"1\n" * 2_000_000 + b"unknown\n"
    assert pa.types.is_string(read_data_file(written(tmp_path, "t.csv", body)).schema.field("x").type)


def test_a_mark_of_byte_order_and_line_breaks_inside_quotes_are_read(tmp_path: Path) -> None:
    rows = read_data_file(written(tmp_path, "t.csv", b'\xef\xbb\xbfid,text\r\n1,"a\r\nb"\r\n'))
    assert rows.to_pydict() == {"id": [1], "text": ["a\r\nb"]}


def test_a_compressed_csv_is_read(tmp_path: Path) -> None:
    assert read_data_file(written(tmp_path, "t.csv.gz", gzip.compress(CSV))).num_rows == 2


def test_parquet_is_known_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 2]}), tmp_path / "export")
    assert read_data_file(tmp_path / "export")["x"].to_pylist() == [1, 2]


def whole_parquet(folder: Path) -> bytes:
    pq.write_table(pa.table({"x": list(range(1000))}), folder / "whole.parquet")
    return (folder / "whole.parquet").read_bytes()


@pytest.mark.parametrize(
    ("name", "body", "error", "says"),
    [
        ("t.csv", b"", BadFile, "is empty"),
        ("t.csv", b" \n \n", BadFile, "nothing but blanks"),
        ("t.csv", b"a,b\n", BadFile, "columns but no rows"),
        ("t.csv", b"a,b\n1,2\n3\n", BadFile, "Row #3: Expected 2 columns, got 1"),
        ("t.csv", b"a\n\xff\xfe\xfa\n", BadFile, "save it as CSV in UTF-8"),
        ("t.csv", b"a,a,b\n1,2,3\n", BadSchema, "2 columns called 'a'"),
        ("t.csv.gz", gzip.compress(CSV, mtime=0)[:-12], BadFile, "cannot be read"),
        ("t.parquet", CSV, BadFile, "truncated or damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, body: bytes, error: type[NetliftError], says: str
) -> None:
    path = written(tmp_path, name, body)
    with pytest.raises(error, match=says) as refused:
        read_data_file(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kept", [4, 100, -1])
def test_truncated_parquet_is_refused_wherever_it_was_cut(tmp_path: Path, kept: int) -> None:
    with pytest.raises(BadFile, match="truncated or damaged"):
        read_data_file(written(tmp_path, "cut.parquet", whole_parquet(tmp_path)[:kept]))


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NoInput, match=r"none\.csv is not there"):
        read_data_file(tmp_path / "none.csv")
    with pytest.raises(BadFile, match="is a folder"):
        read_data_file(tmp_path)


def test_a_file_is_looked_into_without_its_rows(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(b'\xef\xbb\xbf"a;b";c\n1;2\n')
    found = look_into(tmp_path / "rows.csv")
    assert (found.columns, found.delimiter) == (("a;b", "c"), ";")
    pq.write_table(pa.table({"a": [1], "b": [2]}), tmp_path / "rows.parquet")
    found = look_into(tmp_path / "rows.parquet")
    assert (found.columns, found.delimiter) == (("a", "b"), None)
    with pytest.raises(NoInput, match="is not there"):
        look_into(tmp_path / "nothing.csv")
