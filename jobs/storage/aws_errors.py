"""What AWS answers, in our own errors and one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as aws

from jobs.errors import BadEnvironment, NetliftError, StorageUnavailable

_REFUSED = {
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "ExpiredToken",
    "ForbiddenException",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "401",
    "403",
}
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
        StorageUnavailable where a retry can help, BadEnvironment where somebody must act.
    """
    if isinstance(error, aws.ClientError):
        code = error_code(error)
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code == "NoSuchBucket":
            return BadEnvironment(f"{what}: the bucket does not exist: create it, or correct NETLIFT_HOME.")
        if code in _REFUSED or status in {401, 403}:
            return BadEnvironment(f"{what}: AWS refused it ({code}): check the credentials and the role's permissions.")
        if code in _BUSY or status >= 500 or status == 429:
            return StorageUnavailable(f"{what}: AWS cannot do it now ({code or status}): try again.")
        message = error.response.get("Error", {}).get("Message", "")
        return BadEnvironment(
            f"{what}: AWS answered {code} {message!r}: check the bucket, the region and the settings."
        )
    if isinstance(error, _UNCONFIGURED):
        return BadEnvironment(f"{what}: {error}: set the AWS credentials and region, then try again.")
    return StorageUnavailable(f"{what}: no answer ({error}): check the network and try again.")


@contextmanager
def named_errors(what: str) -> Iterator[None]:
    """Raise our own errors for those of botocore that leave the block."""
    try:
        yield
    except (aws.ClientError, aws.BotoCoreError) as error:
        raise named(error, what) from error
