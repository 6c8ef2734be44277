"""LightGBM's C library, loaded without its Python package, which brings scipy and whatever else it finds."""

import ctypes
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from jobs.errors import BadEnvironment


@cache
def library() -> Any:
    """Load LightGBM's library.

    Raises
    ------
    BadEnvironment
        If it is not installed, or lacks its OpenMP library.
    """
    # The package is looked up, not imported.
    found = importlib.util.find_spec("lightgbm")
    folder = Path(found.origin).parent / "lib" if found is not None and found.origin else None
    files = sorted(folder.glob("lib_lightgbm.*")) if folder else []
    if not files:
        raise BadEnvironment("LightGBM's library is not installed: install the package that the function declares.")
    try:
        loaded = ctypes.CDLL(str(files[0]))
    except OSError as error:
        raise BadEnvironment(f"{files[0].name} does not load ({error}): install its OpenMP library.") from error
    loaded.LGBM_GetLastError.restype = ctypes.c_char_p
    return loaded


def done(status: int) -> None:
    """Hold what a call answered to 0.

    Raises
    ------
    ValueError
        With the library's own words, if the call failed.
    """
    if status != 0:
        raise ValueError(library().LGBM_GetLastError().decode(errors="replace"))
