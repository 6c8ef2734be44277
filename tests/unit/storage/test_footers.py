"""A footer says how many rows a file has; a file that is not whole, or not the planned one, is named."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.errors import BadFile, ObjectMissing
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.footers import footer_rows


def test_rows_are_those_of_all_row_groups_and_of_none(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    pq.write_table(pa.table({"a": range(10)}), tmp_path / "ten.parquet", row_group_size=4)
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "none.parquet")
    versions = {o.key: o.version for o in objects.list("")}
    assert [footer_rows(objects, key, versions[key]) for key in ("ten.parquet", "none.parquet")] == [10, 0]


def test_a_file_that_is_not_parquet_changed_or_gone_is_named(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    objects.put_if_absent("text.parquet", b"no parquet at all")
    [info] = objects.list("text")
    with pytest.raises(BadFile, match=r"text\.parquet is no whole Parquet file"):
        footer_rows(objects, info.key, info.version)
    with pytest.raises(BadFile, match=r"text\.parquet has changed"):
        footer_rows(objects, info.key, "another")
    with pytest.raises(ObjectMissing, match=r"gone\.parquet"):
        footer_rows(objects, "gone.parquet", info.version)
