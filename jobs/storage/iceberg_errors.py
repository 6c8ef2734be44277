"""What Iceberg's catalog and file access answer, in our own errors and one sentence."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg import exceptions as ice
from sqlalchemy.exc import DatabaseError

from jobs.errors import BadEnvironment, NetliftError, NoCredentials, NotDeployed, NotPermitted, StorageUnavailable
from jobs.storage.aws_errors import named, permission

_NOBODY = (ice.UnauthorizedError, ice.OAuthError, ice.AuthorizationExpiredError)
_BUSY = (
    ice.CommitFailedException,
    ice.CommitStateUnknownException,
    ice.ServerError,
    ice.ServiceUnavailableError,
    requests.RequestException,
    DatabaseError,
)
_NOBODY_WORDS = ("InvalidAccessKeyId", "INVALID_ACCESS_KEY_ID", "SignatureDoesNotMatch", "EXPIRED_TOKEN")
_DURING = re.compile(r"ACCESS_DENIED during (?P<operation>\w+)")
_READING = {"GetObject", "HeadObject"}


def named_table_error(error: Exception, what: str) -> NetliftError | None:
    """Turn a failure of PyIceberg, Arrow or SQLite into one of ours; None for anything else.

    Parameters
    ----------
    error : Exception
        As it was raised.
    what : str
        What was asked of what, as the beginning of a sentence.
    """
    if isinstance(error, NetliftError):
        return error
    if isinstance(error, ClientError | BotoCoreError):
        return named(error, what)
    said = str(error)
    # The catalog says "forbidden" of a wrong signature too.
    if isinstance(error, _NOBODY) or _says(error, _NOBODY_WORDS) or (_is_forbidden(error) and "signature" in said):
        return NoCredentials(f"{what}: the credentials are refused ({_line(error)}): set others, or log in again.")
    if _is_forbidden(error):
        return NotPermitted(f"{what}: refused {_permission(said)}({_line(error)}): allow it to the role.")
    if _says(error, ("NO_SUCH_BUCKET",)):
        return NotDeployed(f"{what}: the bucket does not exist ({_line(error)}): deploy it, or correct NETLIFT_TABLES.")
    if isinstance(error, PermissionError | NotADirectoryError | FileExistsError):
        return BadEnvironment(f"{what}: {_line(error)}: check the folder and its permissions.")
    if isinstance(error, FileNotFoundError):
        return StorageUnavailable(f"{what}: {_line(error)}: the file is gone, read again or run the job again.")
    if isinstance(error, (*_BUSY, OSError)):
        return StorageUnavailable(f"{what}: no answer now ({_line(error)}): try again.")
    if isinstance(error, ice.RESTError):
        return BadEnvironment(
            f"{what}: the catalog refused it ({_line(error)}): check its address, the bucket and the region."
        )
    return None


@contextmanager
def named_table_errors(what: str) -> Iterator[None]:
    """Raise our own errors for those of PyIceberg, Arrow and SQLite that leave the block."""
    try:
        yield
    except Exception as error:
        ours = named_table_error(error, what)
        if ours is None or ours is error:
            raise
        raise ours from error


def _says(error: Exception, words: tuple[str, ...]) -> bool:
    """Whether Arrow, which has one class for all, says one of these words."""
    return isinstance(error, OSError) and any(word in str(error) for word in words)


def _is_forbidden(error: Exception) -> bool:
    return isinstance(error, ice.ForbiddenError) or _says(error, ("ACCESS_DENIED",))


def _permission(said: str) -> str:
    """Permission that is missing, with a space behind it; "" where nothing says which."""
    during = _DURING.search(said)
    of_data = (
        ""
        if during is None
        else "s3tables:GetTableData"
        if during["operation"] in _READING
        else ("s3tables:PutTableData")
    )
    action = permission(said) or of_data
    return f"{action} " if action else ""


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]
