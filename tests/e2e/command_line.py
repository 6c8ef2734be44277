"""The command line in this process, on a home in a folder: what it answered, and what it left."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jobs.cli import main
from jobs.runtime.stores import Stores
from tests.trained import folder_of


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The report that a job printed."""
        assert self.code == 0, self.err
        report: dict[str, Any] = json.loads(self.out)
        return report

    @property
    def sentence(self) -> str:
        """The one sentence of a named failure."""
        assert self.code != 0, self.out
        assert self.err.startswith("netlift: "), self.err
        assert self.err.count("\n") == 1, self.err
        assert not self.out, "a failure prints no report"
        return self.err.removeprefix("netlift: ").rstrip("\n")


@dataclass(frozen=True)
class CommandLine:
    """Runs ``netlift`` on a home."""

    stores: Stores
    capture: pytest.CaptureFixture[str]

    @property
    def folder(self) -> Path:
        return folder_of(self.stores)

    def __call__(self, *words: str) -> Answer:
        self.capture.readouterr()
        code = main(words)
        return Answer(code, *self.capture.readouterr())


@contextmanager
def own_logs() -> Iterator[None]:
    """Let commands set up their logs, and take them down after them: the stream they go to is the test's."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
