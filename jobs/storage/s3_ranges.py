"""An S3 object as a file: each read is one ranged request, all of them of the same version."""

import io
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from jobs.errors import BadFile, ObjectMissing
from jobs.storage.aws_errors import error_code, named

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3 import S3Client


class RangeFile(io.RawIOBase):
    """One version of an object, read at any place.

    Parameters
    ----------
    client : S3 client
        Makes the requests, with its own retries.
    bucket, key : str
        Where the object is.
    version : str
        Its ETag; a read of any other version is refused by S3 itself.

    Raises
    ------
    ObjectMissing
        If there is no such object.
    BadFile
        If its contents are no longer that version.
    """

    def __init__(self, client: "S3Client", bucket: str, key: str, version: str) -> None:
        super().__init__()
        self._client, self._bucket, self._key, self._etag = client, bucket, key, f'"{version}"'
        self._place = 0
        try:
            self._size = client.head_object(Bucket=bucket, Key=key, IfMatch=self._etag)["ContentLength"]
        except (ClientError, BotoCoreError) as error:
            raise self._named(error) from error

    def readable(self) -> bool:
        """Return True: that is what it is for."""
        return True

    def seekable(self) -> bool:
        """Return True: that is what it is for."""
        return True

    def tell(self) -> int:
        """Return the place of the next read in bytes from the start."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the place of the next read, and return it."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, origin + offset)
        return self._place

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill `buffer` from the next place, and return how many bytes there were."""
        view = memoryview(buffer).cast("B")
        n = min(len(view), self._size - self._place)
        if n <= 0:
            return 0
        try:
            answer = self._client.get_object(
                Bucket=self._bucket,
                Key=self._key,
                Range=f"bytes={self._place}-{self._place + n - 1}",
                IfMatch=self._etag,
            )
            part = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise self._named(error) from error
        view[: len(part)] = part
        self._place += len(part)
        return len(part)

    def _named(self, error: ClientError | BotoCoreError) -> Exception:
        uri = f"s3://{self._bucket}/{self._key}"
        if isinstance(error, ClientError):
            if error_code(error) in {"PreconditionFailed", "412"}:
                return BadFile(f"{uri} has changed since the plan: plan the run again.")
            if error_code(error) in {"NoSuchKey", "NotFound", "404"}:
                return ObjectMissing(f"{uri} does not exist: check its name, or write it first.")
        return named(error, f"reading {uri}")
