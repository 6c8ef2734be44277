"""The format of logs, in one place: JSON lines with run, verb and shard on every line of a run."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

_OURS = ("run_id", "verb", "shard", "part")
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_about: ContextVar[Mapping[str, Any]] = ContextVar("about", default=_NOTHING)


@contextmanager
def about(**known: Any) -> Iterator[None]:
    """Put what is known of a run on every line that is logged within the block, whoever logs it.

    A thread has no part in it unless it was started with ``contextvars.copy_context().run``.

    Parameters
    ----------
    **known
        ``run_id``, ``verb``, ``shard`` and ``part``, as far as they are known; an inner block adds to an outer one.

    Examples
    --------
    >>> with about(run_id="r1", verb="score-fraud"), about(shard=3):
    ...     line = JsonLine().format(logging.LogRecord("jobs", logging.INFO, "", 0, "hello", (), None))
    >>> {name: json.loads(line)[name] for name in ("message", "run_id", "verb", "shard")}
    {'message': 'hello', 'run_id': 'r1', 'verb': 'score-fraud', 'shard': 3}
    """
    token = _about.set({**_about.get(), **known})
    try:
        yield
    finally:
        _about.reset(token)


class JsonLine(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        known = _about.get()
        line |= {
            name: getattr(record, name, known.get(name)) for name in _OURS if name in known or name in vars(record)
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def to_stderr(level: int = logging.WARNING) -> None:
    """Send logs to stderr; our own from `level` on, others from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    for ours in ("jobs", "functions", "infra"):
        logging.getLogger(ours).setLevel(level)
