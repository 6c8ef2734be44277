"""Delete what a stack keeps when it goes: its table buckets with their tables, its buckets with all versions."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

Client = Callable[..., Any]
"""Makes a boto3 client of a service."""

_TRIES = 10
_WAIT_S = 6.0
_AT_ONCE = 1000


@dataclass(frozen=True)
class Kept:
    """What a stack made and does not delete.

    Parameters
    ----------
    buckets : tuple of str
        Names of buckets.
    table_buckets : tuple of str
        ARNs of table buckets.
    """

    buckets: tuple[str, ...] = ()
    table_buckets: tuple[str, ...] = ()


def kept_by(client: Client, stack: str) -> Kept:
    """Find what a stack would leave behind; nothing of a stack that does not exist."""
    try:
        pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        found = [resource for page in pages for resource in page["StackResourceSummaries"]]
    except ClientError as error:
        if "does not exist" in str(error):
            return Kept()
        raise
    of_type = {
        kind: tuple(r["PhysicalResourceId"] for r in found if r["ResourceType"] == kind and r.get("PhysicalResourceId"))
        for kind in ("AWS::S3::Bucket", "AWS::S3Tables::TableBucket")
    }
    return Kept(of_type["AWS::S3::Bucket"], of_type["AWS::S3Tables::TableBucket"])


def delete_tables(client: Client, kept: Kept) -> None:
    """Delete all tables, so that their namespaces can go with the stack."""
    tables = client("s3tables")
    for arn in kept.table_buckets:
        for page in _pages(tables, "list_tables", "tables", arn):
            tables.delete_table(tableBucketARN=arn, namespace=page["namespace"][0], name=page["name"])


def delete_buckets(client: Client, kept: Kept, sleep: Callable[[float], None] = time.sleep) -> None:
    """Delete table buckets and buckets, with everything that is in them.

    Parameters
    ----------
    client : callable
        Makes a boto3 client of a service.
    kept : Kept
        What is deleted; what is gone already is passed over.
    sleep : callable
        Waits some seconds: an access log is delivered late, and fills its bucket again.

    Raises
    ------
    botocore.exceptions.ClientError
        If a bucket cannot be deleted.
    """
    tables, s3 = client("s3tables"), client("s3")
    for arn in kept.table_buckets:
        with _Gone("NotFoundException"):
            for space in _pages(tables, "list_namespaces", "namespaces", arn):
                tables.delete_namespace(tableBucketARN=arn, namespace=space["namespace"][0])
            tables.delete_table_bucket(tableBucketARN=arn)
    # the log of a bucket's accesses is the last to be quiet
    for bucket in sorted(kept.buckets, key=lambda name: "log" in name):
        with _Gone("NoSuchBucket"):
            for attempt in range(1, _TRIES + 1):
                _empty(s3, bucket)
                try:
                    s3.delete_bucket(Bucket=bucket)
                    break
                except ClientError as error:
                    if error.response["Error"]["Code"] != "BucketNotEmpty" or attempt == _TRIES:
                        raise
                    sleep(_WAIT_S)


def _empty(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        doomed = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
        for first in range(0, len(doomed), _AT_ONCE):
            s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed[first : first + _AT_ONCE], "Quiet": True})


def _pages(client: Any, operation: str, name: str, arn: str) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(tableBucketARN=arn):
        yield from page[name]


class _Gone:
    """Passes over the error that says that a thing is gone already."""

    def __init__(self, code: str) -> None:
        self._code = code

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, ClientError) and error.response["Error"]["Code"] == self._code
