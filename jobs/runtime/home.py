"""The light half of the wiring: objects, the ledger, the models. Opens without Arrow or Iceberg."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jobs.errors import BadEnvironment
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.ledger import Ledger
from jobs.storage.models import ModelStore
from jobs.storage.objects import Objects, SeekableObjects


def now() -> datetime:
    """Return the moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Home:
    """Where a run finds its inputs, its models and its ledger.

    Parameters
    ----------
    objects : Objects
        Inputs, campaign files, models, the ledger and published files.
    ledger : Ledger
        The only truth about runs.
    models : ModelStore
        Registered models and the log of champions.
    clock : callable
        Returns the moment, in UTC.
    """

    objects: Objects
    ledger: Ledger
    models: ModelStore
    clock: Callable[[], datetime]


def open_objects(environment: Mapping[str, str]) -> SeekableObjects:
    """Open the objects that ``NETLIFT_HOME`` names: ``s3://bucket/prefix``, or a folder.

    Raises
    ------
    BadEnvironment
        If the variable is not set.
    """
    home = environment.get("NETLIFT_HOME", "")
    if not home:
        raise BadEnvironment(
            "NETLIFT_HOME is not set: set it to s3://BUCKET/PREFIX or to a folder; 'make demo' needs neither."
        )
    if home.startswith("s3://"):
        from jobs.storage.s3_objects import S3Objects  # noqa: PLC0415  a folder needs no boto3

        bucket, _, prefix = home.removeprefix("s3://").partition("/")
        return S3Objects(bucket, prefix.strip("/"))
    return FolderObjects(Path(home))


def open_home(environment: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now) -> Home:
    """Open what the environment names."""
    objects = open_objects(environment)
    return Home(objects, Ledger(objects, clock), ModelStore(objects, clock), clock)
