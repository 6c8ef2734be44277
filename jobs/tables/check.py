"""Rows against their declared table: bad rows are set aside with a reason, bad files are refused."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.errors import BadSchema
from jobs.tables.declare import Column, Table

_LONGEST_SHOWN = 80


@dataclass(frozen=True)
class BadRow:
    """A row that was set aside.

    Parameters
    ----------
    row_number : int
        Place in the file, 0 is the first.
    column : str
        Column at fault.
    reason : str
        What is wrong with it, with the value.
    raw : str
        The row as it came, as JSON.
    """

    row_number: int
    column: str
    reason: str
    raw: str


@dataclass(frozen=True)
class Checked:
    """Rows that may be used and rows that were set aside; together they are all that came."""

    good: pa.Table
    bad: tuple[BadRow, ...]


def check(
    rows: pa.Table,
    table: Table,
    *,
    file: str,
    run_date: date,
    first_row: int = 0,
    allowed: Mapping[str, Sequence[str]] | None = None,
) -> Checked:
    """Hold rows to their declared table.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows as they came; columns beyond the declared ones are dropped.
    table : Table
        What they must be. A nullable column may be absent: it is then missing in every row.
    file : str
        Name of the file, for the message.
    run_date : datetime.date
        Day of the run; moments after its end are in the future.
    first_row : int
        Number of the first row within the file.
    allowed : mapping of str to sequence of str, optional
        Values that a text column may have (the arms of a campaign).

    Returns
    -------
    Checked
        Good rows in the declared types and order, bad rows with the first reason found.

    Raises
    ------
    BadSchema
        If a column is missing or cannot be read as its declared type.

    Examples
    --------
    >>> from jobs.tables.inputs import PARTNERS
    >>> rows = pa.table({"partner_id": ["p1", None], "name": ["A", "B"], "category": ["x", "y"]})
    >>> checked = check(rows, PARTNERS, file="partners.parquet", run_date=date(2026, 1, 1))
    >>> checked.good.num_rows, checked.bad[0].reason
    (1, 'partner_id is missing')
    """
    columns = [_typed(rows, column, table, file, first_row) for column in table.columns]
    typed = pa.table(columns, schema=_loose_schema(table))
    end_of_run = datetime.combine(run_date + timedelta(days=1), time.min, UTC)
    verdict = _Verdict(typed.num_rows)
    for column in table.columns:
        _judge_column(typed[column.name], column, end_of_run, verdict)
    for name, values in (allowed or {}).items():
        known = pc.is_in(typed[name], value_set=pa.array(list(values), pa.string()))
        verdict.blame(pc.invert(known), name, f"{name} is none of {', '.join(sorted(values))}", typed[name])
    _judge_key(typed, table, verdict)
    if not verdict.reasons:
        return Checked(typed.cast(table.schema), ())
    faulty = sorted(verdict.reasons)
    raws = rows.take(pa.array(faulty, pa.int64())).to_pylist()
    bad = tuple(
        BadRow(first_row + i, *verdict.reasons[i], raw=as_json(raw)) for i, raw in zip(faulty, raws, strict=True)
    )
    return Checked(typed.filter(verdict.good_mask()).cast(table.schema), bad)


@dataclass(frozen=True)
class Fault:
    """What a job, which knows more than the declaration says, has against a row.

    Parameters
    ----------
    index : int
        Place among the rows that were handed over, 0 is the first.
    column : str
        Column at fault.
    reason : str
        What is wrong with it.
    """

    index: int
    column: str
    reason: str


def refused(checked: Checked, faults: Sequence[Fault], first_row: int) -> Checked:
    """Set aside more rows of a chunk.

    Parameters
    ----------
    checked : Checked
        The chunk.
    faults : sequence of Fault
        What is held against its good rows, each row once.
    first_row : int
        Number of the chunk's first row within its file.

    Returns
    -------
    Checked
        With these rows among the bad ones, under their numbers in the file.
    """
    if not faults:
        return checked
    before = {b.row_number - first_row for b in checked.bad}
    numbers = np.array([i for i in range(checked.good.num_rows + len(before)) if i not in before])
    at = [fault.index for fault in faults]
    raws = checked.good.take(pa.array(at, pa.int64())).to_pylist()
    bad = tuple(
        BadRow(first_row + int(numbers[fault.index]), fault.column, fault.reason, as_json(raw))
        for fault, raw in zip(faults, raws, strict=True)
    )
    keep = np.ones(checked.good.num_rows, bool)
    keep[at] = False
    return Checked(checked.good.filter(pa.array(keep)), (*checked.bad, *bad))


class _Verdict:
    """First reason against each row."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.reasons: dict[int, tuple[str, str]] = {}

    def blame(self, mask: Any, column: str, reason: str, values: Any = None) -> None:
        """Set aside the rows where `mask` is true (a missing answer is not)."""
        mask = pc.fill_null(mask, False)
        if not pc.any(mask).as_py():
            return
        for i in pc.indices_nonzero(mask).to_pylist():
            value = "" if values is None else f": {_shown(values[i].as_py())}"
            self.reasons.setdefault(i, (column, reason + value))

    def good_mask(self) -> pa.Array:
        keep = np.ones(self.n, bool)
        keep[list(self.reasons)] = False
        return pa.array(keep)


