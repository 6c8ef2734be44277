"""Declared tables: made on first use by whoever comes first, and widened when their declaration is."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from jobs.errors import BadSchema
from jobs.storage.iceberg_tables import IcebergTables
from jobs.storage.tables import StagedFile
from jobs.tables.declare import Column
from jobs.tables.outputs import OUTPUTS
from tests.contract.conftest import SCOPE, Home, Stage, finish, passes, total
from tests.contract.scores import CAMPAIGN, DAY, NEXT_DAY, SCORES, rows


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
