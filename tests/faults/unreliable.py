"""A server before another that loses a share of requests or of answers, and refuses what a role may not do."""

import http.client
import random
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_DENIED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
_OF_THIS_WAY = {"connection", "expect", "transfer-encoding", "content-length"}
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "server", "date"}


class Faults:
    """Which requests go wrong: a share of all, drawn from a seed, and those that are refused by their name.

    Parameters
    ----------
    share : float
        In [0, 1]: share of requests that are answered with 500 or 503; it may change at any time.
    seed : int
        Of the draw.
    """

    refused = ""
    """Pattern of the requests, such as "PUT /bucket/key", that are answered as to a role that may not do it."""

    def __init__(self, share: float, seed: int) -> None:
        self.share = share
        self.answered = {"ok": 0, "lost request": 0, "lost answer": 0}
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def draw(self) -> str:
        """Return what becomes of the next request."""
        with self._lock:
            fate = "ok"
            if self._random.random() < self.share:
                fate = self._random.choice(["lost request", "lost answer"])
            self.answered[fate] += 1
            return fate

    def refuses(self, request: str) -> bool:
        """Whether a role may not do what is asked."""
        return bool(self.refused) and re.match(self.refused, request) is not None

    def status(self) -> int:
        """Return an answer of a server in trouble."""
        return self._random.choice([500, 503])


@contextmanager
def unreliable(url: str, faults: Faults, told: Mapping[str, str] = {}) -> Iterator[str]:
    """Stand before `url`, and yield the address to ask instead.

    What answers tell of other addresses is replaced as `told` says: a catalog tells where S3 is.
    """
    target = urlsplit(url)
    assert target.hostname is not None

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []  # Arrow sends the parts of a file so
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _serve(self) -> None:
            body = self._body()
            fate = faults.draw()
            status, headers, answer, length = faults.status(), [("Content-Type", "application/xml")], b"", "0"
            if faults.refuses(f"{self.command} {self.path}"):
                status, answer = 403, b"" if self.command == "HEAD" else _DENIED
                length = str(len(answer))
            elif fate != "lost request":
                there = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
                sent = {k: v for k, v in self.headers.items() if k.lower() not in _OF_THIS_WAY}
                there.request(self.command, self.path, body, sent)
                reply = there.getresponse()
                content = reply.read()
                for there_said, here_said in told.items():
                    content = content.replace(there_said.encode(), here_said.encode())
                there.close()
                if fate == "ok":
                    status, answer = reply.status, content
                    # What a HEAD says of the length is of the object, not of its own empty answer.
                    length = reply.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
                    headers = [(k, v) for k, v in reply.getheaders() if k.lower() not in _HOP_BY_HOP]
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{target.path}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
