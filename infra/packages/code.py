"""The code of this repository as a package holds it: sources and declared data, nothing of tests or tools."""

import compileall
import shutil
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

from infra.packages.declared import CODE, ROOT, RUNTIME_PYTHON

_HELD = {".py", ".sql", ".j2", ".toml", ".json", ".typed", ".css", ".js"}


def copy_code(folder: Path) -> None:
    """Copy the code into a folder, and compile it where this Python is the runtime's.

    Lambda mounts a package read-only: what is not compiled now is compiled at every cold start. The bytecode is
    not held against the source's time, which a zip does not keep.

    Parameters
    ----------
    folder : Path
        Existing folder; what it holds of the same name is replaced.
    """
    for name in CODE:
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(ROOT / name, folder / name, ignore=_not_held)
    if sys.version_info[:2] == RUNTIME_PYTHON:
        compile_code(folder)


def compile_code(folder: Path) -> None:
    """Write the bytecode of all that a folder holds, for this Python.

    Raises
    ------
    SyntaxError
        If a source does not compile.
    """
    mode = PycInvalidationMode.UNCHECKED_HASH
    # paths inside the bytecode are those of the runtime, so that tracebacks name real files
    if not compileall.compile_dir(folder, quiet=1, invalidation_mode=mode, stripdir=folder, prependdir="/var/task"):
        raise SyntaxError(f"{folder} holds sources that do not compile: see above")


def _not_held(folder: str, names: list[str]) -> set[str]:
    files = {name for name in names if not (Path(folder) / name).is_dir()}
    return {"__pycache__"} & set(names) | {name for name in files if Path(name).suffix not in _HELD}
