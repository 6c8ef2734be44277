"""Moments of a trial's rows as UTC, whatever a file writes; one column knows its time zone in all rows or in none."""

import duckdb

from jobs.errors import BadSchema
from jobs.science.experiment.statement import quoted
from jobs.science.experiment.trial_columns import ASSIGNED_AT, AT, TrialColumns

_ZONE = r"[0-9](Z|z| ?UTC| ?[+-][0-9]{2}(:?[0-9]{2})?)$"
"""End of a moment that knows its zone. A date alone ends in -DD, which is none: it has no colon before."""


def take_moments_of_rows(connection: duckdb.DuckDBPyConnection, columns: TrialColumns, table: str = "loaded") -> None:
    """Change the columns of moments to timestamps in UTC; what is no moment becomes a missing one.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the table is.
    columns : TrialColumns
        Which columns there are.
    table : str
        Its name.

    Raises
    ------
    BadSchema
        If a column is of another type, or moments with and without a time zone meet in one or in the two.
    """
    connection.execute("SET TimeZone = 'UTC'")
    kinds = {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE {table}").fetchall()}
    zoned: dict[str, bool] = {}
    for name, column in ((AT, columns.at), (ASSIGNED_AT, columns.assigned_at)):
        if column is None:
            continue
        kind = kinds[name]
        if kind == "VARCHAR":
            has = f"contains({quoted(name)}, ':') AND regexp_matches({quoted(name)}, '{_ZONE}')"
            found = connection.execute(
                f"SELECT count_if({has}), count_if(NOT ({has})) FROM {table} "  # noqa: S608
                f"WHERE TRY_CAST({quoted(name)} AS TIMESTAMP) IS NOT NULL"
            ).fetchall()[0]
            if found[0] and found[1]:
                raise BadSchema(
                    f"column {column!r} has a time zone in {found[0]:,} rows and none in {found[1]:,}: they cannot be "
                    "put in order, state all in UTC."
                )
            zoned[column] = bool(found[0])
        elif kind.startswith(("TIMESTAMP", "DATE")):
            zoned[column] = "TIME ZONE" in kind
        else:
            raise BadSchema(f"column {column!r} is {kind}: moments must be dates or timestamps, as 2026-03-01T12:00Z.")
        cast = quoted(name) if kind != "VARCHAR" else f"TRY_CAST({quoted(name)} AS TIMESTAMP)"
        connection.execute(f"ALTER TABLE {table} ALTER {quoted(name)} TYPE TIMESTAMP USING CAST({cast} AS TIMESTAMP)")
    if len({*zoned.values()}) > 1:
        names = sorted(zoned, key=lambda name: zoned[name])
        raise BadSchema(
            f"column {names[1]!r} has a time zone and {names[0]!r} none: they cannot be compared, state both in UTC."
        )
