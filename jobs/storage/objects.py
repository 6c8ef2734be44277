"""The port of objects: whole values under keys, written once and never changed."""

import re
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from jobs.errors import BadRequest

PRESIGN_LIMIT_S = 7 * 24 * 3600
"""Longest life of a presigned address in seconds: Amazon S3 allows no more."""

_KEY = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[^/\x00\\][^\x00\\]*(?<!/)")


@dataclass(frozen=True, order=True)
class ObjectInfo:
    """An object as a listing shows it.

    Parameters
    ----------
    key : str
        Key below the home's own prefix.
    size : int
        Bytes.
    version : str
        Changes whenever the contents do: an ETag, or the time of writing.
    """

    key: str
    size: int
    version: str


class Objects(Protocol):
    """Whole values under keys. Nothing is ever overwritten: a new value has a new key."""

    @property
    def uri(self) -> str:
        """Address of the home, without a slash at its end."""

    def get(self, key: str) -> bytes:
        """Return the contents.

        Raises
        ------
        ObjectMissing
            If there is no such object.
        """

    def list(self, prefix: str) -> list[ObjectInfo]:
        """Return all objects whose key begins with `prefix`, sorted by key."""

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write `body` unless `key` exists; of many writers at once exactly one gets True."""

    def presign(self, key: str, seconds: int) -> str:
        """Return an address from which anybody can read the object for `seconds` (1 to 604800).

        Raises
        ------
        ObjectMissing
            If there is no such object.
        """


class SeekableObjects(Objects, Protocol):
    """Objects whose contents can also be read in parts, as Parquet readers do."""

    def open(self, key: str, version: str) -> BinaryIO:
        """Open one version of an object for reading at any place.

        Raises
        ------
        ObjectMissing
            If there is no such object.
        BadFile
            If its contents are no longer that version.
        """


def check_key(key: str) -> str:
    """Return `key` if both homes can hold it.

    Raises
    ------
    BadRequest
        If it is empty, begins or ends with a slash, holds a backslash, or steps out with ``..``.

    Examples
    --------
    >>> check_key("ledger/2026-11-01/run/000001.json")
    'ledger/2026-11-01/run/000001.json'
    """
    if not _KEY.fullmatch(key) or "//" in key:
        raise BadRequest(
            f"key {key!r} is not allowed: use names joined by single slashes, without '..' or a backslash."
        )
    return key


def check_seconds(seconds: int) -> int:
    """Return `seconds` if an address may live that long.

    Raises
    ------
    BadRequest
        If it is not from 1 to 604800.
    """
    if not 1 <= seconds <= PRESIGN_LIMIT_S:
        raise BadRequest(f"seconds == {seconds}, must be from 1 to {PRESIGN_LIMIT_S} (7 days).")
    return seconds
