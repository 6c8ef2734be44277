"""Reading: chosen rows of one state of a table, a row group in memory at a time."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from jobs.errors import BadRequest
from jobs.storage.iceberg_tables import IcebergTables
from tests.contract.conftest import SCOPE, Home, Stage, finish, passes, total
from tests.contract.scores import CAMPAIGN, DAY, NEXT_DAY, SCORES, rows


def test_rows_come_back_as_they_were_written(tables: IcebergTables, stage: Stage) -> None:
    assert finish(tables, [stage(DAY, CAMPAIGN, 1000)])
    read = total(tables.read(SCORES))
    assert read.schema.names == SCORES.names
    assert read.cast(SCORES.schema).equals(rows(DAY, CAMPAIGN, 1000).cast(SCORES.schema))


def test_a_table_that_does_not_exist_has_no_rows(tables: IcebergTables) -> None:
    assert list(tables.read(SCORES, {"run_date": DAY})) == []
    assert tables.count(SCORES) == 0
    assert finish(tables, []) is False
    tables.purge(SCORES)


def test_rows_can_be_chosen_by_value_span_and_list(tables: IcebergTables, stage: Stage) -> None:
    for day in (DAY, NEXT_DAY):
        finish(tables, [stage(day, CAMPAIGN, 10)], run_date=day)

    def ranks(**where: Any) -> list[int]:
        return sorted(r for part in tables.read(SCORES, where, ["rank"]) for r in part["rank"].to_pylist())

    assert ranks(run_date=DAY, rank=3) == [3]
    assert ranks(rank=(2, 4), run_date=(DAY, NEXT_DAY)) == [2, 2, 3, 3, 4, 4]
    assert ranks(customer_id=["c000001", "c000009", "none"], run_date=[NEXT_DAY]) == [1, 9]
    assert ranks(run_date=[]) == []
    assert ranks(reason="wörtlich", run_date=DAY) == [0, 2, 4, 6, 8]
    assert ranks(consent=True, score=(0.5, 1.0), run_date=DAY) == [4, 6, 8]
    assert ranks(at=datetime(2026, 10, 31, tzinfo=UTC)) == []
    assert tables.count(SCORES, {"rank": (2, 4)}) == 6
    assert tables.count(SCORES, {"run_date": [DAY, date(2020, 1, 1)]}) == 10


@pytest.mark.parametrize("where", [{"none": 1}, {"run_date": "soon"}, {"rank": "x"}, {"rank": None}])
def test_a_filter_that_cannot_be_is_refused(tables: IcebergTables, where: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        list(tables.read(SCORES, where))
    with pytest.raises(BadRequest, match="no column 'none'"):
        list(tables.read(SCORES, columns=["none"]))


def test_a_filter_on_partitions_opens_only_their_files_and_counting_opens_none(
    tables: IcebergTables, stage: Stage, opened_files: list[str]
) -> None:
    files = {day: stage(day, CAMPAIGN, 5) for day in (DAY, NEXT_DAY)}
    for day, file in files.items():
        finish(tables, [file], run_date=day)
    opened_files.clear()
    assert tables.count(SCORES, {"run_date": DAY}) == 5
    assert [p for p in opened_files if p.endswith(".parquet")] == []
    list(tables.read(SCORES, {"run_date": DAY}, ["rank"]))
    assert [p for p in opened_files if p.endswith(".parquet")] == [files[DAY].path]


def test_a_reader_holds_one_row_group_at_a_time(tables: IcebergTables) -> None:
    writer = tables.open_stage(SCORES, SCOPE, "run-1")
    for _ in range(8):
        writer.write(rows(DAY, CAMPAIGN, 50_000))
    staged = writer.close()
    assert staged is not None
    finish(tables, [staged])
    before, one, most = pa.total_allocated_bytes(), 0, 0
    for part in tables.read(SCORES, columns=["customer_id", "score"]):
        one = max(one, part.nbytes)
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < 4 * one


def test_a_reader_sees_the_state_it_began_with(tables: IcebergTables, stage: Stage) -> None:
    finish(tables, [stage(DAY, CAMPAIGN, 5, "run-1"), stage(DAY, CAMPAIGN, 5, "run-1")])
    parts = tables.read(SCORES, columns=["run_id"])
    seen = set(next(parts)["run_id"].to_pylist())
    finish(tables, [stage(DAY, CAMPAIGN, 7, "run-2")], "run-2")
    seen |= {r for part in parts for r in part["run_id"].to_pylist()}
    assert seen == {"run-1"}


def test_readers_beside_commits_see_the_old_rows_or_the_new_never_a_part(
    home: Home, tables: IcebergTables, stage: Stage
) -> None:
    sizes = {"run-0": (5, 6), "run-1": (20, 30), "run-2": (100, 200, 300)}
    whole = {run: sum(parts) for run, parts in sizes.items()}
    finish(tables, [stage(DAY, CAMPAIGN, n, "run-0") for n in sizes["run-0"]], "run-0")
    staged = {run: [[stage(DAY, CAMPAIGN, n, run) for n in sizes[run]] for _ in range(3)] for run in ("run-1", "run-2")}
    done = threading.Event()

    def look() -> Iterator[list[str]]:
        mine = home.open_tables()
        while True:
            last = done.is_set()
            yield [r for part in mine.read(SCORES, SCOPE, ["run_id"]) for r in part["run_id"].to_pylist()]
            if last:
                return

    with ThreadPoolExecutor(2) as threads:
        looks = threads.submit(lambda: list(look()))
        for turn in range(3):
            for run in ("run-1", "run-2"):
                assert tables.finish(SCORES, staged[run][turn], SCOPE, run_id=run, attempt=turn, fence=passes)
        done.set()
        seen = looks.result()
    assert all(len(set(s)) == 1 and len(s) == whole[s[0]] for s in seen)
    assert seen[-1] == ["run-2"] * whole["run-2"]
