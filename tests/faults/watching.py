"""A reader who never stops: keeps every state of some tables that it was shown, in the order of its reads."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from jobs.runtime.stores import open_stores
from jobs.storage.tables import Tables, read_whole
from jobs.tables.declare import Table

State = tuple[tuple[Any, ...], ...]
"""All rows of a day, sorted, with the id of the run that wrote them."""


def state(tables: Tables, table: Table, day: date) -> State:
    """Read a day's rows of a table."""
    rows = read_whole(tables, table, {"run_date": day})
    return tuple(sorted(zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True), key=repr))


def without_run(rows: State, table: Table) -> State:
    """Leave out the run's id, in which two homes differ."""
    at = table.names.index("run_id")
    return tuple(sorted((row[:at] + row[at + 1 :] for row in rows), key=repr))


class Reader:
    """Reads tables in turn from a thread, with stores of its own.

    Parameters
    ----------
    environment : mapping
        Variables that lead to the home.
    tables : tuple of Table
        What is read.
    day : datetime.date
        Whose rows.
    """

    def __init__(self, environment: Mapping[str, str], tables: tuple[Table, ...], day: date) -> None:
        self.seen: dict[str, list[State]] = {table.name: [] for table in tables}
        self.reads = 0
        self._stores = open_stores(environment)
        self._tables = tables
        self._day = day
        self._stopped = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        try:
            while not self._stopped.is_set():
                self.look()
        except Exception as error:
            self._error = error

    def look(self) -> None:
        """Read once."""
        for table in self._tables:
            now, seen = state(self._stores.tables, table, self._day), self.seen[table.name]
            if not seen or seen[-1] != now:
                seen.append(now)
        self.reads += 1

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Read for as long as the block lasts; an error of the reader is the block's."""
        self.look()
        self._thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            self._thread.join()
        if self._error is not None:
            raise self._error
        self.look()
