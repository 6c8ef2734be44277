"""Tables kept by an Iceberg catalog, whichever it is: opened, staged, read, counted, committed."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NoSuchNamespaceError,
    NoSuchTableError,
    ServerError,
    ServiceUnavailableError,
    TableAlreadyExistsError,
)
from pyiceberg.table import Table as KeptTable
from sqlalchemy.exc import DatabaseError

from jobs.errors import BadRequest, BadSchema, StorageUnavailable
from jobs.storage.iceberg_commit import Commit
from jobs.storage.iceberg_errors import named_table_errors
from jobs.storage.iceberg_read import group_rows, read_data_file
from jobs.storage.iceberg_shape import (
    PROPERTIES,
    iceberg_filter,
    iceberg_partition,
    iceberg_schema,
    iceberg_type,
)
from jobs.storage.iceberg_stage import IcebergStageWriter
from jobs.storage.tables import DataFile, StagedFile
from jobs.tables.declare import Table

_TRIES = 10
_FIRST_WAIT_S = 0.05
_LONGEST_WAIT_S = 2.0

T = TypeVar("T")


class IcebergTables:
    """Tables of one namespace of an Iceberg catalog.

    Parameters
    ----------
    catalog : pyiceberg.catalog.Catalog
        What keeps the tables' states; it must refuse a commit that was not made on the newest one.
    namespace : str
        Where in the catalog the tables are; it is made if there is none.
    sleep : callable
        Waits the seconds it is given.
    retain : callable
        Told the name of a table before rows are committed to it: says how long its snapshots are kept.
    """

    def __init__(
        self,
        catalog: Catalog,
        namespace: str,
        sleep: Callable[[float], None] = time.sleep,
        retain: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._catalog = catalog
        self._namespace = namespace
        self._sleep = sleep
        self._retain = retain

    def open_stage(self, table: Table, partition: Mapping[str, Any], name: str) -> IcebergStageWriter:
        """Begin a file of `table` for rows whose partition columns hold `partition`."""
        return IcebergStageWriter(table, self._opened(table), partition, name)

    def finish(
        self,
        table: Table,
        staged: Sequence[StagedFile],
        scope: Mapping[str, Any],
        run_id: str,
        attempt: int,
        fence: Callable[[], None],
    ) -> bool:
        """Replace all rows of `scope` by the staged files, in one commit."""
        commit = Commit(table, staged, scope, run_id, attempt)
        if staged:
            self._opened(table)
            self._retain(table.name)
        elif self._load(table) is None:
            return False
        return commit.run(lambda: self._present(table), fence, self._pause)

    def read(
        self, table: Table, where: Mapping[str, Any] | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[pa.Table]:
        """Read rows, part by part, all of one state of the table; a table that does not exist has none."""
        names = _names(table, columns)
        kept, paths = self._planned(table, where)
        if kept is not None:
            with named_table_errors(f"reading table {self._name(table)}"):
                for file in paths:
                    yield from read_data_file(kept, file.path, table, where or {}, names)

    def files(self, table: Table, where: Mapping[str, Any] | None = None) -> list[DataFile]:
        """List the data files of the newest state that may hold rows of `where`, in order of their paths."""
        return sorted(self._planned(table, where)[1])

    def groups(self, table: Table, path: str) -> tuple[int, ...]:
        """Return how many rows each row group of a data file holds."""
        with named_table_errors(f"looking at {path}"):
            return group_rows(self._present(table), path)

    def read_file(
        self,
        table: Table,
        path: str,
        where: Mapping[str, Any] | None = None,
        columns: Sequence[str] | None = None,
        groups: Sequence[int] | None = None,
    ) -> Iterator[pa.Table]:
        """Read rows of one data file that `files` named, also when the table has moved on since."""
        names = _names(table, columns)
        iceberg_filter(table, where)
        with named_table_errors(f"reading {path}"):
            yield from read_data_file(self._present(table), path, table, where or {}, names, groups)

    def count(self, table: Table, where: Mapping[str, Any] | None = None) -> int:
        """Count rows; on partition columns without reading a data file."""
        wanted = iceberg_filter(table, where)
        if set(where or {}) - set(table.partition):
            return sum(part.num_rows for part in self.read(table, where, list(where or {})[:1]))
        kept = self._load(table)
        if kept is None:
            return 0
        with named_table_errors(f"counting table {self._name(table)}"):
            return sum(task.file.record_count for task in kept.scan(row_filter=wanted).plan_files())

    def purge(self, table: Table) -> None:
        """Remove a table with everything in it; do nothing if there is none."""
        if self._load(table) is not None:
            with named_table_errors(f"removing table {self._name(table)}"):
                self._catalog.purge_table(self._identifier(table))

    def _planned(self, table: Table, where: Mapping[str, Any] | None) -> tuple[KeptTable | None, list[DataFile]]:
        wanted = iceberg_filter(table, where)
        kept = self._load(table)
        if kept is None:
            return None, []
        with named_table_errors(f"listing the files of table {self._name(table)}"):
            tasks = list(kept.scan(row_filter=wanted).plan_files())
        for task in tasks:
            if task.delete_files:
                raise BadSchema(
                    f"table {table.name} holds row-level deletes of another program ({task.file.file_path}): "
                    "compact it first."
                )
        return kept, [DataFile(t.file.file_path, t.file.record_count, t.file.file_size_in_bytes) for t in tasks]

    def _name(self, table: Table) -> str:
        return f"{self._namespace}.{table.name}"

    def _identifier(self, table: Table) -> tuple[str, str]:
        return (self._namespace, table.name)

    def _load(self, table: Table) -> KeptTable | None:
        try:
            return self._patiently(table, lambda: self._catalog.load_table(self._identifier(table)))
        except (NoSuchTableError, NoSuchNamespaceError):
            return None

    def _present(self, table: Table) -> KeptTable:
        kept = self._load(table)
        if kept is None:
            raise StorageUnavailable(f"table {self._name(table)} was removed while a run committed: run the job again.")
        return kept

    def _opened(self, table: Table) -> KeptTable:
        """Return the table as the declaration says; make it, or add columns to it, where needed."""
        for attempt in range(_TRIES):
            kept = self._load(table)
            if kept is None:
                self._create(table)
            elif not _add_columns(table, kept):
                return kept
            if attempt:
                self._pause(attempt)
        raise StorageUnavailable(f"table {self._name(table)} could not be made in {_TRIES} tries: try again.")

    def _create(self, table: Table) -> None:
        """Make a table, and its namespace; that another made them first is as good."""

        def create() -> None:
            self._catalog.create_table(
                self._identifier(table),
                iceberg_schema(table),
                partition_spec=iceberg_partition(table),
                properties=PROPERTIES,
            )

        try:
            self._patiently(table, create)
        except TableAlreadyExistsError:
            return
        except NoSuchNamespaceError:
            self._patiently(table, lambda: self._catalog.create_namespace_if_not_exists(self._namespace))
            self._create(table)

    def _patiently(self, table: Table, action: Callable[[], T]) -> T:
        """Do what may be done twice, again and again while the catalog cannot answer."""
        with named_table_errors(f"opening table {self._name(table)}"):
            for attempt in range(_TRIES - 1):
                try:
                    return action()
                except (ServerError, ServiceUnavailableError, DatabaseError):
                    self._pause(attempt)
            return action()

    def _pause(self, attempt: int) -> None:
        longest = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt)
        self._sleep(random.uniform(0, longest))  # noqa: S311  jitter, not a secret


def _names(table: Table, columns: Sequence[str] | None) -> list[str]:
    names = table.names if columns is None else list(columns)
    for name in names:
        if name not in table.names:
            raise BadRequest(f"table {table.name} has no column {name!r}: it has {', '.join(table.names)}.")
    return names


def _add_columns(table: Table, kept: KeptTable) -> bool:
    """Add declared columns that the kept table lacks; return whether there were any.

    Raises
    ------
    BadSchema
        If the kept table differs in another way.
    """
    schema = kept.schema()
    partition = tuple(schema.find_column_name(f.source_id) for f in kept.spec().fields)
    if partition != table.partition:
        raise BadSchema(
            f"table {table.name} is kept by {partition}, declared by {table.partition}: give it another name."
        )
    new = [c for c in table.columns if c.name not in schema.column_names]
    for column in table.columns:
        if column in new:
            continue
        field = schema.find_field(column.name)
        if field.field_type != iceberg_type(table, column) or (field.required and column.nullable):
            raise BadSchema(
                f"table {table.name}, column {column.name}: kept as {field.field_type}, required {field.required}, "
                f"declared as {column.type}, nullable {column.nullable}: declare a new column instead."
            )
    if not new:
        return False
    try:
        with named_table_errors(f"adding columns to table {table.name}"), kept.update_schema() as change:
            for column in new:
                # Rows that were written before have no value, so the kept column is optional.
                change.add_column(column.name, iceberg_type(table, column), doc=column.doc)
    except CommitFailedException:
        return True
    return True
