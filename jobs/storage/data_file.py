"""A table file of anybody's, CSV or Parquet, read whole or refused in one sentence."""

import csv
import io
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from jobs.errors import BadFile, BadSchema, NoInput

DELIMITERS = ",;\t|"
"""What may stand between the fields of a CSV; the one that the header holds most of is taken."""

_MAGIC = b"PAR1"
_LARGEST_BLOCK = 2**31 - 1
_HEADER_BYTES = 2**20


def read_data_file(path: Path, text: Collection[str] = ()) -> pa.Table:
    """Read a CSV (also compressed, by its name: .gz, .zst) or Parquet file.

    Types of CSV columns are inferred from all rows, not from the first thousand; an empty field is a missing value.

    Parameters
    ----------
    path : pathlib.Path
        The file; Parquet is known by its first bytes or its name, all else is CSV with a header.
    text : collection of str
        Columns of a CSV that stay text as it stands: ids keep their zeros, arms called 0 and 1 their names.

    Returns
    -------
    pyarrow.Table
        At least one row; no two columns of one name.

    Raises
    ------
    NoInput
        If there is no such file.
    BadFile
        If it is empty, truncated, not text in UTF-8, or a line does not have as many fields as the header.
    BadSchema
        If two columns have one name.
    """
    try:
        _check_there(path)
        rows = _read_parquet(path) if _is_parquet(path) else _read_csv(path, text)
    except OSError as error:
        raise BadFile(f"{path} cannot be read ({_first(error)}): check the file and its permissions") from error
    _check_names(path, rows.column_names)
    if rows.num_rows == 0:
        raise BadFile(f"{path} has columns but no rows: write it again with its rows")
    return rows


@dataclass(frozen=True)
class DataFile:
    """What a file is, without its rows.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    columns : tuple of str
        Names, in order.
    delimiter : str or None
        Between the fields of a CSV; None of Parquet.
    """

    path: Path
    columns: tuple[str, ...]
    delimiter: str | None


def look_into(path: Path) -> DataFile:
    """Return what a CSV or Parquet file is, so that an engine may stream its rows; failures as `read_data_file`'s."""
    try:
        _check_there(path)
        if _is_parquet(path):
            names, delimiter = _parquet_columns(path), None
        else:
            with pa.input_stream(path, compression="detect") as stream:
                head = stream.read(_HEADER_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
            if not head.strip():
                raise BadFile(f"{path} holds nothing but blanks: write it again")
            delimiter = _delimiter(head)
            names = next(csv.reader(io.StringIO(head.decode(errors="replace"), newline=""), delimiter=delimiter))
    except OSError as error:
        raise BadFile(f"{path} cannot be read ({_first(error)}): check the file and its permissions") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} holds bytes that are no UTF-8 text: save it as CSV in UTF-8") from error
    _check_names(path, names)
    return DataFile(path, tuple(names), delimiter)


def _parquet_columns(path: Path) -> list[str]:
    try:
        return [str(name) for name in pq.read_schema(path).names]
    except (pa.ArrowException, OSError) as error:
        raise BadFile(
            f"{path} cannot be read as Parquet ({_first(error)}): it is truncated or damaged, copy it again"
        ) from error


def _check_there(path: Path) -> None:
    if not path.exists():
        raise NoInput(f"{path} is not there: check the path and its spelling")
    if not path.is_file():
        raise BadFile(f"{path} is a folder: name one CSV or Parquet file in it")
    if path.stat().st_size == 0:
        raise BadFile(f"{path} is empty (0 bytes): write it again")


def _check_names(path: Path, names: Sequence[str]) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise BadSchema(f"{path} has {names.count(twice[0])} columns called {twice[0]!r}: rename all but one")


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC or path.suffix.lower() in {".parquet", ".pq"}


def _read_parquet(path: Path) -> pa.Table:
    try:
        return pq.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise BadFile(
            f"{path} cannot be read as Parquet ({_first(error)}): it is truncated or damaged, copy it again"
        ) from error


def _read_csv(path: Path, text: Collection[str]) -> pa.Table:
    try:
        # One block: a type that only the last row contradicts is inferred right.
        whole = pa.input_stream(path, compression="detect").read()
        if not whole.strip():
            raise BadFile(f"{path} holds nothing but blanks: write it again")
        rows = pacsv.read_csv(
            pa.BufferReader(whole),
            # Read by one thread, Arrow's complaint names the row.
            read_options=pacsv.ReadOptions(block_size=min(len(whole) + 1, _LARGEST_BLOCK), use_threads=False),
            parse_options=pacsv.ParseOptions(delimiter=_delimiter(whole), newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(text, pa.string()), strings_can_be_null=True, quoted_strings_can_be_null=True
            ),
        )
        # Arrow reads a column that is no text as bytes.
        foreign = any(pa.types.is_binary(field.type) for field in rows.schema)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        said = _first(error)
        foreign = isinstance(error, UnicodeDecodeError) or "UTF8" in said
        if not foreign:
            raise BadFile(f"{path} cannot be read as CSV ({said}): mend that line, or copy the file again") from error
    if foreign:
        raise BadFile(f"{path} holds bytes that are no UTF-8 text: save it as CSV in UTF-8")
    return rows


def _delimiter(whole: bytes) -> str:
    header = whole.lstrip(b"\xef\xbb\xbf\r\n").split(b"\n", 1)[0].decode()
    unquoted = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=unquoted.count)


def _first(error: BaseException) -> str:
    """Return the first line of what a library said, short enough for a sentence."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return said if len(said) <= 160 else said[:157] + "..."
