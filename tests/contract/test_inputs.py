"""Inputs: Parquet under inputs/<table>/, the same rows from a folder and from a bucket."""

import io
from typing import Any

import awswrangler as wr
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.errors import BadFile, BadSchema, ObjectMissing
from jobs.storage import inputs as inputs_module
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.inputs import InputFile, Inputs
from jobs.storage.s3_objects import S3Objects
from tests.contract.conftest import Home, total
from tests.contract.scores import CAMPAIGN, DAY, SCORES, rows


def parquet(table: pa.Table, **options: Any) -> bytes:
    body = io.BytesIO()
    pq.write_table(table, body, **options)
    return body.getvalue()


@pytest.fixture
def inputs(home: Home) -> Inputs:
    return Inputs(home.objects)


@pytest.fixture
def put(home: Home, inputs: Inputs) -> Any:
    def put_file(body: bytes, name: str = "part-0.parquet") -> InputFile:
        assert home.objects.put_if_absent(f"inputs/scores/{name}", body)
        return next(f for f in inputs.files("scores") if f.key.endswith(name))

    return put_file


@pytest.fixture(params=["whole", "by row groups"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Files in one piece, and files that count as large."""
    if request.param == "by row groups":
        monkeypatch.setattr(inputs_module, "WHOLE_FILE_BYTES", 0)
    return str(request.param)


def test_only_parquet_files_of_the_table_are_listed(home: Home, inputs: Inputs) -> None:
    for key in ("scores/b.parquet", "scores/date=2026-11-01/a.parquet", "scores/_SUCCESS", "scores2/c.parquet"):
        home.objects.put_if_absent(f"inputs/{key}", b"1234")
    files = inputs.files("scores")
    assert [f.key for f in files] == ["inputs/scores/b.parquet", "inputs/scores/date=2026-11-01/a.parquet"]
    assert all(f.size == 4 and f.version for f in files)
    assert inputs.files("none") == ()


@pytest.mark.usefixtures("either_way")
def test_every_type_comes_back_as_it_was_written(inputs: Inputs, put: Any) -> None:
    written = rows(DAY, CAMPAIGN, 1000)
    file = put(parquet(written, row_group_size=300))
    read = total(inputs.read(file))
    assert read.schema == written.schema
    assert read.equals(written)


@pytest.mark.usefixtures("either_way")
def test_missing_nan_and_infinite_stay_three_things(inputs: Inputs, put: Any) -> None:
    written = pa.table({"x": pa.array([None, float("nan"), float("inf"), -0.0, 1e308])})
    read = total(inputs.read(put(parquet(written))))["x"].to_pylist()
    assert str(read) == "[None, nan, inf, -0.0, 1e+308]"


def test_a_file_of_several_row_groups_is_read_in_parts_in_its_order(
    inputs: Inputs, put: Any, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs_module, "WHOLE_FILE_BYTES", 0)
    parts = list(inputs.read(put(parquet(rows(DAY, CAMPAIGN, 1000), row_group_size=300)), ["rank"]))
    assert [p.num_rows for p in parts] == [300, 300, 300, 100]
    assert total(parts)["rank"].to_pylist() == list(range(1000))


@pytest.mark.usefixtures("either_way")
def test_columns_come_in_the_order_asked_for_and_no_others(inputs: Inputs, put: Any) -> None:
    part = total(inputs.read(put(parquet(rows(DAY, CAMPAIGN, 5))), ["score", "customer_id"]))
    assert part.column_names == ["score", "customer_id"]


@pytest.mark.usefixtures("either_way")
def test_a_declared_table_may_lack_its_nullable_columns_only(inputs: Inputs, put: Any) -> None:
    whole = rows(DAY, CAMPAIGN, 5)
    read = total(inputs.read(put(parquet(whole.drop_columns(["reason", "at"]))), SCORES))
    assert read.column_names == [n for n in SCORES.names if n not in {"reason", "at"}]
    with pytest.raises(BadSchema, match=r"part-1\.parquet has no column 'score'"):
        list(inputs.read(put(parquet(whole.drop_columns(["score"])), "part-1.parquet"), SCORES))


def test_a_column_that_is_missing_is_named_with_the_file(inputs: Inputs, put: Any, home: Home) -> None:
    file = put(parquet(pa.table({"a": [1]})))
    with pytest.raises(BadSchema) as error:
        list(inputs.read(file, ["a", "amount_eur"]))
    assert "'amount_eur'" in str(error.value)
    assert f"{home.objects.uri}/inputs/scores/part-0.parquet" in str(error.value)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "is empty"),
        (parquet(pa.table({"a": list(range(1000))}))[:-200], "no whole Parquet file"),
        (b"PAR1" + b"\x00" * 100, "no whole Parquet file"),
        (b"customer_id,amount\n1,2\n" * 20, "no whole Parquet file"),
    ],
)
def test_a_file_that_is_not_whole_parquet_is_named(inputs: Inputs, put: Any, body: bytes, says: str) -> None:
    with pytest.raises(BadFile, match=says) as error:
        list(inputs.read(put(body)))
    assert "part-0.parquet" in str(error.value)


@pytest.mark.usefixtures("either_way")
def test_a_file_whose_pages_are_damaged_is_named(inputs: Inputs, put: Any) -> None:
    body = bytearray(parquet(pa.table({"a": [str(i) for i in range(5000)]}), compression="zstd", use_dictionary=False))
    body[4:2000] = b"\xff" * 1996
    with pytest.raises(BadFile, match=r"part-0\.parquet is no whole Parquet file"):
        list(inputs.read(put(bytes(body))))


def test_a_parquet_file_without_rows_has_no_parts(inputs: Inputs, put: Any) -> None:
    assert list(inputs.read(put(parquet(rows(DAY, CAMPAIGN, 0))))) == []


def test_a_file_that_differs_from_the_plan_is_refused(home: Home, inputs: Inputs, put: Any) -> None:
    file = put(parquet(rows(DAY, CAMPAIGN, 5)))
    with pytest.raises(BadFile, match="changed since the plan"):
        list(inputs.read(InputFile(file.key, file.size, "another"), ["rank"]))
    with pytest.raises(BadFile, match="changed since the plan"):
        list(inputs.read(InputFile(file.key, file.size + 1, file.version), ["rank"]))
    with pytest.raises(ObjectMissing, match=r"gone\.parquet"):
        list(inputs.read(InputFile("inputs/scores/gone.parquet", 10, "1")))


@pytest.mark.usefixtures("either_way")
def test_a_file_that_changes_while_it_is_read_is_refused(home: Home, inputs: Inputs, put: Any) -> None:
    body = parquet(rows(DAY, CAMPAIGN, 1000), row_group_size=300)
    file = put(body)
    longer = parquet(rows(DAY, CAMPAIGN, 1001))
    parts = inputs.read(file, ["rank"])
    next(parts)
    if isinstance(home.objects, S3Objects):
        home.objects.client.put_object(Bucket=home.objects.bucket, Key=f"some/prefix/{file.key}", Body=longer)
    else:
        assert isinstance(home.objects, FolderObjects)
        home.objects.path(file.key).write_bytes(longer)
    with pytest.raises(BadFile, match=r"part-0\.parquet"):
        list(parts)


@pytest.mark.usefixtures("either_way")
def test_text_is_plain_text_whatever_wrote_the_file(inputs: Inputs, put: Any) -> None:
    values = ["a", None, "a"]
    written = pa.table(
        {
            "dictionary": pa.array(values).dictionary_encode(),
            "large": pa.array(values, pa.large_string()),
            "plain": pa.array(values, pa.string()),
        }
    )
    read = total(inputs.read(put(parquet(written))))
    assert set(read.schema.types) == {pa.string()}
    assert all(c.to_pylist() == values for c in read.columns)


@pytest.mark.usefixtures("either_way")
def test_files_that_pandas_wrote_keep_every_column_and_old_timestamps(inputs: Inputs, put: Any) -> None:
    frame = pd.DataFrame({"customer_id": ["b", "a"], "at": pd.to_datetime(["2026-11-01", "9999-12-31"])})
    body = io.BytesIO()
    table = pa.Table.from_pandas(frame.set_index("customer_id"))
    pq.write_table(table, body, use_deprecated_int96_timestamps=True)
    file = put(body.getvalue())
    for columns in (None, ["customer_id", "at"]):
        read = total(inputs.read(file, columns))
        assert read["customer_id"].to_pylist() == ["b", "a"]
        assert str(read["at"].to_pylist()[1]) == "9999-12-31 00:00:00"


def test_a_bucket_is_read_with_awswrangler_a_file_a_call(
    home: Home, inputs: Inputs, put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []
    real = wr.s3.read_parquet

    def counting(path: list[str], **options: Any) -> Any:
        calls.append(path)
        return real(path=path, **options)

    monkeypatch.setattr(wr.s3, "read_parquet", counting)
    for i in range(3):
        file = put(parquet(rows(DAY, CAMPAIGN, 5)), f"part-{i}.parquet")
        assert total(inputs.read(file, SCORES)).num_rows == 5
    s3 = isinstance(home.objects, S3Objects)
    assert calls == ([[f"{home.objects.uri}/inputs/scores/part-{i}.parquet"] for i in range(3)] if s3 else [])
