"""Staging: rows are held to their declaration, and nobody sees them before the commit."""

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.errors import BadRequest, BadRows, BadSchema
from jobs.storage.iceberg_stage import ROW_GROUP_ROWS
from jobs.storage.iceberg_tables import IcebergTables
from jobs.storage.tables import StagedFile
from tests.contract.conftest import SCOPE, Stage, finish, total
from tests.contract.scores import CAMPAIGN, DAY, NEXT_DAY, SCORES, rows


def test_a_staged_file_is_not_seen_before_the_commit(tables: IcebergTables, stage: Stage) -> None:
    stage(DAY, CAMPAIGN, 5)
    assert tables.count(SCORES) == 0
    assert list(tables.read(SCORES)) == []


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


def test_rows_keep_their_order_within_a_file(tables: IcebergTables, stage: Stage) -> None:
    finish(tables, [stage(DAY, CAMPAIGN, 5000)])
    assert pc.all(pc.equal(total(tables.read(SCORES))["rank"], pa.array(range(5000)))).as_py()
