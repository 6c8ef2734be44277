"""The front of a verb that reads somebody's file: steps shown, the answer printed, a failure as its sentence."""

import json
import sys
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from jobs.runtime.command import guarded
from jobs.runtime.progress import Steps


class Asked(Protocol):
    """A request whose answer may be asked for as JSON."""

    @property
    def json(self) -> bool:
        """Whether one JSON object is printed, and no steps are shown."""


AskedT = TypeVar("AskedT", bound=Asked)


def answered(
    request: AskedT,
    ask: Callable[[AskedT, Steps], dict[str, Any]],
    in_words: Callable[[dict[str, Any]], str],
    *,
    steps: int,
) -> int:
    """Ask, showing the steps, and print the answer.

    Parameters
    ----------
    request : object
        What is asked.
    ask : callable
        Takes the request and what shows the steps; returns the answer as JSON holds it.
    in_words : callable
        Takes the answer; returns what a person reads.
    steps : int
        How many steps there are.

    Returns
    -------
    int
        0, or the exit code of the named failure, whose sentence is printed to stderr.
    """
    shown = Steps(steps, quiet=request.json)

    def act() -> None:
        try:
            answer = ask(request, shown)
        finally:
            shown.close()
        sys.stdout.write((json.dumps(answer, allow_nan=False) if request.json else in_words(answer)) + "\n")

    return guarded(act)
