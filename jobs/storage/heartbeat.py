"""A thread that renews a lease, and remembers when it was lost."""

import contextvars
import logging
import threading
from collections.abc import Callable

from jobs.errors import NetliftError, RunLost

log = logging.getLogger(__name__)


class Heartbeat:
    """Renews at a steady beat until it is stopped or the lease is lost.

    A renewal that fails for another reason is tried again at the next beat: whether the run was taken
    over meanwhile shows then, and at the latest at the commit.

    Parameters
    ----------
    renew : callable
        Renews the lease; raises RunLost when it is another's.
    every_s : float
        Seconds between two beats.
    name : str
        Whose heart it is, for the log.
    """

    def __init__(self, renew: Callable[[], None], every_s: float, name: str) -> None:
        self._renew = renew
        self._every_s = every_s
        self._name = name
        self._stopped = threading.Event()
        self._loss: RunLost | None = None
        # What the caller's log lines say of the run, those of the heartbeat say too.
        here = contextvars.copy_context()
        self._thread = threading.Thread(target=here.run, args=(self._beat,), name=f"heartbeat of {name}", daemon=True)

    @property
    def lost(self) -> bool:
        """Whether a renewal found that the run is another's now."""
        return self._loss is not None

    def check(self) -> None:
        """Do nothing while the lease is ours.

        Raises
        ------
        RunLost
            If a renewal found that it is not.
        """
        if self._loss is not None:
            raise RunLost(str(self._loss))

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait for a renewal that is under way."""
        self._stopped.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                self._renew()
            except RunLost as loss:
                self._loss = loss
                log.warning("%s", loss)
                return
            except NetliftError as error:
                log.warning("lease of %s was not renewed, trying again: %s", self._name, error)
