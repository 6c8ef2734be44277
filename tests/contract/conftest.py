"""Both homes of storage behind one fixture: every promise is kept in the cloud and in a folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.io.pyarrow import PyArrowFileIO

from infra.local.cloud import LocalCloud
from infra.local.home import LocalHome
from jobs.storage.catalogs import cloud_tables, folder_tables
from jobs.storage.folder_objects import FolderObjects
from jobs.storage.iceberg_tables import IcebergTables
from jobs.storage.s3_objects import S3Objects, s3_client
from jobs.storage.tables import StagedFile, Tables
from tests.clock import Clock
from tests.contract.scores import CAMPAIGN, DAY, SCORES, rows

SCOPE = {"run_date": DAY, "campaign_id": CAMPAIGN}


def passes() -> None:
    """A fence that everybody passes."""


def finish(tables: Tables, staged: list[StagedFile], run_id: str = "run-1", **scope: Any) -> bool:
    return tables.finish(SCORES, staged, {**SCOPE, **scope}, run_id=run_id, attempt=1, fence=passes)


@dataclass(frozen=True)
class Home:
    """One home: its objects, a way to open its tables anew, and the variables that lead a process to it."""

    objects: S3Objects | FolderObjects
    open_tables: Callable[[], IcebergTables]
    environment: Mapping[str, str]


@pytest.fixture(scope="session")
def shared_client(local_cloud: LocalCloud) -> Any:
    """One S3 client for the session: making one takes botocore a third of a second."""
    with local_cloud.applied():
        return s3_client()


@pytest.fixture(params=["folder", "cloud"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """An empty home of either sort."""
    if request.param == "cloud":
        local: LocalHome = request.getfixturevalue("local_home")
        return Home(
            S3Objects(local.bucket, "some/prefix", request.getfixturevalue("shared_client")),
            lambda: cloud_tables(local.table_bucket_arn, local.namespace, local.catalog_url),
            local.process_environment(),
        )
    folder = tmp_path / "a home, 100%#"
    return Home(
        FolderObjects(folder / "objects"),
        lambda: folder_tables(folder / "tables", "netlift"),
        {"NETLIFT_HOME": str(folder / "objects"), "NETLIFT_TABLES": str(folder / "tables")},
    )


@pytest.fixture
def objects(home: Home) -> S3Objects | FolderObjects:
    """Objects of either home."""
    return home.objects


@pytest.fixture
def tables(home: Home) -> IcebergTables:
    """Tables of either home."""
    return home.open_tables()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until it is told to move."""
    return Clock()


Stage = Callable[..., StagedFile]


@pytest.fixture
def stage(tables: IcebergTables) -> Stage:
    """Stages `n` rows of a day and campaign."""

    def stage_rows(day: date, campaign_id: str, n: int, run_id: str = "run-1", **values: Any) -> StagedFile:
        writer = tables.open_stage(SCORES, {"run_date": day, "campaign_id": campaign_id}, run_id)
        writer.write(rows(day, campaign_id, n, run_id, **values))
        staged = writer.close()
        assert staged is not None
        assert staged.rows == n
        return staged

    return stage_rows


def total(parts: Any) -> pa.Table:
    """All parts that a reader was given, as one table."""
    return pa.concat_tables(list(parts))


@pytest.fixture
def opened_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of all files that are opened for reading."""
    paths: list[str] = []
    real = PyArrowFileIO.new_input

    def counting(self: PyArrowFileIO, location: str) -> Any:
        paths.append(location)
        return real(self, location)

    monkeypatch.setattr(PyArrowFileIO, "new_input", counting)
    return paths
