"""One request at a time: what makes a check and the write after it one step, as they are in AWS."""

import io
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class SerialLock:
    """A lock that its holder can put down for a while, wherever in the call it is.

    Examples
    --------
    >>> lock = SerialLock()
    >>> with lock.held():
    ...     with lock.released():
    ...         lock.is_held()
    False
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: int | None = None

    def is_held(self) -> bool:
        """Whether any thread holds the lock."""
        return self._lock.locked()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock for a block."""
        with self._lock:
            self._holder = threading.get_ident()
            try:
                yield
            finally:
                self._holder = None

    @contextmanager
    def released(self) -> Iterator[None]:
        """Put the lock down for a block if this thread holds it; do nothing otherwise."""
        if self._holder != threading.get_ident():
            yield
            return
        self._holder = None
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()
            self._holder = threading.get_ident()


MOTO = SerialLock()
"""The lock before moto's state, which is one for the process, however many servers stand before it."""


class Serial:
    """A WSGI application that answers one request at a time.

    Parameters
    ----------
    app : WSGI application
        What answers.
    lock : SerialLock
        Held from the first byte of the answer to the last; the request's body is read before.
    """

    def __init__(self, app: "WSGIApplication", lock: SerialLock) -> None:
        self._app = app
        self._lock = lock

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request, alone."""
        _read_body(environ)
        with self._lock.held():
            answer = self._app(environ, start_response)
            try:
                return [b"".join(answer)]
            finally:
                close = getattr(answer, "close", None)
                if close is not None:
                    close()


def _read_body(environ: "WSGIEnvironment") -> None:
    # a slow sender must not hold up everybody else
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        body = stream.read()
    else:
        body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    environ["wsgi.input_terminated"] = True
