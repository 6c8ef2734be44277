"""The lease that the shards of a run share: what it costs them, by how many they are.

``python -m tests.bench.lease`` prints one JSON object as its last line: CPU seconds, requests and log entries of 20
and 60 workers that each renew five times, all at once each time, on a folder home; and the ratio of the two, which
is 3 where each worker costs the same however many there are.
"""

import json
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from jobs.storage.folder_objects import FolderObjects
from jobs.storage.ledger import Ledger, RunKey
from jobs.storage.objects import ObjectInfo
from tests.bench.cpu_seconds import timed
from tests.clock import Clock

RENEWALS = 5
FEW, MANY = 20, 60
LARGEST_RATIO = 1.5 * MANY / FEW
KEY = RunKey("score-uplift", "spring", date(2026, 11, 22), "ab" * 32)


class Counted(FolderObjects):
    """Objects that count what is asked of them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.requests = Counter[str]()
        self._lock = threading.Lock()

    def _count(self, request: str) -> None:
        with self._lock:
            self.requests[request] += 1

    def get(self, key: str) -> bytes:
        self._count("get")
        return super().get(key)

    def list(self, prefix: str) -> list[ObjectInfo]:
        self._count("list")
        return super().list(prefix)

    def put_if_absent(self, key: str, body: bytes) -> bool:
        self._count("put")
        return super().put_if_absent(key, body)


def renewals(workers: int, folder: Path) -> dict[str, Any]:
    """Let workers of one attempt, each with a ledger of its own as a process has, renew at the same moments."""
    clock = Clock()
    objects = Counted(folder)
    claim = Ledger(objects, clock).claim(KEY, "planner")
    ledgers = [Ledger(objects, clock) for _ in range(workers)]
    together = threading.Barrier(workers)

    def renew(ledger: Ledger) -> None:
        together.wait()
        ledger.renew(claim)

    def work() -> None:
        with ThreadPoolExecutor(workers) as threads:
            for _ in range(RENEWALS):
                clock.now += timedelta(seconds=20)
                list(threads.map(renew, ledgers))

    took = timed(work)
    entries = len(objects.list("ledger/"))
    return {"cpu_s": round(took.cpu_s, 3), **{f"{r}s": n for r, n in objects.requests.items()}, "entries": entries}


def main() -> int:
    """Measure, print, and end with 1 if the bar was missed."""
    measured = {}
    for workers in (FEW, MANY):
        with tempfile.TemporaryDirectory() as folder:
            measured[workers] = renewals(workers, Path(folder))
    ratio = round(measured[MANY]["cpu_s"] / measured[FEW]["cpu_s"], 2)
    result = {f"workers_{n}": of for n, of in measured.items()} | {"cpu_ratio": ratio, "workers_ratio": MANY / FEW}
    print(json.dumps({**result, "bars": {"cpu_ratio": ratio <= LARGEST_RATIO}}))
    return 0 if ratio <= LARGEST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
