"""Columns of a past: whose a row is, when it was, and the numbers in it, checked for what they can be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from jobs.errors import BadRequest, BadSchema

# Names with blanks, so that no column of anybody's is in their way.
ROW, UNIT, DRAWN, MOMENT = "row of the file", "unit of a row", "drawn by", "moment in UTC"


@dataclass(frozen=True)
class HistoryColumns:
    """Which columns of the past say whose a row is, and when it was.

    Parameters
    ----------
    unit : str, optional
        Column of the unit; the rows of a unit are added up. Without it every row is a unit.
    time : str, optional
        Column of the moment of a row, a date or a timestamp. A unit enters with its first row.
    cluster : str, optional
        Column of what would be drawn, where several units are drawn together.
    window_days : int
        Days after its entry in which a unit's rows count; 0 counts all of them. Where units have several rows and
        moments, units whose window has not closed at the end of the past tell no outcome.

    Raises
    ------
    BadRequest
        If the window is below 0 or two of the columns are one.
    """

    unit: str | None = None
    time: str | None = None
    cluster: str | None = None
    window_days: int = 0

    def __post_init__(self) -> None:
        named = [name for name in (self.unit, self.time, self.cluster) if name is not None]
        if len(set(named)) < len(named):
            raise BadRequest(f"columns of unit, time and cluster are {named}: name different ones.")
        if self.window_days < 0:
            raise BadRequest(f"window_days == {self.window_days}, must be at least 0.")


def readable(table: pa.Table, values: Sequence[str], columns: HistoryColumns, file: str) -> pa.Table:
    """Return the columns that are needed, with the row's number, ids as text and moments in microseconds of UTC.

    Parameters
    ----------
    table : pyarrow.Table
        Rows of the past.
    values : sequence of str
        Columns of numbers.
    columns : HistoryColumns
        Whose a row is, and when.
    file : str
        Name for the sentences.

    Raises
    ------
    BadSchema
        If a column is missing or of a type that cannot be what it is named for.

    Examples
    --------
    >>> past = pa.table({"who": [7, 7], "spend": [1.0, 2.0]})
    >>> readable(past, ["spend"], HistoryColumns(unit="who"), "past.csv")[UNIT].to_pylist()
    ['7', '7']
    """
    keys = [name for name in (columns.unit, columns.cluster, columns.time) if name is not None]
    missing = [name for name in (*values, *keys) if name not in table.column_names]
    if missing:
        raise BadSchema(f"{file} has no column {missing[0]!r}: it has {', '.join(table.column_names)}.")
    read = {}
    for name in values:
        kind = table.schema.field(name).type
        plain = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
        if not (plain or pa.types.is_boolean(kind) or pa.types.is_decimal(kind) or _is_number(kind)):
            raise BadSchema(f"{file}: column {name!r} holds {kind}, no numbers: name another for the metric.")
        read[name] = table[name]
    row = pa.array(np.arange(table.num_rows, dtype=np.int64))
    drawn = columns.cluster or columns.unit
    read[ROW] = row
    read[UNIT] = row.cast(pa.string()) if columns.unit is None else _text(table, columns.unit, file)
    read[DRAWN] = read[UNIT] if drawn is None else _text(table, drawn, file)
    if columns.time is not None:
        read[MOMENT] = _moments(table, columns.time, file)
    return pa.table(read)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _text(table: pa.Table, name: str, file: str) -> pa.ChunkedArray:
    try:
        return table[name].cast(pa.string())
    except pa.ArrowException as wrong:
        raise BadSchema(
            f"{file}: column {name!r} holds {table.schema.field(name).type}: an id is text or a number."
        ) from wrong


def _moments(table: pa.Table, name: str, file: str) -> pa.ChunkedArray:
    kind = table.schema.field(name).type
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        raise BadSchema(
            f"{file}: column {name!r} is {kind}: moments are dates or timestamps, such as 2026-11-22 08:30:00."
        )
    # With a time zone the stored moment is that of UTC already.
    unzoned = table[name].cast(pa.timestamp("us", tz=kind.tz if pa.types.is_timestamp(kind) else None), safe=False)
    return unzoned.cast(pa.int64())
