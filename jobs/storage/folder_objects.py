"""Objects in a folder: a file a key, complete or not there at all."""

import os
import uuid
from pathlib import Path
from typing import BinaryIO

from jobs.errors import BadEnvironment, BadFile, ObjectMissing, StorageUnavailable
from jobs.storage.objects import ObjectInfo, check_key, check_seconds

_UNFINISHED = ".unfinished"


class FolderObjects:
    """Objects as files below a folder.

    A body is written aside, flushed to the disk and then linked to its name, which fails if the name
    exists: whoever dies on the way leaves a nameless file that no listing shows.

    Parameters
    ----------
    path : pathlib.Path
        The folder; it is made when the first object is written.

    Examples
    --------
    >>> import tempfile
    >>> home = FolderObjects(Path(tempfile.mkdtemp()))
    >>> home.put_if_absent("models/fraud/card.json", b"{}"), home.put_if_absent("models/fraud/card.json", b"other")
    (True, False)
    >>> home.get("models/fraud/card.json")
    b'{}'
    """

    def __init__(self, path: Path) -> None:
        self._root = Path(path).absolute()

    @property
    def uri(self) -> str:
        """Address of the folder."""
        return self._root.as_uri()

    def path(self, key: str) -> Path:
        """Return the file of `key`, whether it exists or not."""
        return self._root / check_key(key)

    def get(self, key: str) -> bytes:
        """Return the contents of an object."""
        try:
            return self.path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise self._missing(key) from None
        except OSError as error:
            raise _refused(self.path(key), error) from error

    def list(self, prefix: str) -> list[ObjectInfo]:
        """Return all objects whose key begins with `prefix`, sorted by key."""
        start = self._root / prefix.rpartition("/")[0]
        found = []
        for folder, folders, files in os.walk(start, onerror=_raise_unless_missing):
            if Path(folder) == self._root and _UNFINISHED in folders:
                folders.remove(_UNFINISHED)
            for name in files:
                file = Path(folder, name)
                key = file.relative_to(self._root).as_posix()
                if key.startswith(prefix):
                    found.append(_info(key, file.stat()))
        return sorted(found)

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write `body` unless `key` exists; of many writers at once exactly one gets True."""
        target = self.path(key)
        unfinished = self._root / _UNFINISHED / uuid.uuid4().hex
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            unfinished.parent.mkdir(exist_ok=True)
            try:
                with unfinished.open("xb") as file:
                    file.write(body)
                    file.flush()
                    os.fsync(file.fileno())
                os.link(unfinished, target)
            finally:
                unfinished.unlink(missing_ok=True)
            _flush_folder(target.parent)
        except FileExistsError:
            if target.is_file():
                return False
            raise BadEnvironment(
                f"{target} is in the way of an object of that name: move it out of the home."
            ) from None
        except OSError as error:
            raise _refused(target, error) from error
        return True

    def presign(self, key: str, seconds: int) -> str:
        """Return the file's address, which anybody on this machine can read, however long."""
        check_seconds(seconds)
        if not self.path(key).is_file():
            raise self._missing(key)
        return self.path(key).as_uri()

    def open(self, key: str, version: str) -> BinaryIO:
        """Open one version of an object for reading at any place."""
        try:
            file = self.path(key).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise self._missing(key) from None
        except OSError as error:
            raise _refused(self.path(key), error) from error
        if _info(key, os.fstat(file.fileno())).version != version:
            file.close()
            raise BadFile(f"{self.path(key)} has changed since the plan: plan the run again.")
        return file

    def _missing(self, key: str) -> ObjectMissing:
        return ObjectMissing(f"{self.path(key)} does not exist: check its name, or write it first.")


def _info(key: str, stat: os.stat_result) -> ObjectInfo:
    return ObjectInfo(key, stat.st_size, f"{stat.st_mtime_ns:x}-{stat.st_size:x}")


def _flush_folder(folder: Path) -> None:
    """Make a new name outlive a loss of power; the data were flushed before it was given."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise _refused(Path(error.filename), error) from error


def _refused(path: Path, error: OSError) -> BadEnvironment | StorageUnavailable:
    if isinstance(error, PermissionError | NotADirectoryError | IsADirectoryError):
        return BadEnvironment(f"{path} cannot be used ({error.strerror}): check the folder and its permissions.")
    return StorageUnavailable(f"{path} cannot be read or written now ({error.strerror}): try again, or free the disk.")