def _loose_schema(table: Table) -> pa.Schema:
    return pa.schema([pa.field(c.name, c.type) for c in table.columns])


def _typed(rows: pa.Table, column: Column, table: Table, file: str, first_row: int) -> Any:
    if column.name not in rows.column_names:
        if column.nullable:
            return pa.nulls(rows.num_rows, column.type)
        raise BadSchema(
            f"{file} has no column {column.name!r}, which table {table.name} needs ({column.doc}); "
            f"it has {', '.join(rows.column_names)}: add the column or name it in the campaign file."
        )
    values = rows[column.name]
    try:
        values = values if values.type == column.type else _cast(values, column.type)
    except _DOES_NOT_CONVERT as error:
        row = _first_refused(values, column.type)
        raise BadSchema(
            f"{file}, column {column.name!r}: is {values.type}, must be {column.type} ({column.doc}), and "
            f"{_shown(values[row].as_py()) if len(values) else 'nothing'} in row {first_row + row} does not convert: "
            f"write the column as {column.type}."
        ) from error
    if column.nullable and pa.types.is_floating(column.type):
        return pc.if_else(pc.is_nan(values), pa.scalar(None, column.type), values)
    return values


_DOES_NOT_CONVERT = (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError)


def _first_refused(values: Any, to: pa.DataType) -> int:
    """Row of the first value that does not convert; 0 where there is no value at all."""
    there = np.flatnonzero(pc.is_valid(values).to_numpy())
    low, high = 0, len(there)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            _cast(values.take(pa.array(there[low:middle])), to)
            low = middle
        except _DOES_NOT_CONVERT:
            high = middle
    return int(there[low]) if len(there) else 0


def _cast(values: Any, to: pa.DataType) -> Any:
    if pa.types.is_null(values.type):
        return values.cast(to)
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_string(to) and pa.types.is_floating(values.type):
        raise pa.ArrowInvalid("text is made of text or of whole numbers")
    if pa.types.is_timestamp(to) and not pa.types.is_timestamp(values.type):
        raise pa.ArrowInvalid("a moment must be a timestamp")
    if pa.types.is_timestamp(values.type) and pa.types.is_timestamp(to):
        # Finer than a microsecond carries nothing here; a time without zone is UTC by declaration.
        return values.cast(to, safe=False)
    if pa.types.is_floating(to):
        # Doubles that float32 cannot hold exactly are rounded, as every feature is.
        return values.cast(to, safe=not pa.types.is_floating(values.type))
    return values.cast(to)


def _shown(value: Any) -> str:
    """Return a value as a sentence shows it."""
    text = str(value) if isinstance(value, datetime) else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def as_json(row: Mapping[str, Any]) -> str:
    """Return a row as JSON, which knows no NaN and no infinity: they are text in it."""
    plain = {name: str(v) if isinstance(v, float) and not math.isfinite(v) else v for name, v in row.items()}
    return json.dumps(plain, default=str)


def _judge_column(values: Any, column: Column, end_of_run: datetime, verdict: _Verdict) -> None:
    name = column.name
    if not column.nullable:
        verdict.blame(pc.is_null(values, nan_is_null=True), name, f"{name} is missing")
    if pa.types.is_floating(column.type):
        verdict.blame(pc.is_inf(values), name, f"{name} is infinite", values)
    if pa.types.is_string(column.type) and not column.nullable:
        verdict.blame(pc.equal(values, ""), name, f"{name} is empty")
    if column.low is not None:
        below = pc.less_equal if column.exclusive else pc.less
        word = "must be above" if column.exclusive else "must be at least"
        verdict.blame(below(values, pa.scalar(column.low, column.type)), name, f"{name} {word} {column.low:g}", values)
    if column.high is not None:
        above = pc.greater_equal if column.exclusive else pc.greater
        word = "must be below" if column.exclusive else "must be at most"
        verdict.blame(
            above(values, pa.scalar(column.high, column.type)), name, f"{name} {word} {column.high:g}", values
        )
    if not column.future:
        late = pc.greater_equal(values, pa.scalar(end_of_run, column.type))
        verdict.blame(late, name, f"{name} is after the run's date", values)


def _judge_key(typed: pa.Table, table: Table, verdict: _Verdict) -> None:
    # Rows that are at fault already do not make a good row the second of its key.
    numbers = np.flatnonzero(verdict.good_mask().to_numpy(zero_copy_only=False))
    keys = typed.select(list(table.key)).take(pa.array(numbers)).append_column("row_number", pa.array(numbers))
    firsts = keys.group_by(list(table.key), use_threads=False).aggregate([("row_number", "min")])["row_number_min"]
    if len(firsts) == len(numbers):
        return
    again = np.zeros(typed.num_rows, bool)
    again[numbers] = True
    again[firsts.to_numpy()] = False
    verdict.blame(pa.array(again), table.key[0], f"{' and '.join(table.key)} stand twice, the first row was kept")
