"""Online records in a folder: one SQLite file, a transaction for each change."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from jobs.errors import BadEnvironment, StorageUnavailable
from jobs.storage.online import CHANGED_KEYS, EXPIRES_AT, READ_KEYS, TOKEN, Record, check_keys

_FILE = "records.sqlite"
_WAIT_S = 10.0
_TABLE = "CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, fields TEXT NOT NULL, expires_at INTEGER)"
_READ = "SELECT id, fields FROM records WHERE id = ? AND (expires_at IS NULL OR expires_at > ?)"
_WRITE = "INSERT OR REPLACE INTO records (id, fields, expires_at) VALUES (?, ?, ?)"


class FolderRecords:
    """Online records of a folder; several processes may use it at once.

    Parameters
    ----------
    folder : pathlib.Path
        The folder; it is made when it is first used.
    clock : callable
        Returns the moment, in UTC.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC
    >>> records = FolderRecords(Path(tempfile.mkdtemp()), lambda: datetime(2026, 11, 22, tzinfo=UTC))
    >>> records.write([("c/anna", {"payments": "[]"})])
    1
    >>> once = {"added": {"d/anna": {"count": 1}}, "set_to": {}, "expires_at": 2_000_000_000}
    >>> records.add_once("t/1", {}, **once), records.add_once("t/1", {}, **once)
    (True, False)
    >>> records.read(["c/anna", "d/anna", "c/nobody"])
    {'c/anna': {'payments': '[]'}, 'd/anna': {'count': 1, 'expires_at': 2000000000}}
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self._folder = Path(folder).absolute()
        self._clock = clock

    @property
    def uri(self) -> str:
        """Address of the folder."""
        return self._folder.as_uri()

    def read(self, keys: Sequence[str]) -> dict[str, dict[str, int | str]]:
        """Return the records of `keys`; one that is absent or expired is left out."""
        check_keys(keys, READ_KEYS)
        with self._opened() as base:
            return {key: record for key in dict.fromkeys(keys) if (record := self._one(base, key)) is not None}

    def write(self, records: Iterable[tuple[str, Record]]) -> int:
        """Write records in the place of what stands there, and return how many."""
        count = 0
        with self._opened() as base:
            for key, record in records:
                check_keys([key], 1)
                self._put(base, key, record)
                count += 1
        return count

    def swap(self, key: str, record: Record, token: str | None) -> bool:
        """Write a record if the one that stands there holds `token`; None: if there is none."""
        check_keys([key], 1)
        with self._opened() as base:
            there = self._one(base, key)
            if (None if there is None else there.get(TOKEN, "")) != token:
                return False
            self._put(base, key, record)
        return True

    def add_once(
        self,
        key: str,
        record: Record,
        *,
        added: Mapping[str, Mapping[str, int]],
        set_to: Mapping[str, Mapping[str, str]],
        expires_at: int,
    ) -> bool:
        """Write a record if there is none under `key`, and change others with it, all or nothing."""
        others = list(dict.fromkeys([*added, *set_to]))
        check_keys([key, *others], CHANGED_KEYS)
        with self._opened() as base:
            if self._one(base, key) is not None:
                return False
            self._put(base, key, {**record, EXPIRES_AT: expires_at})
            for other in others:
                fields = self._one(base, other) or {}
                for name, number in added.get(other, {}).items():
                    fields[name] = int(fields.get(name, 0)) + number
                self._put(base, other, {**fields, **set_to.get(other, {}), EXPIRES_AT: expires_at})
        return True

    def _one(self, base: sqlite3.Connection, key: str) -> dict[str, int | str] | None:
        found = base.execute(_READ, (key, int(self._clock().timestamp()))).fetchone()
        return None if found is None else dict(json.loads(found[1]))

    def _put(self, base: sqlite3.Connection, key: str, record: Record) -> None:
        base.execute(_WRITE, (key, json.dumps(dict(record)), record.get(EXPIRES_AT)))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction, which waits for its turn."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._folder / _FILE, timeout=_WAIT_S, isolation_level=None)) as base:
                base.execute("BEGIN IMMEDIATE")
                try:
                    base.execute(_TABLE)
                    yield base
                except BaseException:
                    base.execute("ROLLBACK")
                    raise
                base.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise StorageUnavailable(
                f"{self._folder / _FILE} cannot be used now ({error}): try again, or free the disk."
            ) from error
        except (OSError, sqlite3.DatabaseError) as error:
            raise BadEnvironment(
                f"{self._folder} cannot hold online records ({error}): name another folder in NETLIFT_ONLINE."
            ) from error
