"""Progress of long steps: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@dataclass
class Step:
    """A step that is under way; its seconds are known at its end."""

    name: str
    note: str = ""
    seconds: float = 0.0


class Steps:
    """Shows one step after another.

    Parameters
    ----------
    total : int
        How many steps there will be.
    quiet : bool
        Show nothing (a program reads our output).
    """

    def __init__(self, total: int, *, quiet: bool = False) -> None:
        self._console = Console(file=sys.stderr, quiet=quiet)
        self._done: list[Step] = []
        self._total = total
        self._bar = (
            Progress(
                TextColumn("{task.description:<28}"),
                BarColumn(bar_width=28),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            if self._console.is_terminal and not quiet
            else None
        )
        self._task = self._bar.add_task("", total=total) if self._bar else None

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Show that `name` is under way, then how long it took."""
        at = Step(name)
        if self._bar is not None and self._task is not None:
            self._bar.start()
            self._bar.update(self._task, description=name)
        started = time.monotonic()
        try:
            yield at
        finally:
            at.seconds = time.monotonic() - started
            self._done.append(at)
            if self._bar is not None and self._task is not None:
                self._bar.advance(self._task)
                if len(self._done) >= self._total:
                    self._bar.stop()
        place = f"[{len(self._done):>2}/{self._total}]"
        self._console.print(
            f"{place} {name:<28} {at.seconds:6.1f} s  {at.note}", markup=False, highlight=False, soft_wrap=True
        )

    def close(self) -> None:
        """End the display, also after a failure."""
        if self._bar is not None:
            self._bar.stop()

    @property
    def done(self) -> tuple[Step, ...]:
        """Steps that ended, in order."""
        return tuple(self._done)
