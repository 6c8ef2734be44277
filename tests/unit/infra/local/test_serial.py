"""One request at a time, except where the holder puts the lock down."""

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.local.serial import Serial, SerialLock


def _environ(body: bytes = b"") -> dict[str, Any]:
    return {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}


def test_a_read_and_the_write_after_it_are_one_step() -> None:
    count = 0

    def app(environ: Any, start_response: Any) -> list[bytes]:
        nonlocal count
        seen = count
        time.sleep(0.001)  # a thread that was not kept out would read the same count now
        count = seen + 1
        return [b"ok"]

    serial = Serial(app, SerialLock())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: serial(_environ(), lambda *_: None), range(64)))
    assert count == 64
    assert answers == [[b"ok"]] * 64


def test_the_lock_can_be_put_down_so_that_the_holder_may_call_back() -> None:
    lock = SerialLock()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read()
        if body == b"outer":
            with lock.released():
                return [b"outer saw ", *_ask(serial, b"inner")]
        assert lock.is_held()
        return [b"inner"]

    serial = Serial(app, lock)
    assert _ask(serial, b"outer") == [b"outer saw inner"]
    assert not lock.is_held()


def test_putting_down_a_lock_that_another_thread_holds_does_nothing() -> None:
    lock = SerialLock()
    with lock.held():
        thread = threading.Thread(target=_put_down, args=(lock,))
        thread.start()
        thread.join()
        assert lock.is_held()


def test_the_lock_is_free_after_a_failure() -> None:
    lock = SerialLock()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        raise ValueError

    try:
        Serial(app, lock)(_environ(), lambda *_: None)
    except ValueError:
        assert not lock.is_held()
    else:
        raise AssertionError("the failure was swallowed")


def test_the_body_is_read_whole_before_the_lock_is_taken() -> None:
    lock = SerialLock()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert not lock.is_held()
            return super().read(size)

    def app(environ: Any, start_response: Any) -> list[bytes]:
        return [environ["wsgi.input"].read()]

    environ = {"wsgi.input": Slow(b"a body"), "CONTENT_LENGTH": "6"}
    assert Serial(app, lock)(environ, lambda *_: None) == [b"a body"]


def _ask(serial: Serial, body: bytes) -> list[bytes]:
    answer: list[bytes] = []
    thread = threading.Thread(target=lambda: answer.extend(serial(_environ(body), lambda *_: None)))
    thread.start()
    thread.join(10)
    return answer


def _put_down(lock: SerialLock) -> None:
    with lock.released():
        pass
