"""Objects in an S3 bucket, below a prefix; conditional writes decide every race."""

import random
import time
import uuid
from typing import TYPE_CHECKING, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from jobs.errors import NetliftError, ObjectMissing, StorageUnavailable
from jobs.storage.aws_errors import error_code, named, named_errors
from jobs.storage.objects import ObjectInfo, check_key, check_seconds
from jobs.storage.s3_ranges import RangeFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PUT_TOKEN = "netlift-put"  # noqa: S105  a name of metadata, not a secret
_CONFLICT_TRIES = 10
_ABSENT = {"NoSuchKey", "404", "NotFound"}


def s3_client(region: str | None = None, endpoint_url: str | None = None) -> "S3Client":
    """Return a client that outlasts bad minutes: ten tries in botocore's standard mode.

    Parameters
    ----------
    region : str, optional
        AWS region; by default the environment's.
    endpoint_url : str, optional
        Address of a local cloud; by default the environment's ``AWS_ENDPOINT_URL``, else AWS.
    """
    settings = Config(
        retries={"mode": "standard", "total_max_attempts": 10},
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=32,
    )
    with named_errors("opening S3"):
        return boto3.Session(region_name=region).client("s3", endpoint_url=endpoint_url, config=settings)


class S3Objects:
    """Objects of one bucket below one prefix.

    Parameters
    ----------
    bucket : str
        Name of the bucket.
    prefix : str
        Folder within it, "" for the whole bucket.
    client : S3 client, optional
        By default one from :func:`s3_client`.
    """

    def __init__(self, bucket: str, prefix: str = "", client: "S3Client | None" = None) -> None:
        self.bucket = bucket
        self.client = client or s3_client()
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    @property
    def uri(self) -> str:
        """Address of the bucket and prefix."""
        return f"s3://{self.bucket}/{self._prefix}".rstrip("/")

    def get(self, key: str) -> bytes:
        """Return the contents of an object."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self._full(key))
            return answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise self._named(error, key, "reading") from error

    def list(self, prefix: str) -> list[ObjectInfo]:
        """Return all objects whose key begins with `prefix`, sorted by key."""
        with named_errors(f"listing {self.uri}/{prefix}"):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self._prefix + prefix
            )
            found = [
                ObjectInfo(o["Key"].removeprefix(self._prefix), o["Size"], o["ETag"].strip('"'))
                for page in pages
                for o in page.get("Contents", [])
                if not o["Key"].endswith("/")
            ]
        return sorted(found)

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write `body` unless `key` exists; of many writers at once exactly one gets True."""
        token = uuid.uuid4().hex
        for attempt in range(_CONFLICT_TRIES):
            try:
                self.client.put_object(
                    Bucket=self.bucket, Key=self._full(key), Body=body, IfNoneMatch="*", Metadata={_PUT_TOKEN: token}
                )
            except ClientError as error:
                if error_code(error) in {"PreconditionFailed", "412"}:
                    return self._is_ours(key, token, error, attempt)
                if error_code(error) not in {"ConditionalRequestConflict", "OperationAborted", "409"}:
                    raise self._named(error, key, "writing") from error
                time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311  jitter, not a secret
            except BotoCoreError as error:
                raise self._named(error, key, "writing") from error
            else:
                return True
        raise StorageUnavailable(f"writing {self.uri}/{key}: {_CONFLICT_TRIES} conflicts in a row: try again.")

    def presign(self, key: str, seconds: int) -> str:
        """Return an address from which anybody can read the object for `seconds`."""
        check_seconds(seconds)
        self._head(key)
        with named_errors(f"signing {self.uri}/{key}"):
            return self.client.generate_presigned_url(
                "get_object", Params={"Bucket": self.bucket, "Key": self._full(key)}, ExpiresIn=seconds
            )

    def open(self, key: str, version: str) -> BinaryIO:
        """Open one version of an object for reading at any place, a request for each part."""
        return cast("BinaryIO", RangeFile(self.client, self.bucket, self._full(key), version))

    def _full(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _head(self, key: str) -> dict[str, str]:
        try:
            return self.client.head_object(Bucket=self.bucket, Key=self._full(key))["Metadata"]
        except (ClientError, BotoCoreError) as error:
            raise self._named(error, key, "looking at") from error

    def _is_ours(self, key: str, token: str, error: ClientError, attempt: int) -> bool:
        """Whether the object that stands in the way is our own: written by a try whose answer was lost."""
        tried_before = attempt > 0 or int(error.response["ResponseMetadata"].get("RetryAttempts", 0)) > 0
        return tried_before and self._head(key).get(_PUT_TOKEN) == token

    def _named(self, error: ClientError | BotoCoreError, key: str, doing: str) -> NetliftError:
        if isinstance(error, ClientError) and error_code(error) in _ABSENT:
            return ObjectMissing(f"{self.uri}/{key} does not exist: check its name, or write it first.")
        return named(error, f"{doing} {self.uri}/{key}")
