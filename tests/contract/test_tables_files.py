"""Data files of a table, one by one: listed from one state, looked at, read in part, readable after the table moved."""

import pytest

from jobs.errors import BadRequest, StorageUnavailable
from jobs.storage.iceberg_tables import IcebergTables
from tests.contract.conftest import SCOPE, Stage, finish, total
from tests.contract.scores import CAMPAIGN, DAY, NEXT_DAY, SCORES, rows


@pytest.fixture
def groups_of_ten(tables: IcebergTables) -> str:
    """A file of three row groups of ten customers each, in the order of their ids."""
    writer = tables.open_stage(SCORES, SCOPE, "run-1")
    whole = rows(DAY, CAMPAIGN, 30)
    for first in (0, 10, 20):
        writer.write(whole.slice(first, 10))
    staged = writer.close()
    assert staged is not None
    finish(tables, [staged])
    return staged.path


def _ids(tables: IcebergTables, path: str, **how: object) -> list[int]:
    parts = tables.read_file(SCORES, path, columns=["rank"], **how)  # type: ignore[arg-type]
    return [rank for part in parts for rank in part["rank"].to_pylist()]


def test_files_are_listed_in_order_with_their_rows_and_bytes(tables: IcebergTables, stage: Stage) -> None:
    staged = [stage(DAY, CAMPAIGN, n, f"run-1-{part}") for part, n in ((1, 5), (0, 7))]
    finish(tables, staged)
    finish(tables, [stage(NEXT_DAY, CAMPAIGN, 3)], run_date=NEXT_DAY)
    listed = tables.files(SCORES, SCOPE)
    assert [(f.path, f.rows, f.bytes) for f in listed] == [(f.path, f.rows, f.bytes) for f in reversed(staged)]
    assert len(tables.files(SCORES)) == 3
    assert tables.files(SCORES, {"run_date": DAY, "campaign_id": "none"}) == []


def test_a_table_that_does_not_exist_has_no_files(tables: IcebergTables) -> None:
    assert tables.files(SCORES) == []


def test_a_files_row_groups_can_be_read_alone(tables: IcebergTables, groups_of_ten: str) -> None:
    assert tables.groups(SCORES, groups_of_ten) == (10, 10, 10)
    assert _ids(tables, groups_of_ten) == list(range(30))
    assert _ids(tables, groups_of_ten, groups=[2, 0]) == [*range(20, 30), *range(10)]
    assert _ids(tables, groups_of_ten, groups=[1], where={"rank": (13, 25)}) == list(range(13, 20))


@pytest.mark.parametrize(
    ("where", "found", "fetched"),
    [
        ({"customer_id": ["c000003", "c000029", "zz"]}, [3, 29], 2),
        ({"customer_id": ["a", "zz"]}, [], 0),
        ({"customer_id": []}, [], 0),
        ({"customer_id": "c000015"}, [15], 1),
        ({"rank": (8, 11)}, [8, 9, 10, 11], 2),
        ({"run_date": DAY, "reason": "w\u00f6rtlich", "rank": 4}, [4], 1),
    ],
)
def test_a_row_group_whose_statistics_exclude_what_is_wanted_is_not_fetched(
    tables: IcebergTables,
    groups_of_ten: str,
    where: dict,
    found: list[int],
    fetched: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import pyarrow.parquet as pq

    read: list[int] = []
    real = pq.ParquetFile.read_row_group
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", lambda f, g, **how: read.append(g) or real(f, g, **how))
    assert _ids(tables, groups_of_ten, where=where) == found
    assert len(read) == fetched


def test_a_file_is_readable_after_the_table_has_moved_on(tables: IcebergTables, stage: Stage) -> None:
    finish(tables, [stage(DAY, CAMPAIGN, 5, "run-1")])
    [old] = tables.files(SCORES, SCOPE)
    finish(tables, [stage(DAY, CAMPAIGN, 7, "run-2")], "run-2")
    assert total(tables.read_file(SCORES, old.path)).num_rows == 5
    assert [f.rows for f in tables.files(SCORES, SCOPE)] == [7]


def test_a_file_that_is_gone_and_a_column_that_is_none_are_named(tables: IcebergTables, groups_of_ten: str) -> None:
    for look in (lambda p: list(tables.read_file(SCORES, p)), lambda p: tables.groups(SCORES, p)):
        with pytest.raises(StorageUnavailable, match="the file is gone"):
            look(groups_of_ten + "x")
    with pytest.raises(BadRequest, match="no column 'none'"):
        list(tables.read_file(SCORES, groups_of_ten, columns=["none"]))
    with pytest.raises(BadRequest, match="no column 'none'"):
        list(tables.read_file(SCORES, groups_of_ten, {"none": 1}))
