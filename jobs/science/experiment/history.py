"""The past as a trial would have met it: a row a unit that could be drawn, and how many came new on each day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from jobs.errors import BadRequest, BadRows
from jobs.science.experiment.capping import pooled_cap
from jobs.science.experiment.history_columns import DRAWN, MOMENT, ROW, UNIT, HistoryColumns, readable
from jobs.science.experiment.metric import Metric
from jobs.science.experiment.moments import Floats, Moments
from jobs.science.experiment.statement import ROWS, Layout, quoted, rows_at_fault

# S608 is switched off where a statement is put together: every name in it is quoted, every number is ours.

DAY_US = 86_400_000_000

_ARM = "arm of the past"
_TORN = "torn"


@dataclass(frozen=True)
class History:
    """What the past tells of those who could be drawn.

    Parameters
    ----------
    metrics : tuple of Metric
        What will be measured, caps as values.
    columns : tuple of str
        Names of the columns of `rows`; with clusters the sums of a cluster, and ``ROWS``, its units.
    rows : numpy.ndarray of shape (n_drawn, n_columns)
        In the order of what is drawn, or of the file.
    first_seen : tuple of int
        Units, or clusters, that came for the first time on each day of the past; empty without moments.
    rows_in, rows_used, rows_open : int
        Rows of the file, rows that count, and sound rows outside the window or of units whose window is open.
    set_aside : tuple of (str, str, int)
        Column, reason and number of the rows at fault.
    singles : Moments or None
        Of single units, where clusters are drawn.
    """

    metrics: tuple[Metric, ...]
    columns: tuple[str, ...]
    rows: Floats
    first_seen: tuple[int, ...]
    rows_in: int
    rows_used: int
    rows_open: int
    set_aside: tuple[tuple[str, str, int], ...]
    singles: Moments | None = None


def take_history(
    table: pa.Table,
    metrics: Sequence[Metric],
    columns: HistoryColumns,
    *,
    file: str,
    cap_shares: Mapping[str, float] | None = None,
) -> History:
    """Return the past of those who could be drawn.

    Parameters
    ----------
    table : pyarrow.Table
        Rows of the past. A proportion of a unit is the largest of its rows, another outcome their sum; a covariate is
        that of its first row.
    metrics : sequence of Metric
        What will be measured, no quantile.
    columns : HistoryColumns
        Whose a row is, and when.
    file : str
        Name for the sentences.
    cap_shares : mapping of str to float, optional
        By name of metric, the quantile of all units that is the largest value that counts.

    Returns
    -------
    History

    Raises
    ------
    BadSchema
        If a column is missing or of a type that cannot be what it is named for.
    BadRows
        If no row is left, a unit is in two clusters, or a covariate of a unit differs with no moment to tell which was
        first.
    BadRequest
        If a metric is a quantile, or one column would be added up for one metric and not for another.
    BadTrial
        If a cap would not be above 0.
    """
    uncapped = [replace(metric, cap=None) for metric in metrics]
    roles = _roles(uncapped)
    connection = duckdb.connect()
    try:
        # one thread: the same sums in the same order every time
        connection.execute("SET threads TO 1; SET enable_progress_bar = false")
        connection.register("past", readable(table, list(roles), columns, file))
        values = ", ".join(f"TRY_CAST({quoted(name)} AS DOUBLE) AS {quoted(name)}" for name in roles)
        connection.execute(
            f"CREATE TEMP TABLE typed AS SELECT * EXCLUDE ({', '.join(map(quoted, roles))}), {values}, "  # noqa: S608
            f"'past' AS {quoted(_ARM)} FROM past"
        )
        aside = _set_aside(connection, uncapped, columns)
        if sum(rows for _, _, rows in aside) == table.num_rows:
            raise BadRows(f"{file}: no row can be used: column {aside[0][0]!r}: {aside[0][1]}, in {aside[0][2]} rows.")
        first_seen = _units(connection, roles, columns, file)
        capped = _capped(connection, metrics, cap_shares or {})
        return _history(connection, capped, columns, first_seen, table.num_rows, aside)
    finally:
        connection.close()


def _roles(metrics: Sequence[Metric]) -> dict[str, str]:
    """Return how each column of a unit comes from its rows: ``sum``, ``max`` or ``first``; ``torn`` if by several."""
    roles: dict[str, str] = {}
    for metric in metrics:
        if metric.kind == "quantile":
            raise BadRequest(f"metric {metric.name!r} is a quantile: plan a mean, a proportion or a ratio.")
        asked = dict.fromkeys(metric.covariates, "first")
        asked |= dict.fromkeys(metric.outcomes, "max" if metric.kind == "proportion" else "sum")
        for name, role in asked.items():
            if roles.setdefault(name, role) != role:
                roles[name] = _TORN
    return roles


def _set_aside(
    connection: duckdb.DuckDBPyConnection, metrics: Sequence[Metric], columns: HistoryColumns
) -> tuple[tuple[str, str, int], ...]:
    """Keep the sound rows in table ``sound``; return column, reason and number of the others."""
    keys = {UNIT: columns.unit, DRAWN: columns.cluster, MOMENT: columns.time}
    empty = {key: name for key, name in keys.items() if name is not None}
    connection.execute(f'CREATE TEMP TABLE aside ("{ROW}" BIGINT, "column" VARCHAR, reason VARCHAR)')
    for key, name in empty.items():
        connection.execute(
            f"INSERT INTO aside SELECT {quoted(ROW)}, ?, 'every row needs it' FROM typed WHERE {quoted(key)} IS NULL "  # noqa: S608
            f"AND {quoted(ROW)} NOT IN (SELECT {quoted(ROW)} FROM aside)",
            [name],
        )
    listing = rows_at_fault(metrics, Layout("typed", _ARM, ("past", "to come")), ROW)
    connection.execute(
        f'INSERT INTO aside SELECT CAST(unit AS BIGINT), "column", reason FROM ({listing}) '  # noqa: S608
        f"WHERE CAST(unit AS BIGINT) NOT IN (SELECT {quoted(ROW)} FROM aside)"
    )
    connection.execute(
        f"CREATE TEMP TABLE sound AS SELECT * FROM typed ANTI JOIN aside USING ({quoted(ROW)})"  # noqa: S608
    )
    found = connection.execute(
        'SELECT "column", reason, count(*) FROM aside GROUP BY ALL ORDER BY count(*) DESC, "column", reason'
    ).fetchall()
    return tuple((str(name), str(reason), int(rows)) for name, reason, rows in found)


def _units(
    connection: duckdb.DuckDBPyConnection, roles: Mapping[str, str], columns: HistoryColumns, file: str
) -> tuple[int, ...]:
    """Keep a row a unit in table ``units``; return how many were first seen on each day."""

    def one(sql: str) -> tuple[Any, ...]:
        return tuple(connection.execute(sql).fetchall()[0])

    timed = columns.time is not None
    unit, drawn, row, moment = (quoted(name) for name in (UNIT, DRAWN, ROW, MOMENT))
    torn = connection.execute(
        f"SELECT {unit}, min({drawn}), max({drawn}), count(*) OVER () FROM sound GROUP BY {unit} "  # noqa: S608
        f"HAVING min({drawn}) <> max({drawn}) ORDER BY 1 LIMIT 1"
    ).fetchall()
    if torn and columns.cluster is not None:
        raise BadRows(
            f"{file}: {torn[0][3]} units are in two clusters, {torn[0][0]!r} in {torn[0][1]!r} and {torn[0][2]!r} of "
            f"column {columns.cluster!r}: a unit is drawn once, so give each one cluster."
        )
    most = one(f"SELECT max(n) FROM (SELECT count(*) AS n FROM sound GROUP BY {unit})")[0]  # noqa: S608
    both = [name for name, role in roles.items() if role == _TORN]
    if both and most > 1:
        raise BadRequest(
            f"column {both[0]!r} is an outcome of one metric and a proportion or covariate of another, and units have "
            "several rows: plan these metrics one by one."
        )
    first_seen: tuple[int, ...] = ()
    if timed:
        last = one(f"SELECT max({moment}) FROM sound")[0]  # noqa: S608
        counted = connection.execute(
            f"SELECT day, count(*) FROM (SELECT min({moment}) // {DAY_US} AS day FROM sound GROUP BY {drawn}) "  # noqa: S608
            "GROUP BY day"
        ).fetchall()
        per_day = {int(day): int(units) for day, units in counted}
        first_seen = tuple(per_day.get(day, 0) for day in range(min(per_day), last // DAY_US + 1))
    kept = "sound"
    if timed and columns.window_days and most > 1:
        window = columns.window_days * DAY_US
        kept = (
            f"(SELECT * EXCLUDE (entered) FROM "  # noqa: S608
            f"(SELECT *, min({moment}) OVER (PARTITION BY {unit}) AS entered FROM sound) "
            f"WHERE {moment} < entered + {window} AND entered + {window} <= ({last} // {DAY_US} + 1) * {DAY_US})"
        )
    if not timed and most > 1:
        _same_covariates(connection, roles, columns, file)
    of_a_unit = {
        "sum": "sum({})",
        "max": "max({})",
        _TORN: "max({})",
        "first": f"arg_min({{}}, ({moment}, {row}))" if timed else f"arg_min({{}}, {row})",
    }
    values = ", ".join(f"{of_a_unit[role].format(quoted(name))} AS {quoted(name)}" for name, role in roles.items())
    units = (
        f"SELECT min({drawn}) AS {drawn}, min({row}) AS {row}, count(*) AS n, {values} "  # noqa: S608
        f"FROM (SELECT * FROM {kept} ORDER BY {row}) GROUP BY {unit}"
    )
    connection.execute(f"CREATE TEMP TABLE units AS {units}")
    if not one("SELECT count(*) FROM units")[0]:
        raise BadRows(
            f"{file}: no unit's window of {columns.window_days} days has closed by the last moment of column "
            f"{columns.time!r}: give a longer past or a shorter window."
        )
    return first_seen


def _capped(
    connection: duckdb.DuckDBPyConnection, metrics: Sequence[Metric], cap_shares: Mapping[str, float]
) -> tuple[Metric, ...]:
    """Return the metrics with their caps as values, and add what is capped to table ``units``."""
    found = []
    for metric in metrics:
        share = cap_shares.get(metric.name)
        capped = metric if share is None else replace(metric, cap=pooled_cap(connection, "units", metric.value, share))
        if capped.cap is not None:
            name, value = quoted(capped.column), quoted(capped.value)
            connection.execute(f"ALTER TABLE units ADD COLUMN IF NOT EXISTS {name} DOUBLE")
            connection.execute(f"UPDATE units SET {name} = least({value}, {capped.cap!r})")  # noqa: S608
        found.append(capped)
    return tuple(found)


def _history(
    connection: duckdb.DuckDBPyConnection,
    metrics: tuple[Metric, ...],
    columns: HistoryColumns,
    first_seen: tuple[int, ...],
    rows_in: int,
    aside: tuple[tuple[str, str, int], ...],
) -> History:
    names = list(dict.fromkeys(name for metric in metrics for name in metric.columns))
    matrix, used = _matrix(connection, names, "units")
    singles = None
    if columns.cluster is not None:
        singles = Moments.of_rows(names, matrix)
        row, sums = quoted(ROW), ", ".join(f"sum({quoted(name)}) AS {quoted(name)}" for name in names)
        names = [*names, ROWS]
        matrix, used = _matrix(
            connection,
            names,
            f"(SELECT min({row}) AS {row}, sum(n) AS n, {sums}, CAST(count(*) AS DOUBLE) AS {quoted(ROWS)} "  # noqa: S608
            f"FROM (SELECT * FROM units ORDER BY {row}) GROUP BY {quoted(DRAWN)})",
        )
    rows_open = rows_in - used - sum(rows for _, _, rows in aside)
    return History(metrics, tuple(names), matrix, first_seen, rows_in, used, rows_open, aside, singles)


def _matrix(connection: duckdb.DuckDBPyConnection, names: Sequence[str], relation: str) -> tuple[Floats, int]:
    """Return columns of a relation in the order of its first rows, and how many rows of the file are in them."""
    found = connection.execute(f"SELECT * FROM {relation} ORDER BY {quoted(ROW)}").fetchnumpy()  # noqa: S608
    matrix = np.column_stack([np.asarray(found[name], np.float64) for name in names])
    return matrix, int(np.asarray(found["n"], np.float64).sum())


def _same_covariates(
    connection: duckdb.DuckDBPyConnection, roles: Mapping[str, str], columns: HistoryColumns, file: str
) -> None:
    for name in (name for name, role in roles.items() if role == "first"):
        value, unit = quoted(name), quoted(UNIT)
        apart = connection.execute(
            f"SELECT {unit}, min({value}), max({value}), count(*) OVER () FROM sound GROUP BY {unit} "  # noqa: S608
            f"HAVING min({value}) <> max({value}) ORDER BY 1 LIMIT 1"
        ).fetchall()
        if apart:
            raise BadRows(
                f"{file}: covariate {name!r} differs between the rows of {apart[0][3]} units, {apart[0][0]!r} has "
                f"{apart[0][1]:g} and {apart[0][2]:g} in column {columns.unit!r}: name --time, and the first counts."
            )
