"""Tables: staged files, one commit that replaces a scope, readers that never see a part."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyiceberg.io.pyarrow import PyArrowFileIO

from jobs.errors import BadRequest, BadRows, BadSchema, ObjectMissing, RowsLost, RunLost
from jobs.storage.iceberg_stage import ROW_GROUP_ROWS
from jobs.storage.iceberg_tables import IcebergTables
from jobs.storage.tables import StagedFile, Tables
from jobs.tables.declare import Column
from jobs.tables.outputs import OUTPUTS
from tests.contract.conftest import Home, Stage, total
from tests.contract.scores import CAMPAIGN, DAY, NEXT_DAY, SCORES, rows

SCOPE = {"run_date": DAY, "campaign_id": CAMPAIGN}


def passes() -> None:
    """A fence that everybody passes."""


def finish(tables: Tables, staged: list[StagedFile], run_id: str = "run-1", **scope: Any) -> bool:
    return tables.finish(SCORES, staged, {**SCOPE, **scope}, run_id=run_id, attempt=1, fence=passes)


@pytest.fixture
def opened_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of all files that are opened for reading."""
    paths: list[str] = []
    real = PyArrowFileIO.new_input

    def counting(self: PyArrowFileIO, location: str) -> Any:
        paths.append(location)
        return real(self, location)

    monkeypatch.setattr(PyArrowFileIO, "new_input", counting)
    return paths


def test_rows_come_back_as_they_were_written(tables: IcebergTables, stage: Stage) -> None:
    assert finish(tables, [stage(DAY, CAMPAIGN, 1000)])
    read = total(tables.read(SCORES))
    assert read.schema.names == SCORES.names
    assert read.cast(SCORES.schema).equals(rows(DAY, CAMPAIGN, 1000).cast(SCORES.schema))


@pytest.mark.parametrize("table", OUTPUTS.values(), ids=OUTPUTS.keys())
def test_every_declared_output_can_be_written_and_read(tables: IcebergTables, table: Any) -> None:
    examples: dict[pa.DataType, Any] = {
        pa.string(): "x",
        pa.float64(): 0.5,
        pa.float32(): 0.5,
        pa.int64(): 1,
        pa.int32(): 1,
        pa.bool_(): True,
        pa.date32(): DAY,
    }
    row = {c.name: examples.get(c.type, datetime(2026, 11, 1, tzinfo=UTC)) for c in table.columns}
    partition = {name: row[name] for name in table.partition}
    writer = tables.open_stage(table, partition, "run-1")
    writer.write(pa.Table.from_pylist([row], schema=table.schema))
    staged = writer.close()
    assert staged is not None
    tables.finish(table, [staged], partition, run_id="run-1", attempt=1, fence=passes)
    assert total(tables.read(table)).to_pylist() == [row]


def test_a_staged_file_is_not_seen_before_the_commit(tables: IcebergTables, stage: Stage) -> None:
    stage(DAY, CAMPAIGN, 5)
    assert tables.count(SCORES) == 0
    assert list(tables.read(SCORES)) == []


def test_a_table_that_does_not_exist_has_no_rows(tables: IcebergTables) -> None:
    assert list(tables.read(SCORES, {"run_date": DAY})) == []
    assert tables.count(SCORES) == 0
    assert finish(tables, []) is False
    tables.purge(SCORES)


def test_a_stage_without_rows_leaves_no_file(tables: IcebergTables) -> None:
    writer = tables.open_stage(SCORES, SCOPE, "run-1")
    writer.write(rows(DAY, CAMPAIGN, 0))
    assert writer.close() is None
    assert tables.open_stage(SCORES, SCOPE, "run-1").close() is None


def test_several_writes_are_one_file_of_several_row_groups(tables: IcebergTables) -> None:
    writer = tables.open_stage(SCORES, SCOPE, "run-1")
    for n in (10, ROW_GROUP_ROWS + 5, 0, 20):
        writer.write(rows(DAY, CAMPAIGN, n))
    staged = writer.close()
    assert staged is not None
    assert finish(tables, [staged])
    parts = list(tables.read(SCORES, columns=["rank"]))
    assert [p.num_rows for p in parts] == [10, ROW_GROUP_ROWS, 5, 20]


def test_a_staged_file_lies_under_its_table_and_bears_its_name(tables: IcebergTables, stage: Stage) -> None:
    one, two = stage(DAY, CAMPAIGN, 1, "run/1 ä"), stage(DAY, CAMPAIGN, 1, "run/1 ä")
    assert one.path != two.path
    assert "/data/run_1__" in one.path
    assert StagedFile.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    assert one.partition == SCOPE


