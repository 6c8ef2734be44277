"""The whole wiring of a job: the home, its inputs, its tables."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jobs.errors import BadEnvironment
from jobs.runtime.home import Home, now, open_objects
from jobs.storage.catalogs import cloud_tables, folder_tables
from jobs.storage.inputs import Inputs
from jobs.storage.ledger import Ledger
from jobs.storage.models import ModelStore
from jobs.storage.online import OnlineRecords, open_online
from jobs.storage.tables import Tables


@dataclass(frozen=True)
class Stores(Home):
    """Everything from outside that a job is handed.

    Parameters
    ----------
    inputs : Inputs
        Reads the Parquet files of the night.
    tables : Tables
        Iceberg tables.
    online : OnlineRecords or None
        What the fraud endpoint reads; None where nobody asks it.
    """

    inputs: Inputs
    tables: Tables
    online: OnlineRecords | None = None


def open_stores(environment: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now) -> Stores:
    """Open the stores that the environment names.

    ``NETLIFT_HOME`` is ``s3://bucket/prefix`` or a folder. ``NETLIFT_TABLES`` is the ARN of a table bucket or
    a folder (by default ``tables`` inside a home that is a folder). ``NETLIFT_NAMESPACE`` is "netlift" unless
    set. ``NETLIFT_CATALOG_URL`` replaces the address of Amazon S3 Tables (the local cloud sets it).
    ``NETLIFT_SNAPSHOT_HOURS`` says after how many hours old snapshots of a table bucket's tables may expire.
    ``NETLIFT_ONLINE`` is ``dynamodb://TABLE`` or a folder, where the night writes what the fraud endpoint reads;
    without it the night writes no such thing.

    Raises
    ------
    BadEnvironment
        If a variable is missing or names nothing that can be opened.
    """
    objects = open_objects(environment)
    return Stores(
        objects=objects,
        ledger=Ledger(objects, clock),
        models=ModelStore(objects, clock),
        clock=clock,
        inputs=Inputs(objects),
        tables=_open_tables(environment),
        online=open_online(environment["NETLIFT_ONLINE"], clock) if environment.get("NETLIFT_ONLINE") else None,
    )


def _open_tables(environment: Mapping[str, str]) -> Tables:
    namespace = environment.get("NETLIFT_NAMESPACE", "netlift")
    home = environment.get("NETLIFT_HOME", "")
    where = environment.get("NETLIFT_TABLES") or ("" if home.startswith("s3://") else str(Path(home) / "tables"))
    if not where:
        raise BadEnvironment(
            "NETLIFT_TABLES is not set: set it to the ARN of an S3 table bucket (or a folder), "
            "as the stack's output TableBucketArn says."
        )
    if where.startswith("arn:"):
        return cloud_tables(
            where, namespace, environment.get("NETLIFT_CATALOG_URL"), snapshot_hours=_snapshot_hours(environment)
        )
    return folder_tables(Path(where), namespace)


def _snapshot_hours(environment: Mapping[str, str]) -> int | None:
    text = environment.get("NETLIFT_SNAPSHOT_HOURS", "")
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise BadEnvironment(
            f"NETLIFT_SNAPSHOT_HOURS is {text!r}: set it to a whole number of hours of at least 1, or leave it out."
        )
    return int(text)
