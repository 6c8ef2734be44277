"""The model at work: loaded from the model store with every byte verified, and looked after while it is used."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from jobs.errors import NetliftError
from jobs.science.fraud.online_score import OnlineScorer
from jobs.storage.models import ModelStore

KIND = "fraud"
CHECK_S = 300.0
"""Seconds after which the log of champions is looked at again."""

RETRY_S = 15.0
"""Seconds after which a look that failed is tried again."""

OLDEST_S = 3_600.0
"""Seconds after which a model that could not be looked after is used no more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Champion:
    """A model at work and its version."""

    version: str
    scorer: OnlineScorer


class Champions:
    """Keeps the champion of the fraud models at hand.

    Parameters
    ----------
    models : ModelStore
        Registered models and the log of champions.
    seconds : callable
        A clock that only goes forward, in seconds.
    """

    def __init__(self, models: ModelStore, seconds: Callable[[], float] = time.monotonic) -> None:
        self._models = models
        self._seconds = seconds
        self._champion: Champion | None = None
        self._confirmed = self._next_look = float("-inf")

    def current(self) -> Champion:
        """Return the champion, looked up again where the last look is five minutes ago.

        Raises
        ------
        UnknownModel
            If none was ever promoted.
        TamperedModel, BadFile, BadSchema
            If the model is not what was registered, or cannot be used here.
        StorageUnavailable
            If the store does not answer and there is no model that was confirmed within the hour.
        """
        now = self._seconds()
        if self._champion is not None and now < self._next_look:
            return self._champion
        try:
            version = self._models.champion(KIND)
            if self._champion is None or self._champion.version != version:
                self._champion = Champion(version, OnlineScorer(self._models.load(KIND, version).files))
                log.info("fraud model %s is at work", version)
        except NetliftError as error:
            if self._champion is None or now - self._confirmed > OLDEST_S:
                raise
            log.warning("fraud model %s is used on, the store could not be asked: %s", self._champion.version, error)
            self._next_look = now + RETRY_S
        else:
            self._confirmed, self._next_look = now, now + CHECK_S
        return self._champion
