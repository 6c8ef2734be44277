"""The port of tables: staged files first, then one commit that replaces a scope as a whole."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Protocol

import pyarrow as pa

from jobs.tables.declare import Table


@dataclass(frozen=True)
class StagedFile:
    """A complete data file that no reader sees yet.

    Parameters
    ----------
    path : str
        Where it lies, under its table's own location.
    table : str
        Name of the table it is meant for.
    rows : int
        Rows in it, one or more.
    bytes : int
        Size of the file.
    partition : dict
        Value of each partition column, the same in all rows.

    Examples
    --------
    >>> file = StagedFile("file:///t/data/a.parquet", "drift", 2, 900, {"run_date": date(2026, 11, 1), "kind": "fraud"})
    >>> file.to_dict()["partition"]
    {'run_date': '2026-11-01', 'kind': 'fraud'}
    >>> StagedFile.from_dict(file.to_dict()) == file
    True
    """

    path: str
    table: str
    rows: int
    bytes: int
    partition: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        days = {c: str(v) for c, v in self.partition.items() if isinstance(v, date)}
        dates = {"dates": sorted(days)} if days else {}
        return {**asdict(self), "partition": {**self.partition, **days}, **dates}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "StagedFile":
        """Read a record back."""
        days = {c: date.fromisoformat(values["partition"][c]) for c in values.get("dates", ())}
        plain = {name: value for name, value in values.items() if name != "dates"}
        return cls(**{**plain, "partition": {**values["partition"], **days}})


@dataclass(frozen=True, order=True)
class DataFile:
    """A data file of one state of a table.

    Parameters
    ----------
    path : str
        Where it lies.
    rows, bytes : int
        Rows in it, and its size.
    """

    path: str
    rows: int
    bytes: int


class StageWriter(Protocol):
    """Writes the rows of one partition of one table into one file."""

    def write(self, rows: pa.Table) -> None:
        """Write rows in the declared types; the columns may come in any order.

        Raises
        ------
        BadSchema
            If a column is missing, is not declared, or cannot be cast.
        BadRows
            If a value is missing where none may be, or a row is of another partition.
        """

    def close(self) -> StagedFile | None:
        """Complete the file; return None if no row was written, and then there is no file."""


class Tables(Protocol):
    """Tables whose readers see the state before a commit or the one after, never a part."""

    def open_stage(self, table: Table, partition: Mapping[str, Any], name: str) -> StageWriter:
        """Begin a file of `table` for rows whose partition columns hold `partition`.

        Parameters
        ----------
        table : Table
            Declared table; it is made if there is none yet.
        partition : mapping of str to value
            A value for each partition column.
        name : str
            Run, shard and attempt: the beginning of the file's name.
        """

    def finish(
        self,
        table: Table,
        staged: Sequence[StagedFile],
        scope: Mapping[str, Any],
        run_id: str,
        attempt: int,
        fence: Callable[[], None],
    ) -> bool:
        """Replace all rows of `scope` by the staged files, in one commit.

        Parameters
        ----------
        table : Table
            Declared table.
        staged : sequence of StagedFile
            Files to show; with none of them the scope is empty afterwards.
        scope : mapping of str to value
            For partition columns a value, or lowest and highest value as a tuple.
        run_id, attempt : str, int
            Who commits; kept with the commit.
        fence : callable
            Called before every try of the commit, after the table's state was read; raises RunLost.

        Returns
        -------
        bool
            False if there was nothing to do: these files are in already, or there was no row before or after.

        Raises
        ------
        RunLost
            If the fence says so.
        StorageUnavailable
            If the tables did not answer, or others committed first, again and again.
        CommitUnknown
            If it could not be learnt whether the commit took place; finish again with the same files.
        """

    def read(
        self, table: Table, where: Mapping[str, Any] | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[pa.Table]:
        """Read rows, part by part, all of one state of the table; a table that does not exist has none.

        Parameters
        ----------
        table : Table
            Declared table.
        where : mapping of str to value, optional
            For any column a value, lowest and highest value as a tuple, or a list of values.
        columns : sequence of str, optional
            Columns to return, in this order; by default all.
        """

    def files(self, table: Table, where: Mapping[str, Any] | None = None) -> list[DataFile]:
        """List the data files of the newest state that may hold rows of `where`, in order of their paths.

        They stay readable for days after the table has moved on: until its snapshot expires.
        """

    def groups(self, table: Table, path: str) -> tuple[int, ...]:
        """Return how many rows each row group of a data file holds: what a reader has in memory at once.

        Raises
        ------
        StorageUnavailable
            If the file is gone, or cannot be read now.
        """

    def read_file(
        self,
        table: Table,
        path: str,
        where: Mapping[str, Any] | None = None,
        columns: Sequence[str] | None = None,
        groups: Sequence[int] | None = None,
    ) -> Iterator[pa.Table]:
        """Read rows of one data file that `files` named, part by part, also when the table has moved on since.

        Parameters
        ----------
        table : Table
            Declared table.
        path : str
            The file.
        where, columns
            As for `read`; row groups whose statistics exclude all that is wanted are not fetched.
        groups : sequence of int, optional
            Numbers of the row groups that are read; by default all.

        Raises
        ------
        StorageUnavailable
            If the file is gone, or cannot be read now.
        """

    def count(self, table: Table, where: Mapping[str, Any] | None = None) -> int:
        """Count rows; on partition columns without reading a data file."""

    def purge(self, table: Table) -> None:
        """Remove a table with everything in it; do nothing if there is none."""


def read_whole(
    tables: Tables, table: Table, where: Mapping[str, Any] | None = None, columns: Sequence[str] | None = None
) -> pa.Table:
    """Read rows as one table, which has the columns even where it has no row; see `Tables.read`."""
    names = table.names if columns is None else list(columns)
    schema = pa.schema([table.schema.field(name) for name in names])
    return pa.concat_tables([schema.empty_table(), *(part.cast(schema) for part in tables.read(table, where, names))])
