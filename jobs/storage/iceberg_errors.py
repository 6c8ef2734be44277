"""What Iceberg's catalog and file access answer, in our own errors and one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg import exceptions as ice
from sqlalchemy.exc import DatabaseError

from jobs.errors import BadEnvironment, NetliftError, StorageUnavailable
from jobs.storage.aws_errors import named

_REFUSED = (ice.UnauthorizedError, ice.ForbiddenError, ice.OAuthError, ice.AuthorizationExpiredError)
_BUSY = (
    ice.CommitFailedException,
    ice.CommitStateUnknownException,
    ice.ServerError,
    ice.ServiceUnavailableError,
    requests.RequestException,
    DatabaseError,
)
_REFUSED_WORDS = ("ACCESS_DENIED", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NO_SUCH_BUCKET", "EXPIRED_TOKEN")


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
    if isinstance(error, _REFUSED) or _is_refusal(error):
        return BadEnvironment(f"{what}: refused ({_line(error)}): check the credentials and the role's permissions.")
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


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, OSError) and any(word in str(error) for word in _REFUSED_WORDS)


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]
