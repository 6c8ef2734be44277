"""How experiments draw, at hand: read from what was frozen, and looked at again every minute."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from jobs.errors import StorageUnavailable
from jobs.runtime.frozen_draw import Draw, draw_of
from jobs.storage.objects import Objects

CHECK_S = 60.0
"""Seconds after which an experiment is looked at again: a ramp, or a start, is known after that."""

OLDEST_S = 3_600.0
"""Seconds after which a draw that could not be looked at again is used no more."""

_MOST = 200


@dataclass(frozen=True)
class _Known:
    draw: Draw | None
    day: date
    at: float


class Draws:
    """Keeps the draws of experiments at hand.

    Parameters
    ----------
    objects : Objects
        Where they are frozen.
    seconds : callable
        A clock that only goes forward, in seconds.
    """

    def __init__(self, objects: Objects, seconds: Callable[[], float] = time.monotonic) -> None:
        self._objects = objects
        self._seconds = seconds
        self._known: dict[str, _Known] = {}

    def current(self, experiment_id: str, day: date) -> Draw | None:
        """Return how an experiment draws on a day; None if it has not started.

        Raises
        ------
        UnknownExperiment
            If there is none.
        BadExperiment
            If what was frozen cannot be read.
        StorageUnavailable
            If the store does not answer, and nothing is known that was looked at within the hour.
        """
        now = self._seconds()
        known = self._known.get(experiment_id)
        if known is not None and known.day == day and now - known.at < CHECK_S:
            return known.draw
        try:
            draw = draw_of(self._objects, experiment_id, day)
        except StorageUnavailable:
            # A started experiment goes on as it did: only a ramp could be missed, and that moves nobody.
            if known is None or known.draw is None or now - known.at > OLDEST_S:
                raise
            return known.draw
        while len(self._known) >= _MOST:
            self._known.pop(next(iter(self._known)))
        self._known[experiment_id] = _Known(draw, day, now)
        return draw
