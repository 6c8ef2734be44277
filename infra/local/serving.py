"""Who answers when moto, which knows no cloud of ours, comes to a mend: the newest of those that are running."""

from typing import Generic, TypeVar

from jobs.errors import BadEnvironment

T = TypeVar("T")


class Serving(Generic[T]):
    """Those that a mend hands its work to, the newest first.

    Parameters
    ----------
    what : str
        What is asked for, for the sentence that says that nobody is there.

    Examples
    --------
    >>> clouds = Serving[str]("a job")
    >>> clouds.begin("one"), clouds.begin("two"), clouds.end("one")
    (None, None, None)
    >>> clouds.newest()
    'two'
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._running: list[T] = []

    def begin(self, one: T) -> None:
        """Hand work to this one from now on."""
        self._running.append(one)

    def end(self, one: T) -> None:
        """Hand this one no more work."""
        self._running.remove(one)

    def newest(self) -> T:
        """Return the one that began last.

        Raises
        ------
        BadEnvironment
            If none is running.
        """
        if not self._running:
            raise BadEnvironment(f"{self._what} has no local cloud to run in: start one, or deploy the template to it.")
        return self._running[-1]
