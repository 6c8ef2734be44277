"""A server says in one sentence that its port is taken, and answers 500 where its application fails."""

import logging
import socket
import urllib.error
import urllib.request
from typing import Any

import pytest

from infra.local.server import Server
from jobs.errors import BadEnvironment


def _fail(environ: Any, start_response: Any) -> list[bytes]:
    raise ValueError("broken inside")


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BadEnvironment, match=f"port {port} of 127.0.0.1 cannot be used"):
            Server(_fail, port, "test")


def test_a_failure_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(_fail, 0, "test")
    server.start()
    try:
        with (
            caplog.at_level(logging.ERROR),
            pytest.raises(urllib.error.HTTPError) as answered,
        ):
            urllib.request.urlopen(f"{server.url}/some/path")
    finally:
        server.stop()
    assert answered.value.code == 500
    assert b"ValueError: broken inside" in answered.value.read()
    assert "/some/path" in caplog.text


def test_the_port_is_free_after_stop() -> None:
    first = Server(_fail, 0, "test")
    first.start()
    first.stop()
    second = Server(_fail, first.port, "test")
    second.start()
    second.stop()
