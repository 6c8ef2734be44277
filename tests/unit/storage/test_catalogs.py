"""Catalogs: what cannot be opened is named, and many can open a new folder at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem
from pyiceberg.io.pyarrow import PyArrowFileIO

from jobs.errors import BadEnvironment, StorageUnavailable
from jobs.storage.catalogs import TenTries, cloud_tables, folder_tables
from tests.contract.scores import SCORES


@pytest.mark.parametrize("arn", ["", "my-bucket", "arn:aws:s3:::bucket", "arn:aws:s3tables:eu-west-1:12:bucket/x"])
def test_an_arn_that_is_none_is_refused_with_what_one_looks_like(arn: str) -> None:
    with pytest.raises(BadEnvironment, match="arn:aws:s3tables:REGION:ACCOUNT:bucket/NAME"):
        cloud_tables(arn, "netlift")


def test_a_catalog_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with pytest.raises(StorageUnavailable, match=r"opening the table catalog http://127\.0\.0\.1:9/iceberg: no answer"):
        cloud_tables("arn:aws:s3tables:eu-west-1:123456789012:bucket/x", "netlift", "http://127.0.0.1:9/iceberg")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadEnvironment, match="opening tables in"):
        folder_tables(tmp_path / "file" / "tables", "netlift")
    with pytest.raises(BadEnvironment, match="opening tables in"):
        folder_tables(tmp_path / "file", "netlift")


def test_many_can_open_a_new_folder_at_once(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def open_folder(_: int) -> int:
        start.wait()
        return folder_tables(tmp_path / "tables", "netlift").count(SCORES)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(open_folder, range(8))) == [0] * 8


def test_arrow_takes_our_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[object] = []
    monkeypatch.setattr("pyarrow.fs.S3FileSystem", lambda **kw: taken.append(kw["retry_strategy"]) or S3FileSystem())
    properties = {
        "s3.region": "eu-west-1",
        "s3.retry-strategy-impl": f"{TenTries.__module__}.{TenTries.__qualname__}",
    }
    PyArrowFileIO(properties).fs_by_scheme("s3", "bucket")
    assert isinstance(taken[0], AwsStandardS3RetryStrategy)
    assert taken[0].max_attempts == 10
