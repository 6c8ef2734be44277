"""Rows of anybody's trial in a table: the sound ones, and those that are set aside, each with its first fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from jobs.errors import BadRows, BadSchema, BadTrial
from jobs.science.experiment.moment_of_rows import take_moments_of_rows
from jobs.science.experiment.statement import Layout, literal, quoted, rows_at_fault
from jobs.science.experiment.trial_columns import (
    ARM,
    ASSIGNED_AT,
    AT,
    CLUSTER,
    ROW,
    UNIT,
    UNREAD_COLUMN,
    UNREAD_VALUE,
    TrialColumns,
)

# S608 is switched off where a statement is put together: every name in it is quoted, every number is ours.

MOST_ARMS = 50
MOST_UNITS_TORN = 0.01
"""Share of units in two arms, or in several rows, above which the file is of another form than it is said to be."""

MOST_AT_FAULT = 0.5
"""Share of rows with one fault above which not the rows are at fault but the column."""

LOADED, SOUND, FAULTS = "loaded", "sound", "faults"


@dataclass(frozen=True)
class TrialRows:
    """What of a file may be read.

    Parameters
    ----------
    arms : tuple of str
        The control first.
    rows, rows_used : int
        Of the file, and of the view ``sound``.
    drawn : mapping of str to int
        Units (clusters, where there are) of every arm, before rows were set aside for what they measured.
    set_aside : mapping of str to int
        Rows by reason.
    at_fault : int
        Rows of the table ``faults``: row (from 1), unit, arm, column, value, reason.
    """

    arms: tuple[str, ...]
    rows: int
    rows_used: int
    drawn: Mapping[str, int]
    set_aside: Mapping[str, int]
    at_fault: int


def take_rows(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    columns: TrialColumns,
    control: str,
    *,
    file: str,
    declared: Sequence[str] = (),
    chosen: Sequence[str] = (),
) -> TrialRows:
    """Load the columns that are asked for, once, and part the rows into sound ones and those at fault.

    Afterwards the connection has the view ``sound`` and the table ``faults``.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the table is made; its memory and disk are the caller's to bound.
    relation : str
        What may stand after FROM.
    columns : TrialColumns
        Which are what.
    control : str
        Arm that others are compared with.
    file : str
        Name, for what a refusal says.
    declared : sequence of str
        All arms of the design; an arm that is none of them is refused.
    chosen : sequence of str
        Arms to read beside the control; rows of others are left out.

    Returns
    -------
    TrialRows

    Raises
    ------
    BadSchema
        If a column is missing, holds no numbers, or moments with and without a time zone.
    BadTrial
        If the control is no arm, an arm was never declared or is empty, or many units are in two arms.
    BadRows
        If many units have several rows, or more than half of all rows share one fault.
    """
    kinds = {
        str(row[0]): str(row[1])
        for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()  # noqa: S608
    }
    columns.check(kinds, file)
    try:
        connection.execute(f"CREATE TABLE {LOADED} AS {columns.select(kinds, relation)}")
    except (duckdb.BinderException, duckdb.ConversionException) as wrong:
        raise BadSchema(f"the columns of the metrics cannot be read: {str(wrong).splitlines()[0]}") from wrong
    connection.execute(
        f'CREATE TABLE {FAULTS} ("row" BIGINT, unit VARCHAR, arm VARCHAR, "column" VARCHAR, value VARCHAR, '
        "reason VARCHAR)"
    )
    taker = _Taker(connection, columns, file)
    rows = taker.count(LOADED)
    taker.set_aside(f"{quoted(ARM)} IS NULL", columns.arm, "NULL", "the arm is missing")
    arms = taker.arms(control, declared, chosen)
    listed = ", ".join(literal(arm) for arm in arms)
    left_out = taker.count(f"{LOADED} WHERE {quoted(ARM)} NOT IN ({listed})")
    # A view is bound when it is made; the columns of moments change their type before.
    take_moments_of_rows(connection, columns)
    connection.execute(
        f"CREATE VIEW {SOUND} AS SELECT * FROM {LOADED} WHERE {quoted(ARM)} IN ({listed}) "  # noqa: S608
        f'AND NOT EXISTS (SELECT 1 FROM {FAULTS} WHERE "row" = {LOADED}.{quoted(ROW)})'
    )
    taker.units()
    drawn = taker.sizes(arms)
    taker.moments()
    taker.metrics(arms)
    used = taker.count(SOUND)
    reasons = {
        str(row[0]): int(row[1])
        for row in connection.execute(
            f"SELECT concat('column ''', \"column\", ''': ', reason) AS said, count(*) FROM {FAULTS} "  # noqa: S608
            "GROUP BY said ORDER BY said"
        ).fetchall()
    }
    at_fault = sum(reasons.values())
    if left_out:
        reasons["the arm is none of those that were asked for"] = left_out
    return TrialRows(arms, rows, used, drawn, reasons, at_fault)


class _Taker:
    """The checks, one after the other; each row keeps its first fault."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, columns: TrialColumns, file: str) -> None:
        self._connection = connection
        self._columns = columns
        self._file = file
        self._unit = quoted(UNIT) if columns.unit else "CAST(NULL AS VARCHAR)"

    def rows_of(self, sql: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in self._connection.execute(sql).fetchall()]

    def count(self, what: str) -> int:
        return int(str(self.rows_of(f"SELECT count(*) FROM {what}")[0][0]))  # noqa: S608

    def distinct(self, column: str) -> int:
        return int(str(self.rows_of(f"SELECT count(DISTINCT {quoted(column)}) FROM {SOUND}")[0][0]))  # noqa: S608

    def set_aside(self, test: str, column: str, value: str, reason: str, source: str = LOADED) -> None:
        """Set rows aside that meet a test; refuse when most of them do."""
        connection = self._connection
        before = self.count(FAULTS)
        connection.execute(
            f"INSERT INTO {FAULTS} SELECT {quoted(ROW)}, {self._unit}, {quoted(ARM)}, {literal(column)}, "  # noqa: S608
            f"CAST({value} AS VARCHAR), {literal(reason)} FROM {source} WHERE {test}"
        )
        self._refuse_most(before)

    def _refuse_most(self, before: int) -> None:
        found, rows = self.count(FAULTS) - before, self.count(LOADED)
        if rows and found > MOST_AT_FAULT * rows:
            said = self.rows_of(
                f'SELECT "column", reason, min(value), count(*) FROM {FAULTS} '  # noqa: S608
                'GROUP BY "column", reason ORDER BY count(*) DESC, "column" LIMIT 1'
            )[0]
            value = "nothing" if said[2] is None else f"{said[2]!r}"
            raise BadRows(
                f"{self._file}, column {said[0]!r} holds {value}, for one, and {said[1]}, in {int(str(said[3])):,} of "
                f"{rows:,} rows: that is the column, not a row; correct the file, or name another column."
            )

    def arms(self, control: str, declared: Sequence[str], chosen: Sequence[str]) -> tuple[str, ...]:
        column = self._columns.arm
        found = {
            str(row[0]): int(str(row[1]))
            for row in self.rows_of(
                f"SELECT {quoted(ARM)} AS arm, count(*) FROM {LOADED} WHERE arm IS NOT NULL "  # noqa: S608
                f"GROUP BY arm ORDER BY count(*) DESC, arm LIMIT {MOST_ARMS + 1}"
            )
        }
        listed = ", ".join(f"{arm!r} ({rows:,} rows)" for arm, rows in list(found.items())[:10]) or "no value at all"
        if len(found) > MOST_ARMS:
            raise BadTrial(f"{self._file}, column {column!r} holds more than {MOST_ARMS} values, {listed} among them: "
                           "it is no arm, name another column.")  # fmt: skip
        if control not in found:
            raise BadTrial(
                f"{self._file}, column {column!r} holds no {control!r}, which --control names: it holds {listed}."
            )
        for arm in chosen:
            if arm not in found:
                raise BadTrial(
                    f"{self._file}, column {column!r} holds no {arm!r}, which --arms names: it holds {listed}."
                )
        if declared and not chosen:
            strange = [arm for arm in found if arm not in declared]
            if strange:
                raise BadTrial(
                    f"{self._file}, column {column!r} holds {strange[0]!r} in {found[strange[0]]:,} rows, which no "
                    f"--share declares: declare it, or name the arms to read with --arms."
                )
        for arm in declared:
            if arm not in found and (not chosen or arm in chosen):
                raise BadTrial(
                    f"{self._file}, column {column!r} holds no {arm!r}, which --share declares: the arm is empty, and "
                    "nothing can be said of it."
                )
        others = list(chosen or declared or sorted(found))
        arms = (control, *(arm for arm in others if arm != control))
        if len(arms) < 2:
            raise BadTrial(
                f"{self._file}, column {column!r} holds {control!r} only: a trial has a control and another arm."
            )
        return arms

    def units(self) -> None:
        """Set aside rows without an id, of units in two arms, and of units in several rows."""
        columns = self._columns
        for name, column in ((UNIT, columns.unit), (CLUSTER, columns.cluster)):
            if column is not None:
                self.set_aside(f"{quoted(name)} IS NULL", column, "NULL", "what was drawn has no id", SOUND)
        drawn, column = (CLUSTER, columns.cluster) if columns.cluster else (UNIT, columns.unit)
        if column is None:
            return
        # Few units have several rows, or all clusters have: one pass finds both, and no list of all units is kept.
        self._connection.execute(
            f"CREATE TEMP TABLE several AS SELECT {quoted(drawn)} AS id, count(*) AS n, min({quoted(ARM)}) AS a, "  # noqa: S608
            f"max({quoted(ARM)}) AS b FROM {SOUND} GROUP BY id HAVING " + ("a <> b" if columns.cluster else "n > 1")
        )
        self._torn(drawn, column)
        if columns.cluster is None:
            self._again(column)

    def _torn(self, drawn: str, column: str) -> None:
        count, unit, a, b = self.rows_of(
            "SELECT count(*), min(id), arg_min(a, id), arg_min(b, id) FROM several WHERE a <> b"
        )[0]
        if not count:
            return
        units = self.distinct(drawn)
        if int(str(count)) > MOST_UNITS_TORN * units:
            raise BadTrial(
                f"{self._file}, column {column!r}: {count:,} of {units:,} units are in two arms, {unit!r} in {a!r} and "
                f"{b!r} for one; whoever met both says nothing of either: find the cause."
            )
        test = f"{quoted(drawn)} IN (SELECT id FROM several WHERE a <> b)"  # noqa: S608
        self.set_aside(test, column, quoted(drawn), "it is in two arms", SOUND)

    def _again(self, unit: str) -> None:
        count, first, rows = self.rows_of("SELECT count(*), min(id), arg_min(n, id) FROM several WHERE a = b")[0]
        if not count:
            return
        units = self.distinct(UNIT)
        if int(str(count)) > MOST_UNITS_TORN * units:
            raise BadRows(
                f"{self._file}, column {unit!r}: {count:,} of {units:,} units have several rows, {first!r} has {rows}: "
                f"name what was drawn with --cluster {unit}, or add the rows of a unit up."
            )
        test = f"{quoted(UNIT)} IN (SELECT id FROM several WHERE a = b)"  # noqa: S608
        self.set_aside(test, unit, quoted(UNIT), "it has several rows", SOUND)

    def sizes(self, arms: Sequence[str]) -> dict[str, int]:
        counted = f"count(DISTINCT {quoted(CLUSTER)})" if self._columns.cluster else "count(*)"
        found = {
            str(row[0]): int(str(row[1]))
            for row in self.rows_of(f"SELECT {quoted(ARM)} AS arm, {counted} FROM {SOUND} GROUP BY arm")  # noqa: S608
        }
        return {arm: found.get(arm, 0) for arm in arms}

    def moments(self) -> None:
        columns = self._columns
        for name, column in ((AT, columns.at), (ASSIGNED_AT, columns.assigned_at)):
            if column is not None:
                self.set_aside(f"{quoted(name)} IS NULL", column, "NULL", "it is no moment, or missing", SOUND)
        if columns.at is not None and columns.assigned_at is not None:
            reason = f"it is before {columns.assigned_at!r}: such an outcome is none of the arm's"
            self.set_aside(f"{quoted(AT)} < {quoted(ASSIGNED_AT)}", columns.at, quoted(AT), reason, SOUND)

    def metrics(self, arms: Sequence[str]) -> None:
        self.set_aside_unread()
        before = self.count(FAULTS)
        listing = rows_at_fault(self._columns.metrics, Layout(SOUND, ARM, tuple(arms)), ROW)
        self._connection.execute(
            f'INSERT INTO {FAULTS} SELECT CAST(f.unit AS BIGINT), {self._unit}, f.arm, f."column", f.value, f.reason '  # noqa: S608
            f"FROM ({listing}) AS f JOIN {LOADED} ON {LOADED}.{quoted(ROW)} = CAST(f.unit AS BIGINT)"
        )
        self._refuse_most(before)

    def set_aside_unread(self) -> None:
        before = self.count(FAULTS)
        self._connection.execute(
            f"INSERT INTO {FAULTS} SELECT {quoted(ROW)}, {self._unit}, {quoted(ARM)}, {quoted(UNREAD_COLUMN)}, "  # noqa: S608
            f"{quoted(UNREAD_VALUE)}, 'it is no number' FROM {SOUND} WHERE {quoted(UNREAD_COLUMN)} IS NOT NULL"
        )
        self._refuse_most(before)
