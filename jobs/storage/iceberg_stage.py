"""Writes one staged data file: declared types, Iceberg field ids, one row group a write."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.table import Table as KeptTable

from jobs.errors import BadRequest, BadRows, BadSchema
from jobs.storage.iceberg_errors import named_table_errors
from jobs.storage.iceberg_shape import file_schema
from jobs.storage.tables import StagedFile
from jobs.tables.declare import Column, Table

ROW_GROUP_ROWS = 131_072
"""Most rows of a row group: what a reader holds in memory."""


class IcebergStageWriter:
    """Writes the rows of one partition of a table into one file, which is opened with the first row.

    Parameters
    ----------
    table : Table
        Declared table.
    kept : pyiceberg.table.Table
        The same table as the catalog keeps it.
    partition : mapping of str to value
        A value for each partition column.
    name : str
        Beginning of the file's name.

    Raises
    ------
    BadRequest
        If `partition` does not give exactly the partition columns.
    """

    def __init__(self, table: Table, kept: KeptTable, partition: Mapping[str, Any], name: str) -> None:
        if set(partition) != set(table.partition) or None in partition.values():
            raise BadRequest(
                f"table {table.name}: partition == {dict(partition)}, must give {', '.join(table.partition)}."
            )
        self._table = table
        self._partition = dict(partition)
        self._schema = file_schema(table, kept.schema())
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)
        self._path = f"{kept.location()}/data/{safe}-{uuid.uuid4().hex}.parquet"
        self._output = kept.io.new_output(self._path)
        self._stream: Any = None
        self._writer: Any = None
        self._rows = 0

    def write(self, rows: pa.Table) -> None:
        """Write rows in the declared types; the columns may come in any order."""
        if not rows.num_rows:
            return
        typed = self._typed(rows)
        with named_table_errors(f"staging {self._path}"):
            if self._writer is None:
                # Overwriting spares the look whether the file exists: table buckets refuse listings.
                self._stream = self._output.create(overwrite=True)
                self._writer = pq.ParquetWriter(self._stream, self._schema, compression="zstd", store_schema=False)
            self._writer.write_table(typed, row_group_size=ROW_GROUP_ROWS)
        self._rows += rows.num_rows

    def close(self) -> StagedFile | None:
        """Complete the file; return None if no row was written."""
        if self._writer is None:
            return None
        with named_table_errors(f"staging {self._path}"):
            self._writer.close()
            size = self._stream.tell()
            self._stream.close()
        self._writer = None
        return StagedFile(self._path, self._table.name, self._rows, size, self._partition)

    def _typed(self, rows: pa.Table) -> pa.Table:
        """Cast rows to the file's schema, and hold them to what a reader may rely on."""
        missing = [name for name in self._table.names if name not in rows.column_names]
        unknown = [name for name in rows.column_names if name not in self._table.names]
        twice = sorted({name for name in rows.column_names if rows.column_names.count(name) > 1})
        if missing or unknown or twice:
            raise BadSchema(
                f"rows for table {self._table.name} lack {missing}, have undeclared {unknown} and twice {twice}: "
                "write exactly the declared columns."
            )
        columns = [self._checked(rows[column.name], column) for column in self._table.columns]
        return pa.table(columns, schema=self._schema)

    def _checked(self, values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
        where = f"table {self._table.name}, column {column.name}"
        try:
            values = values.cast(column.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise BadSchema(
                f"{where}: {values.type} cannot be written as {column.type} ({error}): cast it first."
            ) from error
        if not column.nullable:
            holes = values.null_count
            if not holes and pa.types.is_floating(column.type):
                holes = pc.sum(pc.is_nan(values)).as_py()
            if holes:
                raise BadRows(f"{where}: {holes} of {len(values)} values are missing: a value is required.")
        if column.name in self._partition:
            seen = pc.unique(values).to_pylist()
            if seen != [self._partition[column.name]]:
                raise BadRows(
                    f"{where}: values are {seen[:3]}, must all be {self._partition[column.name]!r}: stage them apart."
                )
        return values
