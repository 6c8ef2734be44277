"""A unit in two arms, twice, or with an outcome before its assignment is named."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from jobs.errors import BadRows, BadSchema, BadTrial
from jobs.science.experiment.statement import Layout
from jobs.science.experiment.units import check_times, check_units

LAYOUT = Layout("trial", "arm", ("none", "mail"))
HOMES = Layout("trial", "arm", ("none", "mail"), cluster="home")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as opened:
        yield opened


def register(connection: duckdb.DuckDBPyConnection, unit: list[str | None], arm: list[str], home: list[str]) -> None:
    connection.register("trial", pa.table({"unit": unit, "arm": arm, "home": home}))


def test_units_in_one_arm_and_one_row_are_counted(connection: duckdb.DuckDBPyConnection) -> None:
    register(connection, ["a", "b", "c"], ["none", "mail", "mail"], ["x", "y", "y"])
    assert check_units(connection, LAYOUT, "unit") == 3
    assert check_units(connection, HOMES, "unit") == 3


def test_others_are_named(connection: duckdb.DuckDBPyConnection) -> None:
    register(connection, ["a", "b", "a", "b", "c"], ["none", "mail", "mail", "none", "none"], ["x"] * 5)
    with pytest.raises(
        BadTrial, match=r"2 units are in two arms, 'a', 'b' among them: column 'unit' .*'mail' and 'none'"
    ):
        check_units(connection, LAYOUT, "unit")
    with pytest.raises(BadTrial, match="1 units are in two arms, 'x' among them: column 'home'"):
        check_units(connection, HOMES, "unit")
    register(connection, ["a", "b", "a"], ["none", "mail", "none"], ["x", "y", "x"])
    with pytest.raises(BadRows, match="1 units have several rows, 'a' among them, 'a' has 2 in column 'unit'"):
        check_units(connection, LAYOUT, "unit")
    register(connection, ["a", None], ["none", "mail"], ["x", "y"])
    with pytest.raises(BadRows, match="empty in 1 rows"):
        check_units(connection, LAYOUT, "unit")
    with pytest.raises(BadSchema, match="customer"):
        check_units(connection, LAYOUT, "customer")


def test_an_outcome_before_the_assignment_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    start = datetime(2027, 3, 1, 12, tzinfo=UTC)
    after = [start + timedelta(hours=1), None]
    connection.register("trial", pa.table({"assigned": [start] * 2, "observed": after}))
    check_times(connection, "trial", "assigned", "observed")
    connection.register("trial", pa.table({"assigned": [start] * 2, "observed": [start, start - timedelta(hours=2)]}))
    with pytest.raises(BadRows, match="'observed' precedes 'assigned' in 1 rows, by 02:00:00"):
        check_times(connection, "trial", "assigned", "observed")
    connection.register("trial", pa.table({"assigned": [start, None], "observed": [start, start]}))
    with pytest.raises(BadRows, match="'assigned' is empty in 1 rows"):
        check_times(connection, "trial", "assigned", "observed")


def test_clocks_that_cannot_be_compared_are_refused(connection: duckdb.DuckDBPyConnection) -> None:
    start = datetime(2027, 3, 1, 12, tzinfo=UTC)
    table = {"zoned": [start], "bare": [start.replace(tzinfo=None)], "text": ["2027-03-01"], "day": [date(2027, 3, 1)]}
    connection.register("trial", pa.table(table))
    with pytest.raises(BadSchema, match="'zoned' is with a time zone and 'bare' without"):
        check_times(connection, "trial", "zoned", "bare")
    with pytest.raises(BadSchema, match="'text' is VARCHAR"):
        check_times(connection, "trial", "zoned", "text")
    with pytest.raises(BadSchema, match="'nowhere' is missing"):
        check_times(connection, "trial", "zoned", "nowhere")
    check_times(connection, "trial", "day", "bare")
