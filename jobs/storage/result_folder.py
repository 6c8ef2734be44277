"""A folder of results: all files are written aside first, so that a failure leaves what stood there before."""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path

from jobs.errors import BadEnvironment


def write_results(folder: Path, files: Mapping[str, bytes]) -> dict[str, Path]:
    """Write files into a folder, each complete or not at all.

    Every file is written and flushed under another name before the first gets its own, so that a full disk or a
    kill while writing changes nothing that a reader sees.

    Parameters
    ----------
    folder : pathlib.Path
        Made if it is not there. Files of the same names are replaced.
    files : mapping of str to bytes
        Names and contents.

    Returns
    -------
    dict of str to pathlib.Path
        Where each file lies.

    Raises
    ------
    BadEnvironment
        If the folder cannot be made or written.

    Examples
    --------
    >>> import tempfile
    >>> write_results(Path(tempfile.mkdtemp()) / "new", {"list.csv": b"unit"})["list.csv"].read_bytes()
    b'unit'
    """
    aside: dict[str, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in files.items():
            aside[name] = folder / f".{name}.{uuid.uuid4().hex}.unfinished"
            with aside[name].open("xb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
        for name, written in aside.items():
            written.replace(folder / name)
    except OSError as error:
        raise BadEnvironment(
            f"{folder} cannot be written ({error.strerror or error}): make room, or name another folder"
        ) from error
    finally:
        for left in aside.values():
            left.unlink(missing_ok=True)
    return {name: folder / name for name in files}