def test_columns_may_come_in_any_order_and_in_types_that_can_be_cast(tables: IcebergTables) -> None:
    plain = rows(DAY, CAMPAIGN, 10)
    casts = {"rank": pa.int16(), "customer_id": pa.large_string()}
    given = pa.table({name: plain[name].cast(casts.get(name, plain[name].type)) for name in reversed(SCORES.names)})
    writer = tables.open_stage(SCORES, SCOPE, "run-1")
    writer.write(given)
    staged = writer.close()
    assert staged is not None
    finish(tables, [staged])
    assert total(tables.read(SCORES)).equals(plain)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda t: t.drop_columns(["score"]), BadSchema, r"scores lack \['score'\]"),
        (lambda t: t.append_column("extra", t["rank"]), BadSchema, r"undeclared \['extra'\]"),
        (lambda t: t.append_column("rank", t["rank"]), BadSchema, r"twice \['rank'\]"),
        (
            lambda t: t.set_column(3, "score", pa.array(["x"] * 4)),
            BadSchema,
            "column score: string cannot be written as double",
        ),
        (
            lambda t: t.set_column(5, "rank", pa.array([0.5] * 4)),
            BadSchema,
            "column rank: double cannot be written as int64",
        ),
        (
            lambda t: t.set_column(2, "customer_id", pa.array(["a", None, "b", None])),
            BadRows,
            "column customer_id: 2 of 4",
        ),
        (lambda t: t.set_column(3, "score", pa.array([1, float("nan"), 2, 3])), BadRows, "column score: 1 of 4"),
        (lambda t: t.set_column(1, "campaign_id", pa.array(["other"] * 4)), BadRows, "column campaign_id: values are"),
        (
            lambda t: t.set_column(0, "run_date", pa.array([DAY, DAY, NEXT_DAY, DAY])),
            BadRows,
            "column run_date: values are",
        ),
    ],
)
def test_rows_that_break_the_declaration_are_named(
    tables: IcebergTables, change: Callable[[pa.Table], pa.Table], error: type[Exception], says: str
) -> None:
    writer = tables.open_stage(SCORES, SCOPE, "run-1")
    with pytest.raises(error, match=says):
        writer.write(change(rows(DAY, CAMPAIGN, 4)))
    assert writer.close() is None


@pytest.mark.parametrize("partition", [{}, {"run_date": DAY}, {**SCOPE, "run_id": "x"}, {**SCOPE, "campaign_id": None}])
def test_a_stage_needs_a_value_for_each_partition_column(tables: IcebergTables, partition: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="must give run_date, campaign_id"):
        tables.open_stage(SCORES, partition, "run-1")


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


def test_a_table_that_is_made_by_many_at_once_is_one_table(home: Home) -> None:
    start = threading.Barrier(6)

    def write(i: int) -> StagedFile | None:
        mine = home.open_tables()
        start.wait()
        writer = mine.open_stage(SCORES, SCOPE, f"run-{i}")
        writer.write(rows(DAY, CAMPAIGN, 1))
        return writer.close()

    with ThreadPoolExecutor(6) as threads:
        staged = [f for f in threads.map(write, range(6)) if f]
    assert len(staged) == 6
    tables = home.open_tables()
    finish(tables, staged)
    assert tables.count(SCORES) == 6


def test_a_table_gains_the_columns_that_its_declaration_gains(home: Home, tables: IcebergTables, stage: Stage) -> None:
    finish(tables, [stage(DAY, CAMPAIGN, 2)])
    wider = replace(SCORES, columns=(*SCORES.columns, Column("segment", pa.string(), "", "group")))
    writer = home.open_tables().open_stage(wider, {**SCOPE, "run_date": NEXT_DAY}, "run-2")
    writer.write(rows(NEXT_DAY, CAMPAIGN, 2, "run-2").append_column("segment", pa.array(["a", "b"])))
    staged = writer.close()
    assert staged is not None
    assert tables.finish(wider, [staged], {"run_date": NEXT_DAY}, run_id="run-2", attempt=1, fence=passes)
    read = total(tables.read(wider, columns=["run_date", "segment"])).sort_by("run_date")
    assert read["segment"].to_pylist() == [None, None, "a", "b"]
    assert tables.count(SCORES) == 4
    assert total(tables.read(SCORES)).column_names == SCORES.names


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (Column("rank", pa.float64(), "count", "place"), "column rank: kept as long"),
        (Column("rank", pa.int64(), "count", "place", nullable=True), "nullable True: declare a new column"),
    ],
)
def test_a_declaration_that_contradicts_the_kept_table_is_refused(
    tables: IcebergTables, stage: Stage, column: Column, says: str
) -> None:
    stage(DAY, CAMPAIGN, 1)
    other = replace(SCORES, columns=tuple(column if c.name == column.name else c for c in SCORES.columns))
    with pytest.raises(BadSchema, match=says):
        tables.open_stage(other, SCOPE, "run-2")


def test_a_declaration_with_another_partition_is_refused(tables: IcebergTables, stage: Stage) -> None:
    stage(DAY, CAMPAIGN, 1)
    with pytest.raises(BadSchema, match="give it another name"):
        tables.open_stage(replace(SCORES, partition=("run_date",)), {"run_date": DAY}, "run-2")


def test_a_purged_table_is_gone_and_can_be_made_again(tables: IcebergTables, stage: Stage) -> None:
    finish(tables, [stage(DAY, CAMPAIGN, 5)])
    tables.purge(SCORES)
    assert tables.count(SCORES) == 0
    finish(tables, [stage(DAY, CAMPAIGN, 3)])
    assert tables.count(SCORES) == 3


def test_rows_keep_their_order_within_a_file(tables: IcebergTables, stage: Stage) -> None:
    finish(tables, [stage(DAY, CAMPAIGN, 5000)])
    assert pc.all(pc.equal(total(tables.read(SCORES))["rank"], pa.array(range(5000)))).as_py()
