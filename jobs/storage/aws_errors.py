"""What AWS answers, in our own errors and one sentence."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as aws

from jobs.errors import BadEnvironment, NetliftError, NoCredentials, NotDeployed, NotPermitted, StorageUnavailable

_REFUSED = {"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "ForbiddenException", "403"}
_NOBODY = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "401",
}
_PERMISSIONS = {
    "GetObject": "s3:GetObject",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "PutObject": "s3:PutObject",
}
"""Permission that each operation of S3 that we use takes, as IAM names it."""
_SAID = re.compile(r"not authorized to perform:? (?P<action>[a-z0-9-]+:\w+)")
_BUSY = {
    "RequestTimeout",
    "RequestTimeTooSkewed",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "429",
}
_UNCONFIGURED = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.ProfileNotFound,
    aws.NoRegionError,
    aws.InvalidRegionError,
    aws.SSOError,
    aws.TokenRetrievalError,
    aws.ParamValidationError,
)


def error_code(error: aws.ClientError) -> str:
    """Return the code of an answer: a name such as SlowDown, or the HTTP status as text."""
    return str(error.response.get("Error", {}).get("Code", ""))


def named(error: aws.ClientError | aws.BotoCoreError, what: str) -> NetliftError:
    """Turn a failure of botocore into one of ours.

    Parameters
    ----------
    error : botocore exception
        As it was raised.
    what : str
        What was asked of which address, as the beginning of a sentence.

    Returns
    -------
    NetliftError
        StorageUnavailable where a retry can help; where somebody must act NotPermitted, which names the permission,
        NoCredentials, NotDeployed, or BadEnvironment.
    """
    if isinstance(error, aws.ClientError):
        code = error_code(error)
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code == "NoSuchBucket":
            return NotDeployed(f"{what}: the bucket does not exist: create it, or correct NETLIFT_HOME.")
        if code in _NOBODY or status == 401:
            return NoCredentials(f"{what}: AWS refused the credentials ({code}): set others, or log in again.")
        if code in _REFUSED or status == 403:
            action = permission(str(error)) or _PERMISSIONS.get(error.operation_name, error.operation_name)
            return NotPermitted(f"{what}: AWS refused {action} ({code}): allow it to the role, on what is named here.")
        if code in _BUSY or status >= 500 or status == 429:
            return StorageUnavailable(f"{what}: AWS cannot do it now ({code or status}): try again.")
        message = error.response.get("Error", {}).get("Message", "")
        return BadEnvironment(
            f"{what}: AWS answered {code} {message!r}: check the bucket, the region and the settings."
        )
    if isinstance(error, _UNCONFIGURED):
        return BadEnvironment(f"{what}: {error}: set the AWS credentials and region, then try again.")
    return StorageUnavailable(f"{what}: no answer ({error}): check the network and try again.")


def permission(said: str) -> str:
    """Return the permission that AWS says is missing, "" where it does not say.

    Examples
    --------
    >>> permission("User: arn:aws:sts::1:role/r is not authorized to perform: s3:PutObject on resource: x")
    's3:PutObject'
    """
    match = _SAID.search(said)
    return match["action"] if match else ""


@contextmanager
def named_errors(what: str) -> Iterator[None]:
    """Raise our own errors for those of botocore that leave the block."""
    try:
        yield
    except (aws.ClientError, aws.BotoCoreError) as error:
        raise named(error, what) from error
