"""moto refuses to list the objects of a table's storage, as AWS does, but lists their versions: refuse that too."""

from functools import cache
from typing import Any

from moto.s3.exceptions import MethodNotAllowed
from moto.s3.models import FakeTableStorageBucket, S3Backend

from infra.local.mends.pinned import expect_moto

_original = S3Backend.list_object_versions


@cache
def apply() -> None:
    """Answer 405 to ListObjectVersions on the storage of a table.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or refuses it by itself.
    """
    names = _original.__code__.co_names
    expect_moto(__name__, "MethodNotAllowed" not in names and "FakeTableStorageBucket" not in names)
    S3Backend.list_object_versions = _list_object_versions


def _list_object_versions(self: S3Backend, bucket_name: str, *args: Any, **kwargs: Any) -> Any:
    if isinstance(self.get_bucket(bucket_name), FakeTableStorageBucket):
        raise MethodNotAllowed()
    return _original(self, bucket_name, *args, **kwargs)
