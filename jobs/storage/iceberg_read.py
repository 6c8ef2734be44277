"""Reads one data file of a table, a row group in memory at a time; what cannot match is not fetched."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.table import Table as KeptTable

from jobs.tables.declare import Table


def read_data_file(
    kept: KeptTable,
    path: str,
    table: Table,
    where: Mapping[str, Any],
    names: Sequence[str],
    groups: Sequence[int] | None = None,
) -> Iterator[pa.Table]:
    """Read rows of a data file.

    Parameters
    ----------
    kept : pyiceberg.table.Table
        The table as the catalog keeps it; its IO opens the file.
    path : str
        Where the file lies.
    table : Table
        Declared table.
    where : mapping of str to value
        For any column a value, lowest and highest value as a tuple, or a list of values.
    names : sequence of str
        Columns to return, in this order.
    groups : sequence of int, optional
        Numbers of the row groups that are read; by default all.
    """
    needed = [c for c in table.columns if c.name in names or c.name in where]
    condition = _condition(table, where)
    with _opened(kept, path) as source:
        there = set(source.schema_arrow.names)
        for group in range(source.num_row_groups) if groups is None else groups:
            if not _may_match(source.metadata.row_group(group), where):
                continue
            rows = source.read_row_group(group, columns=[c.name for c in needed if c.name in there], use_threads=False)
            typed = pa.table(
                {
                    c.name: rows[c.name].cast(c.type) if c.name in there else pa.nulls(rows.num_rows, c.type)
                    for c in needed
                }
            )
            part = typed if condition is None else typed.filter(condition)
            if part.num_rows:
                yield part.select(list(names)).cast(_loose(table, names))


def group_rows(kept: KeptTable, path: str) -> tuple[int, ...]:
    """Return how many rows each row group of a data file holds; its footer is read, nothing else."""
    with _opened(kept, path) as source:
        return tuple(source.metadata.row_group(g).num_rows for g in range(source.num_row_groups))


@contextmanager
def _opened(kept: KeptTable, path: str) -> Iterator[pq.ParquetFile]:
    with kept.io.new_input(path).open() as handle:
        # Read group by group, a buffer holds one group: a request for all its columns, not one for each.
        yield pq.ParquetFile(handle, pre_buffer=True)


def _may_match(group: Any, where: Mapping[str, Any]) -> bool:
    """Whether a row group may hold a row of the filter, as far as its statistics tell."""
    for place in range(group.num_columns):
        column = group.column(place)
        if column.path_in_schema not in where:
            continue
        known = column.statistics
        if known is None or not known.has_min_max:
            continue
        wanted = where[column.path_in_schema]
        if isinstance(wanted, tuple):
            if wanted[1] < known.min or wanted[0] > known.max:
                return False
            continue
        values = sorted(wanted) if isinstance(wanted, list) else [wanted]
        first = bisect_left(values, known.min)
        if first == len(values) or values[first] > known.max:
            return False
    return True


def _condition(table: Table, where: Mapping[str, Any]) -> Any:
    condition = None
    for name, wanted in where.items():
        field, of = pc.field(name), table.column(name).type
        if isinstance(wanted, tuple):
            one = (field >= pa.scalar(wanted[0], of)) & (field <= pa.scalar(wanted[1], of))
        else:
            one = field.isin(pa.array(wanted if isinstance(wanted, list) else [wanted], of))
        condition = one if condition is None else condition & one
    return condition


def _loose(table: Table, names: Sequence[str]) -> pa.Schema:
    """Declared names and types; a column that is younger than a file is missing in its rows."""
    return pa.schema([pa.field(name, table.column(name).type) for name in names])
