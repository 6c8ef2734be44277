"""A WSGI application on an address of this machine, the loopback one unless told, in threads of this process."""

import logging
import socket
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from jobs.errors import BadEnvironment

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"
_IP_FREEBIND = 15  # of Linux; the socket module has no name for it

log = logging.getLogger(__name__)


class _Quiet(MotoRequestHandler):  # type: ignore[misc]  # moto is not typed
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (the name is werkzeug's)
        """Say nothing: a line for each request helps nobody."""


class _Guarded:
    """Answers 500 and logs where the application raises, so that the caller sees an answer."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        try:
            return self._app(environ, start_response)
        except Exception as error:
            log.exception("the local cloud failed on %s %s", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
            body = f"the local cloud failed: {type(error).__name__}: {error}".encode()
            start_response(
                "500 Internal Server Error", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
            )
            return [body]


class Server:
    """A server that runs from `start` to `stop`.

    Parameters
    ----------
    app : WSGI application
        What answers.
    port : int
        Port to listen on; 0 takes a free one.
    name : str
        Name of the thread.
    host : str
        Address to listen on. On Linux it need not be there yet: that of a bridge comes with the first container.

    Raises
    ------
    BadEnvironment
        If the port is taken, or the address is not this machine's.
    """

    def __init__(self, app: "WSGIApplication", port: int, name: str, host: str = HOST) -> None:
        self._host = host
        # bound here because werkzeug ends the process where a port is taken
        with _listening(host, port) as bound:
            self._server = make_server(
                host, port, _Guarded(app), threaded=True, request_handler=_Quiet, fd=bound.fileno()
            )
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name=name)
        self._thread.daemon = True

    @property
    def port(self) -> int:
        """Port that the server listens on."""
        return int(self._server.port)

    @property
    def url(self) -> str:
        """Address of the server, without a slash at its end."""
        return f"http://{self._host}:{self.port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop to answer, and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _listening(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if host != HOST and sys.platform == "linux":
        bound.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
    try:
        bound.bind((host, port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        raise BadEnvironment(
            f"port {port} of {host} cannot be used ({error.strerror}): name another one, or 0."
        ) from error
    return bound
