"""Log lines: JSON, and on every line of a run its id, its verb and its shard."""

import contextvars
import json
import logging
import threading
from collections.abc import Iterator

import pytest

from jobs.runtime.logs import about, to_stderr

log = logging.getLogger("jobs.somewhere")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging as it was before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("jobs", "functions", "infra")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_every_line_within_a_run_says_which_run_whoever_logs_it(capsys: pytest.CaptureFixture[str]) -> None:
    to_stderr(logging.INFO)
    with about(run_id="r1", verb="score-fraud", shard=0):
        log.info("ours")
        logging.getLogger("botocore").warning("a library's")
    first, second = lines(capsys)
    for line in (first, second):
        assert (line["run_id"], line["verb"], line["shard"]) == ("r1", "score-fraud", 0)
    assert (first["message"], first["level"], second["logger"]) == ("ours", "info", "botocore")


def test_outside_of_a_run_no_line_names_one(capsys: pytest.CaptureFixture[str]) -> None:
    to_stderr(logging.INFO)
    with about(run_id="r1"):
        pass
    log.info("after")
    [line] = lines(capsys)
    assert set(line) == {"at", "level", "logger", "message"}


def test_an_inner_block_adds_to_an_outer_one_and_a_records_own_value_wins(capsys: pytest.CaptureFixture[str]) -> None:
    to_stderr(logging.INFO)
    with about(run_id="r1", verb="v"):
        with about(shard=2):
            log.info("inner", extra={"verb": "other"})
        log.info("outer")
    inner, outer = lines(capsys)
    assert (inner["run_id"], inner["shard"], inner["verb"]) == ("r1", 2, "other")
    assert "shard" not in outer


def test_a_thread_started_with_the_runs_context_says_which_run(capsys: pytest.CaptureFixture[str]) -> None:
    to_stderr(logging.INFO)
    with about(run_id="r1"):
        thread = threading.Thread(target=contextvars.copy_context().run, args=(log.info, "beat"))
        thread.start()
        thread.join()
    assert lines(capsys)[0]["run_id"] == "r1"


def test_a_traceback_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    to_stderr(logging.INFO)
    try:
        int("first\nsecond")
    except ValueError:
        log.exception("it failed")
    [line] = lines(capsys)
    assert str(line["error"]).startswith("Traceback")
    assert "ValueError" in str(line["error"])
