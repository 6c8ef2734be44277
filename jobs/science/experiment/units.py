"""Checks of who is in the rows: each unit once and in one arm, outcomes after the assignment, one kind of clock."""

from typing import Any

import duckdb

from jobs.errors import BadRows, BadSchema, BadTrial
from jobs.science.experiment.statement import Layout, quoted

_NAMED = 3


def check_units(connection: duckdb.DuckDBPyConnection, layout: Layout, unit: str) -> int:
    """Return how many units there are, each in one arm and, unless clusters are drawn, in one row.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the relation is.
    layout : Layout
        Where the rows stand. With a cluster, the cluster must be in one arm as a whole.
    unit : str
        Column of the unit.

    Returns
    -------
    int

    Raises
    ------
    BadSchema
        If a column is missing.
    BadRows
        If a unit has no id, or several rows.
    BadTrial
        If a unit or a cluster is in two arms.
    """
    drawn = layout.cluster or unit
    sql = (
        f"SELECT drawn, count(*), count(DISTINCT arm), min(arm), max(arm) FROM (SELECT {quoted(drawn)} AS drawn, "  # noqa: S608
        f"CAST({quoted(layout.arm)} AS VARCHAR) AS arm FROM {layout.relation}) GROUP BY drawn"
    )
    missing = f"count(*) FILTER ({quoted(unit)} IS NULL OR {quoted(drawn)} IS NULL)"
    try:
        without = _one(connection, f"SELECT {missing} FROM {layout.relation}")[0]  # noqa: S608
    except duckdb.BinderException as wrong:
        raise BadSchema(f"the units cannot be read: {str(wrong).splitlines()[0]}") from wrong
    if without:
        raise BadRows(f"column {unit!r} or {drawn!r} is empty in {without} rows: every row needs what it was drawn by.")
    torn = connection.execute(f"{sql} HAVING count(DISTINCT arm) > 1 ORDER BY drawn LIMIT {_NAMED}").fetchall()
    if torn:
        count = _one(connection, f"SELECT count(*) FROM ({sql} HAVING count(DISTINCT arm) > 1)")[0]  # noqa: S608
        first = torn[0]
        raise BadTrial(
            f"{count} units are in two arms, {', '.join(repr(row[0]) for row in torn)} among them: column {drawn!r} "
            f"holds {first[0]!r} with {layout.arm!r} {first[3]!r} and {first[4]!r}; set them aside, and find the cause."
        )
    rows = f"SELECT {quoted(unit)} AS unit, count(*) AS n FROM {layout.relation} GROUP BY unit HAVING n > 1"  # noqa: S608
    again = connection.execute(f"{rows} ORDER BY unit LIMIT {_NAMED}").fetchall()
    if again:
        count = _one(connection, f"SELECT count(*) FROM ({rows})")[0]  # noqa: S608
        raise BadRows(
            f"{count} units have several rows, {', '.join(repr(row[0]) for row in again)} among them, {again[0][0]!r} "
            f"has {again[0][1]} in column {unit!r}: add the rows of a unit up, or name what was drawn as the cluster."
        )
    return int(_one(connection, f"SELECT count(*) FROM {layout.relation}")[0])  # noqa: S608


def check_times(connection: duckdb.DuckDBPyConnection, relation: str, assigned_at: str, observed_at: str) -> None:
    """Check that every outcome was observed after its unit was assigned.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the relation is.
    relation : str
        Table or view, or what may stand after FROM.
    assigned_at, observed_at : str
        Columns of moments: both dates, both with a time zone, or both without. A unit without an outcome has none.

    Raises
    ------
    BadSchema
        If a column is missing or no moment, or only one of them knows its time zone.
    BadRows
        If an outcome precedes the assignment, or a unit was never assigned.
    """
    columns = {
        str(row[0]): str(row[1])
        for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()  # noqa: S608
    }
    kinds: list[str] = []
    for name in (assigned_at, observed_at):
        kind = columns.get(name, "missing")
        if not kind.startswith(("TIMESTAMP", "DATE")):
            raise BadSchema(f"column {name!r} is {kind}: the moments of assignment and outcome must be timestamps.")
        kinds.append("with a time zone" if "TIME ZONE" in kind else "without a time zone")
    if kinds[0] != kinds[1]:
        raise BadSchema(
            f"column {assigned_at!r} is {kinds[0]} and {observed_at!r} {kinds[1]}: state both in UTC before comparing."
        )
    early = f"{quoted(observed_at)} < {quoted(assigned_at)}"
    found = _one(
        connection,
        f"SELECT count(*) FILTER ({early}), count(*) FILTER ({quoted(assigned_at)} IS NULL), "  # noqa: S608
        f"CAST(min({quoted(assigned_at)} - {quoted(observed_at)}) FILTER ({early}) AS VARCHAR) FROM {relation}",
    )
    if found[1]:
        raise BadRows(
            f"column {assigned_at!r} is empty in {found[1]} rows: a unit that was never assigned is in no arm."
        )
    if found[0]:
        raise BadRows(
            f"column {observed_at!r} precedes {assigned_at!r} in {found[0]} rows, by {found[2]} at least: such "
            "outcomes are none of the arm's; set the rows aside."
        )


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    # fetchone() would leave the result open, and the connection busy
    return tuple(connection.execute(sql).fetchall()[0])
