"""One commit of a run: what it would change, tried until its outcome is known.

The order of each try is what makes it safe. The table's state is read first, the fence is asked next, and
the commit asserts that the state is still the one that was read. An attempt that was taken over after the
fence let it pass can then no longer undo what its successor committed.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    ServerError,
    ServiceUnavailableError,
    ValidationException,
)
from pyiceberg.io.pyarrow import parquet_file_to_data_file
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as KeptTable
from sqlalchemy.exc import DatabaseError

from jobs.errors import BadRequest, CommitUnknown, ObjectMissing, RowsLost, StorageUnavailable
from jobs.storage.iceberg_errors import named_table_errors
from jobs.storage.iceberg_shape import iceberg_filter, within
from jobs.storage.tables import StagedFile
from jobs.tables.declare import Table

TRIES = 20
"""Most tries of one commit, conflicts and unknown outcomes together."""

_CONFLICTS = (CommitFailedException, ValidationException)
_UNKNOWN = (
    CommitStateUnknownException,
    ServerError,
    ServiceUnavailableError,
    requests.RequestException,
    DatabaseError,
)
_READERS = 8


def _tells_something(record: logging.LogRecord) -> bool:
    """Whether a message of PyIceberg is more than that a table bucket refused to delete what it will itself."""
    return not record.msg.startswith("Failed to delete uncommitted")


logging.getLogger("pyiceberg.table.update.snapshot").addFilter(_tells_something)


class Commit:
    """Replaces a scope of a table by staged files, once.

    Parameters
    ----------
    table : Table
        Declared table.
    staged : sequence of StagedFile
        Files to show.
    scope : mapping of str to value
        What they replace: for partition columns a value, or lowest and highest value as a tuple.
    run_id, attempt : str, int
        Who commits.

    Raises
    ------
    BadRequest
        If the scope is not on partition columns, or a file is not within it or not of this table.
    """

    def __init__(
        self, table: Table, staged: Sequence[StagedFile], scope: Mapping[str, Any], run_id: str, attempt: int
    ) -> None:
        _require_whole_partitions(table, staged, scope)
        self._table = table
        self._staged = {file.path: file for file in staged}
        self._scope = iceberg_filter(table, scope)
        self._what = f"committing run {run_id} to table {table.name}"
        about = json.dumps([sorted(self._staged), sorted(map(str, scope.items())), run_id])
        self._id = hashlib.sha256(about.encode()).hexdigest()
        self._properties = {
            "netlift.run-id": run_id,
            "netlift.attempt": str(attempt),
            "netlift.commit": self._id,
        }
        self._data_files: dict[str, DataFile] | None = None

    def run(self, load: Callable[[], KeptTable], fence: Callable[[], None], pause: Callable[[int], None]) -> bool:
        """Try until the commit is in, or cannot be.

        Parameters
        ----------
        load : callable
            Reads the table's newest state.
        fence : callable
            Raises RunLost if the attempt may not commit.
        pause : callable
            Waits before the next try; is given its number.

        Returns
        -------
        bool
            Whether this call changed the table.
        """
        with named_table_errors(self._what):
            return self._run(load, fence, pause)

    def _run(self, load: Callable[[], KeptTable], fence: Callable[[], None], pause: Callable[[int], None]) -> bool:
        in_doubt: Exception | None = None
        for attempt in range(TRIES):
            if attempt:
                pause(attempt)
            kept = self._reloaded(load, in_doubt)
            if self._is_in(kept):
                return attempt > 0
            fence()
            try:
                return self._try(kept)
            except _CONFLICTS:
                in_doubt = None
            except _UNKNOWN as error:
                in_doubt = error
        if self._is_in(self._reloaded(load, in_doubt)):
            return True
        if in_doubt:
            raise self._unknown() from in_doubt
        raise StorageUnavailable(f"{self._what}: others committed first, {TRIES} times: try again.")

    def _reloaded(self, load: Callable[[], KeptTable], in_doubt: Exception | None) -> KeptTable:
        try:
            return load()
        except StorageUnavailable as error:
            if in_doubt:
                raise self._unknown() from error
            raise

    def _is_in(self, kept: KeptTable) -> bool:
        """Whether this very commit is in the table's history: seen by its name, for compaction renames files."""
        return any(s.summary and s.summary.get("netlift.commit") == self._id for s in kept.snapshots())

    def _try(self, kept: KeptTable) -> bool:
        present = {task.file.file_path: task.file for task in kept.scan(row_filter=self._scope).plan_files()}
        stale = [file for path, file in present.items() if path not in self._staged]
        new = [file for path, file in self._footers(kept).items() if path not in present]
        if not stale and not new:
            return False
        # PyIceberg's own retry would commit a plan of an older state without asking the fence: one try only.
        # The change is to this copy of the properties, the table keeps its own.
        kept.metadata.properties["commit.retry.num-retries"] = "0"
        transaction = kept.transaction()
        change = transaction.update_snapshot(snapshot_properties=self._properties)
        with change.overwrite() if stale else change.fast_append() as snapshot:
            for file in stale:
                snapshot.delete_data_file(file)
            for file in new:
                snapshot.append_data_file(file)
        transaction.commit_transaction()
        return True

    def _footers(self, kept: KeptTable) -> dict[str, DataFile]:
        """Read what the staged files say of themselves, once for all tries."""
        if self._data_files is None:
            with ThreadPoolExecutor(_READERS) as readers:
                files = readers.map(lambda staged: self._footer(kept, staged), self._staged.values())
                self._data_files = dict(zip(self._staged, files, strict=True))
        return self._data_files

    def _footer(self, kept: KeptTable, staged: StagedFile) -> DataFile:
        try:
            file = parquet_file_to_data_file(kept.io, kept.metadata, staged.path)
        except FileNotFoundError:
            raise ObjectMissing(
                f"staged file {staged.path} is gone: run the job again, it stages the file anew."
            ) from None
        if file.record_count != staged.rows:
            raise RowsLost(
                f"staged file {staged.path} has {file.record_count} rows, {staged.rows} were staged: stage it again."
            )
        return file

    def _unknown(self) -> CommitUnknown:
        return CommitUnknown(
            f"{self._what}: it could not be learnt whether it took place: run the job again, it will look."
        )


def _require_whole_partitions(table: Table, staged: Sequence[StagedFile], scope: Mapping[str, Any]) -> None:
    inside = [name for name in scope if name not in table.partition]
    if inside or not scope:
        raise BadRequest(f"table {table.name}: scope is on {list(scope)}, must be on columns of {table.partition}.")
    if len({file.path for file in staged}) < len(staged):
        raise BadRequest(f"table {table.name}: a staged file is given twice: give each file once.")
    for file in staged:
        if file.table != table.name:
            raise BadRequest(
                f"staged file {file.path} is of table {file.table}: finish it with that table, not {table.name}."
            )
        for name, wanted in scope.items():
            if not within(file.partition[name], wanted):
                raise BadRequest(
                    f"staged file {file.path} has {name} == {file.partition[name]!r}, outside the scope {wanted!r}: "
                    "widen the scope, or leave the file out."
                )
