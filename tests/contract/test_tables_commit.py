"""Committing: a scope is replaced as a whole, once, beside whatever else is committed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from jobs.errors import BadRequest, ObjectMissing, RowsLost, RunLost
from jobs.storage.iceberg_tables import IcebergTables
from tests.contract.conftest import SCOPE, Home, Stage, finish, passes
from tests.contract.scores import CAMPAIGN, DAY, NEXT_DAY, SCORES


def test_a_commit_replaces_its_scope_and_nothing_else(tables: IcebergTables, stage: Stage) -> None:
    for day in (DAY, NEXT_DAY):
        for campaign in (CAMPAIGN, CAMPAIGN + "-2"):
            assert finish(tables, [stage(day, campaign, 5)], run_date=day, campaign_id=campaign)
    assert finish(tables, [stage(DAY, CAMPAIGN, 3, "run-2"), stage(DAY, CAMPAIGN, 4, "run-2")], "run-2")
    assert tables.count(SCORES) == 22
    assert tables.count(SCORES, SCOPE) == 7
    assert {r for part in tables.read(SCORES, SCOPE) for r in part["run_id"].to_pylist()} == {"run-2"}
    assert tables.count(SCORES, {"run_date": NEXT_DAY}) == 10


def test_a_scope_may_span_days_and_leave_columns_open(tables: IcebergTables, stage: Stage) -> None:
    days = [date(2026, 11, d) for d in (1, 2, 3, 4)]
    for day in days:
        finish(tables, [stage(day, CAMPAIGN, 5)], run_date=day)
        finish(tables, [stage(day, "other", 2)], run_date=day, campaign_id="other")
    new = [stage(day, CAMPAIGN, 1, "run-2") for day in days[1:3]]
    assert tables.finish(SCORES, new, {"run_date": (days[1], days[2])}, run_id="run-2", attempt=1, fence=passes)
    assert [tables.count(SCORES, {"run_date": day}) for day in days] == [7, 1, 1, 7]


def test_a_commit_of_nothing_empties_its_scope(tables: IcebergTables, stage: Stage) -> None:
    finish(tables, [stage(DAY, CAMPAIGN, 5)])
    finish(tables, [stage(NEXT_DAY, CAMPAIGN, 5)], run_date=NEXT_DAY)
    assert finish(tables, [], "run-2") is True
    assert (tables.count(SCORES, SCOPE), tables.count(SCORES)) == (0, 5)
    assert finish(tables, [], "run-2") is False
    assert finish(tables, [], "run-3") is False


def test_finishing_again_with_the_same_files_adds_nothing(home: Home, tables: IcebergTables, stage: Stage) -> None:
    staged = [stage(DAY, CAMPAIGN, 5), stage(DAY, CAMPAIGN, 6)]
    assert finish(tables, staged) is True
    assert finish(tables, staged) is False
    assert finish(home.open_tables(), staged[::-1]) is False
    assert tables.count(SCORES) == 11


def test_a_file_that_a_newer_run_replaced_never_comes_back(tables: IcebergTables, stage: Stage) -> None:
    """Its holder died after the commit; when the run is taken up again a later run's rows stand, and stay."""
    old = stage(DAY, CAMPAIGN, 5)
    finish(tables, [old])
    finish(tables, [stage(DAY, CAMPAIGN, 7, "run-2")], "run-2")
    assert finish(tables, [old]) is False
    assert tables.count(SCORES) == 7


def test_a_second_attempt_keeps_the_files_it_shares_and_drops_the_rest(tables: IcebergTables, stage: Stage) -> None:
    kept, dropped = stage(DAY, CAMPAIGN, 5), stage(DAY, CAMPAIGN, 6)
    finish(tables, [kept, dropped])
    again = stage(DAY, CAMPAIGN, 6)
    assert tables.finish(SCORES, [kept, again], SCOPE, run_id="run-1", attempt=2, fence=passes)
    assert tables.count(SCORES) == 11


def test_a_commit_reads_no_data_file_of_the_rows_it_replaces(
    tables: IcebergTables, stage: Stage, opened_files: list[str]
) -> None:
    """Also for campaign names that differ only after their sixteenth character."""
    olds = [stage(DAY, CAMPAIGN + suffix, 5) for suffix in ("", "-2")]
    for old in olds:
        finish(tables, [old], campaign_id=old.partition["campaign_id"])
    new = stage(DAY, CAMPAIGN, 3, "run-2")
    opened_files.clear()
    assert finish(tables, [new], "run-2")
    data = {path for path in opened_files if path.endswith(".parquet")}
    assert data == {new.path}
    assert tables.count(SCORES) == 8


def test_a_fence_that_says_no_stops_the_commit(tables: IcebergTables, stage: Stage) -> None:
    finish(tables, [stage(DAY, CAMPAIGN, 5)])

    def lost() -> None:
        raise RunLost("attempt 1 may not go on")

    with pytest.raises(RunLost):
        tables.finish(SCORES, [stage(DAY, CAMPAIGN, 9)], SCOPE, run_id="run-2", attempt=1, fence=lost)
    assert tables.count(SCORES) == 5


@pytest.mark.parametrize("scope", [{}, {"customer_id": "c1"}, {"run_date": DAY, "rank": (1, 2)}])
def test_a_scope_is_on_partition_columns(tables: IcebergTables, scope: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="must be on columns of"):
        tables.finish(SCORES, [], scope, run_id="run-1", attempt=1, fence=passes)


def test_a_staged_file_outside_the_scope_or_of_another_table_is_refused(tables: IcebergTables, stage: Stage) -> None:
    file = stage(DAY, CAMPAIGN, 5)
    with pytest.raises(BadRequest, match="outside the scope"):
        finish(tables, [file], run_date=NEXT_DAY)
    with pytest.raises(BadRequest, match="is of table elsewhere"):
        finish(tables, [replace(file, table="elsewhere")])
    with pytest.raises(BadRequest, match="given twice"):
        finish(tables, [file, file])
    assert tables.count(SCORES) == 0


def test_a_staged_file_that_is_gone_or_short_is_named(tables: IcebergTables, stage: Stage) -> None:
    file = stage(DAY, CAMPAIGN, 5)
    with pytest.raises(ObjectMissing, match="run the job again"):
        finish(tables, [replace(file, path=file.path.replace(".parquet", "-gone.parquet"))])
    with pytest.raises(RowsLost, match="has 5 rows, 6 were staged"):
        finish(tables, [replace(file, rows=6)])


def test_commits_at_once_to_different_partitions_all_survive(home: Home, tables: IcebergTables, stage: Stage) -> None:
    days = [date(2026, 11, d) for d in range(1, 7)]
    staged = {day: stage(day, CAMPAIGN, 5) for day in days}
    start = threading.Barrier(len(days))

    def commit(day: date) -> bool:
        mine = home.open_tables()
        start.wait()
        return mine.finish(SCORES, [staged[day]], {"run_date": day}, run_id=f"run-{day}", attempt=1, fence=passes)

    with ThreadPoolExecutor(len(days)) as threads:
        assert all(threads.map(commit, days))
    assert [tables.count(SCORES, {"run_date": day}) for day in days] == [5] * len(days)
