"""What a night reads: Parquet files under ``inputs/<table>/``, in the memory of one of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.errors import BadFile, BadSchema
from jobs.storage.aws_errors import named_errors
from jobs.storage.objects import SeekableObjects
from jobs.storage.s3_objects import S3Objects
from jobs.tables.declare import Table

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WHOLE_FILE_BYTES = 128 * 1024**2
"""Largest file that awswrangler reads in one piece; a larger one is read row group by row group."""

_PANDAS_INDEX = "__index_level_"


@dataclass(frozen=True)
class InputFile:
    """An input file as it was when a run was planned.

    Parameters
    ----------
    key : str
        Key among the objects.
    size : int
        Bytes.
    version : str
        What tells that the contents changed.
    """

    key: str
    size: int
    version: str


class Inputs:
    """Parquet files of a home of objects.

    Parameters
    ----------
    objects : SeekableObjects
        The home: a folder, or S3, which is read with awswrangler.
    """

    def __init__(self, objects: SeekableObjects) -> None:
        self._objects = objects

    def files(self, table_name: str) -> tuple[InputFile, ...]:
        """Return the Parquet files of an input table, sorted by key."""
        found = self._objects.list(f"inputs/{table_name}/")
        return tuple(InputFile(o.key, o.size, o.version) for o in found if o.key.endswith(".parquet"))

    def read(self, file: InputFile, columns: Table | Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Read a file, part by part, in the order of its rows.

        Parameters
        ----------
        file : InputFile
            The file, as it was when the run was planned.
        columns : Table or sequence of str, optional
            A declared table, whose nullable columns may be absent from the file, or names that must all be
            there; by default all columns. Nothing else is read.

        Yields
        ------
        pyarrow.Table
            One row or more, the columns in the order that was asked for.

        Raises
        ------
        ObjectMissing
            If the file is gone.
        BadFile
            If the file is empty, truncated, not Parquet, or has changed since the plan.
        BadSchema
            If a column is missing.
        """
        uri = f"{self._objects.uri}/{file.key}"
        if file.size == 0:
            raise BadFile(f"{uri} is empty (0 bytes): write it again, or remove it.")
        with _named_parquet_errors(uri), self._objects.open(file.key, file.version) as handle:
            # Read group by group, a buffer holds one group: a request for all its columns, not one for each.
            source = pq.ParquetFile(handle, pre_buffer=True, coerce_int96_timestamp_unit="us")
            names = _names(source.schema_arrow, columns, uri)
            if isinstance(self._objects, S3Objects) and file.size <= WHOLE_FILE_BYTES:
                parts = iter([_read_with_awswrangler(self._objects, uri, names)] if source.metadata.num_rows else [])
            else:
                groups = range(source.num_row_groups)
                parts = (source.read_row_group(g, columns=names, use_threads=False) for g in groups)
            for part in parts:
                if part.num_rows:
                    yield _plain(part.select(names))
        self._require_unchanged(file, uri)

    def _require_unchanged(self, file: InputFile, uri: str) -> None:
        now = [(o.size, o.version) for o in self._objects.list(file.key) if o.key == file.key]
        if now != [(file.size, file.version)]:
            raise BadFile(f"{uri} has changed since the plan ({file.size} bytes then): plan the run again.")


def _names(schema: pa.Schema, columns: Table | Sequence[str] | None, uri: str) -> list[str]:
    """Columns to read, in the order that was asked for."""
    if columns is None:
        return [name for name in schema.names if not name.startswith(_PANDAS_INDEX)]
    wanted = columns.names if isinstance(columns, Table) else list(columns)
    optional = {c.name for c in columns.columns if c.nullable} if isinstance(columns, Table) else set()
    there = set(schema.names)
    for name in wanted:
        if name not in there and name not in optional:
            raise BadSchema(f"{uri} has no column {name!r} (it has {', '.join(schema.names)}): add it to the file.")
    return [name for name in wanted if name in there]


def _read_with_awswrangler(objects: S3Objects, uri: str, names: list[str]) -> pa.Table:
    import awswrangler as wr  # noqa: PLC0415  three CPU seconds that a folder need not pay

    with named_errors(f"reading {uri}"):
        frame = wr.s3.read_parquet(
            path=[uri],
            columns=names,
            dtype_backend="pyarrow",
            coerce_int96_timestamp_unit="us",
            use_threads=False,
            boto3_session=cast("Any", _OneClient(objects.client)),
        )
    # A column that pandas kept as its index is a column of ours all the same.
    if set(names) - set(frame.columns):
        frame = frame.reset_index()
    return pa.Table.from_pandas(frame, preserve_index=False)


class _OneClient:
    """Stands where awswrangler asks a session for a client: the home's own, with its retries and address."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def client(self, *_: object, **__: object) -> "S3Client":
        """Return the client."""
        return self._client


def _plain(part: pa.Table) -> pa.Table:
    """Same values in the plain types: text is string, dictionaries are what they stand for."""
    fields = [pa.field(f.name, _plain_type(f.type), f.nullable) for f in part.schema]
    return part.cast(pa.schema(fields))


def _plain_type(of: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(of):
        return _plain_type(of.value_type)
    if pa.types.is_large_string(of) or pa.types.is_string_view(of):
        return pa.string()
    if pa.types.is_large_binary(of) or pa.types.is_binary_view(of):
        return pa.binary()
    return of


@contextmanager
def _named_parquet_errors(uri: str) -> Iterator[None]:
    """Raise BadFile for whatever Arrow says of a file that is not whole Parquet."""
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        first_line = (str(error) or type(error).__name__).splitlines()[0]
        raise BadFile(f"{uri} is no whole Parquet file ({first_line}): write it again, or remove it.") from error
