"""A digest of what a table says, whatever file format, compression or order of rows it came in."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from jobs.errors import BadFile, BadSchema

TYPES = {
    "int64": pa.int64(),
    "float64": pa.float64(),
    "string": pa.string(),
    "timestamp[ns]": pa.timestamp("ns"),
}


def conform(rows: pa.Table, columns: Mapping[str, str], where: str) -> pa.Table:
    """Rows with exactly the declared columns, in the declared order and types, none missing.

    Parameters
    ----------
    rows : pyarrow.Table
        What was read.
    columns : mapping of str to str
        Name and type (a key of `TYPES`) of every column.
    where : str
        The file, for the message.

    Raises
    ------
    BadSchema
        If a column is missing or one too many is there.
    BadFile
        If a value is missing or is not of its column's type.
    """
    for name in [*columns, *rows.column_names]:
        if rows.column_names.count(name) != 1 or name not in columns:
            raise BadSchema(
                f"{where} has the columns {', '.join(rows.column_names)}, not {', '.join(columns)} "
                f"(look at {name!r}): it is another file than the published one."
            )
    try:
        rows = rows.select(list(columns)).cast(pa.schema([(name, TYPES[kind]) for name, kind in columns.items()]))
    except pa.ArrowInvalid as error:
        raise BadFile(f"{where} holds a value of another type ({_first_line(error)}): fetch it again.") from error
    for name in columns:
        if rows[name].null_count:
            raise BadFile(f"{where} has {rows[name].null_count:,} rows without {name}: fetch it again.")
    return rows


def content_sha256(rows: pa.Table, order: Sequence[str] = ()) -> str:
    """SHA-256 of a table's content.

    The bytes that are hashed, column by column: a line ``name:type:rows`` ending in a line feed, in UTF-8; then the
    values row by row. An int64, and a timestamp as nanoseconds since 1970-01-01 00:00, is 8 bytes, little-endian; a
    float64 is 8 bytes IEEE 754, little-endian; text is the lengths of all values in bytes, each as an int64, then
    their UTF-8 bytes without any separator.

    Parameters
    ----------
    rows : pyarrow.Table
        Columns of the types in `TYPES`, as `conform` returns them.
    order : sequence of str
        Columns by which the rows are sorted first; none where the order of the rows is part of the content.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> a = pa.table({"id": [2, 1], "name": ["b", "ä"]})
    >>> b = pa.table({"id": [1, 2], "name": ["ä", "b"]})
    >>> content_sha256(a, ["id"]) == content_sha256(b, ["id"])
    True
    >>> content_sha256(a) == content_sha256(b)
    False
    """
    if order:
        rows = rows.sort_by([(name, "ascending") for name in order])
    names = {kind: name for name, kind in TYPES.items()}
    digest = hashlib.sha256()
    for field, column in zip(rows.schema, rows.columns, strict=True):
        digest.update(f"{field.name}:{names[field.type]}:{rows.num_rows}\n".encode())
        if field.type == pa.string():
            texts = [text.encode() for text in column.to_pylist()]
            digest.update(np.array([len(text) for text in texts], dtype="<i8").tobytes())
            digest.update(b"".join(texts))
        elif field.type == pa.float64():
            digest.update(column.to_numpy().astype("<f8").tobytes())
        else:
            digest.update(column.cast(pa.int64()).to_numpy().astype("<i8").tobytes())
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
