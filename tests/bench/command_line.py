"""A benchmark as a command: measure, hold to the bars, print one JSON object as the last line."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run(
    name: str,
    about: str | None,
    quick: str,
    measure: Callable[[bool, Path], dict[str, Any]],
    bars: Callable[[dict[str, Any]], dict[str, bool]],
    argv: list[str] | None = None,
) -> int:
    """Measure, print, and return 1 if a bar was missed.

    Parameters
    ----------
    name : str
        Of the module in ``tests.bench``.
    about : str or None
        The module's docstring.
    quick : str
        What ``--quick`` leaves of the work.
    measure : callable
        Takes whether it is to be quick, and a folder that is gone afterwards; returns what was measured.
    bars : callable
        Takes that, and says which promises it keeps.
    argv : list of str, optional
        Words; those of the process by default.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m tests.bench.{name}", description=(about or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--quick", action="store_true", help=quick)
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(parser.parse_args(argv).quick, Path(folder))
    passed = bars(measured)
    print(json.dumps({**measured, "bars": passed}))
    return 0 if all(passed.values()) else 1


def say(what: str) -> None:
    """Tell what is being done, beside the figures."""
    sys.stderr.write(f"{what}\n")
