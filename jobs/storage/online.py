"""The port of online records: small values under keys, read and changed while a payment waits."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeAlias

from jobs.errors import BadEnvironment, BadRequest

Record: TypeAlias = Mapping[str, int | str]
"""Fields by name: whole numbers and texts."""

EXPIRES_AT = "expires_at"
"""Field that holds the epoch second from which on a record counts as absent; without it a record stays."""

TOKEN = "token"  # noqa: S105  the name of a field, not a secret
"""Field by which `OnlineRecords.swap` knows a record again."""

READ_KEYS = 100
"""Records that are read at once, at most, as DynamoDB has it."""

CHANGED_KEYS = 25
"""Records that change together, at most: what both homes are held to."""

_SCHEME = "dynamodb://"


class OnlineRecords(Protocol):
    """Small records under keys; each operation is one moment for each record it touches."""

    @property
    def uri(self) -> str:
        """Address of the records."""

    def read(self, keys: Sequence[str]) -> dict[str, dict[str, int | str]]:
        """Return the records of `keys`, as they were last written; one that is absent or expired is left out.

        Raises
        ------
        BadRequest
            If there are more than `READ_KEYS`.
        StorageUnavailable
            If the home does not answer in time.
        """

    def write(self, records: Iterable[tuple[str, Record]]) -> int:
        """Write records in the place of what stands there, and return how many; not all at once."""

    def swap(self, key: str, record: Record, token: str | None) -> bool:
        """Write a record if the one that stands there holds `token`; None: if there is none.

        Of many writers at once exactly one gets True.
        """

    def add_once(
        self,
        key: str,
        record: Record,
        *,
        added: Mapping[str, Mapping[str, int]],
        set_to: Mapping[str, Mapping[str, str]],
        expires_at: int,
    ) -> bool:
        """Write a record if there is none under `key`, and change others with it, all or nothing.

        Parameters
        ----------
        key : str
            What happens once.
        record : mapping
            What is kept of it.
        added : mapping of str to mapping of str to int
            Numbers to add to fields, by key; a record that is absent begins at nothing.
        set_to : mapping of str to mapping of str to str
            Texts to set fields to, by key.
        expires_at : int
            Epoch second at which all of them expire.

        Returns
        -------
        bool
            False if the record was there already; then nothing has changed.
        """


def open_online(address: str, clock: Callable[[], datetime]) -> OnlineRecords:
    """Open online records by their address: ``dynamodb://TABLE``, or a folder.

    Raises
    ------
    BadEnvironment
        If the address is empty.
    """
    if not address:
        raise BadEnvironment("no address of online records is given: set it to dynamodb://TABLE or to a folder.")
    if address.startswith(_SCHEME):
        from jobs.storage.online_dynamodb import DynamoDbRecords  # noqa: PLC0415  a folder needs no boto3

        return DynamoDbRecords(address.removeprefix(_SCHEME), clock)
    from jobs.storage.online_folder import FolderRecords  # noqa: PLC0415  DynamoDB needs no SQLite

    return FolderRecords(Path(address), clock)


def check_keys(keys: Sequence[str], most: int) -> None:
    """Do nothing if there are at most so many keys, none of them empty or longer than DynamoDB allows.

    Raises
    ------
    BadRequest
        If there are more, or one cannot be a key.
    """
    if len(keys) > most:
        raise BadRequest(f"{len(keys)} records are asked for at once: ask for at most {most}.")
    for key in keys:
        if not 0 < len(key.encode()) <= 2048:
            raise BadRequest(f"key {key[:60]!r} of an online record is empty or longer than 2,048 bytes: shorten it.")
