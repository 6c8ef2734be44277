"""A run of storage alone that stops where it is told: ``python -m tests.faults.storage_worker POINT [DAYS]``."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from os import environ
from pathlib import Path

from jobs.storage.catalogs import cloud_tables, folder_tables
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.iceberg_tables import IcebergTables
from jobs.storage.ledger import Ledger, RunKey
from jobs.storage.objects import Objects
from jobs.storage.s3_objects import S3Objects
from jobs.storage.tables import StagedFile
from tests.contract.scores import CAMPAIGN, DAY, SCORES, rows

POINTS = ("writing", "staged", "recorded", "fence", "commit", "committed", "finished")
"""Where a process can be stopped, in the order of the run."""

SHARDS = (500, 700)
"""Rows of each shard."""


@dataclass(frozen=True)
class Stores:
    """What the run is handed."""

    objects: Objects
    tables: IcebergTables


def open_stores(env: Mapping[str, str]) -> Stores:
    """Open the home that the environment names."""
    home, where = env["NETLIFT_HOME"], env["NETLIFT_TABLES"]
    if home.startswith("s3://"):
        bucket, _, prefix = home.removeprefix("s3://").partition("/")
        return Stores(
            S3Objects(bucket, prefix), cloud_tables(where, env["NETLIFT_NAMESPACE"], env["NETLIFT_CATALOG_URL"])
        )
    return Stores(FolderObjects(Path(home)), folder_tables(Path(where), "netlift"))


def run(stores: Stores, day: date, at: Callable[[str], None], clock: Callable[[], datetime]) -> int:
    """Claim, stage, commit and report one run; `at` is told each point as it is reached. Returns the attempt."""
    ledger = Ledger(stores.objects, clock)
    key = RunKey("score", CAMPAIGN, day, "ab" * 32)
    if ledger.report(key) is not None:
        return 0
    claim = ledger.claim(key, "worker")
    scope = {"run_date": day, "campaign_id": CAMPAIGN}
    for shard, n in enumerate(SHARDS):
        if shard in ledger.staged(key):
            continue
        writer = stores.tables.open_stage(SCORES, scope, f"{key.run_id}-{shard}-{claim.attempt}")
        writer.write(rows(day, CAMPAIGN, n, key.run_id).slice(0, n // 2))
        at("writing")
        writer.write(rows(day, CAMPAIGN, n, key.run_id).slice(n // 2))
        staged = writer.close()
        assert staged is not None
        at("staged")
        ledger.record_staged(claim, shard, staged.to_dict())
        at("recorded")

    def fence() -> None:
        ledger.require_newest(claim)
        at("fence")

    catalog = stores.tables._catalog  # the last moment before the commit can be met nowhere else
    commit = catalog.commit_table
    catalog.commit_table = lambda *args: (at("commit"), commit(*args))[1]  # type: ignore[method-assign]
    files = [StagedFile.from_dict(record) for _, record in sorted(ledger.staged(key).items())]
    stores.tables.finish(SCORES, files, scope, run_id=key.run_id, attempt=claim.attempt, fence=fence)
    at("committed")
    ledger.finish(claim, {"rows": sum(f.rows for f in files)})
    at("finished")
    return claim.attempt


def stop_at(point: str) -> Callable[[str], None]:
    """Say that the point is reached, and go no further until somebody says so."""

    def at(reached: str) -> None:
        if reached == point:
            print(reached, flush=True)
            sys.stdin.readline()

    return at


if __name__ == "__main__":
    days_on = timedelta(days=int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    run(open_stores(environ), DAY + days_on, stop_at(sys.argv[1]), lambda: datetime.now(UTC))
