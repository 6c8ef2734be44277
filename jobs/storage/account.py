"""What a deployment needs of an AWS account: asked for quickly, and told apart where it is missing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore import exceptions as aws
from botocore.config import Config
from pyiceberg import exceptions as ice

from jobs.errors import BadEnvironment, NetliftError, NoCredentials, NotDeployed, NotPermitted, StorageUnavailable
from jobs.storage.aws_errors import error_code, named

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[a-z0-9._/-]+)(?::(?P<tag>[A-Za-z0-9._-]+)|@(?P<digest>sha256:[0-9a-f]{64}))"
)
_NOBODY = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_ABSENT = {
    "404",
    "ImageNotFoundException",
    "NoSuchBucket",
    "NotFound",
    "NotFoundException",
    "RepositoryNotFoundException",
    "ResourceNotFoundException",
}
_UNIDENTIFIED = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.ProfileNotFound,
    aws.SSOError,
    aws.TokenRetrievalError,
)
_UNREACHABLE = (aws.HTTPClientError, aws.EndpointConnectionError)


def caller() -> str:
    """Return the ARN of whoever the credentials are; any credentials may ask.

    Raises
    ------
    NoCredentials
        If there are none, or AWS does not know them.
    StorageUnavailable
        If AWS does not answer.
    """
    with diagnosed("the AWS credentials", action="sts:GetCallerIdentity", setting="AWS_PROFILE"):
        return str(_client("sts").get_caller_identity()["Arn"])


def require_bucket(bucket: str) -> None:
    """Do nothing if a bucket exists and may be listed."""
    with diagnosed(f"bucket {bucket}", action="s3:ListBucket", setting="NETLIFT_HOME"):
        _client("s3").head_bucket(Bucket=bucket)


def require_table_bucket(arn: str) -> None:
    """Do nothing if a table bucket exists and may be looked at.

    Raises
    ------
    BadEnvironment
        If `arn` is no ARN of a table bucket.
    """
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "s3tables" or not parts[5].startswith("bucket/"):
        raise BadEnvironment(
            f"NETLIFT_TABLES is {arn!r}: set it to arn:aws:s3tables:REGION:ACCOUNT:bucket/NAME, "
            "as the stack's output TableBucketArn says."
        )
    with diagnosed(f"table bucket {arn}", action="s3tables:GetTableBucket", setting="NETLIFT_TABLES"):
        _client("s3tables", parts[3]).get_table_bucket(tableBucketARN=arn)


def require_queue(name: str) -> None:
    """Do nothing if a job queue of AWS Batch exists and takes jobs.

    Raises
    ------
    NotDeployed
        If it does not exist, or is disabled or invalid.
    """
    with diagnosed(f"job queue {name}", action="batch:DescribeJobQueues", setting="NETLIFT_QUEUE"):
        found = _client("batch").describe_job_queues(jobQueues=[name])["jobQueues"]
    if not found:
        raise NotDeployed(f"job queue {name} does not exist: deploy template.yaml, or correct NETLIFT_QUEUE.")
    state, status = found[0]["state"], found[0]["status"]
    if (state, status) != ("ENABLED", "VALID"):
        raise NotDeployed(f"job queue {name} is {state} and {status}: enable it, and look at its compute environment.")


def require_image(uri: str) -> None:
    """Do nothing if a container image lies in its registry.

    Raises
    ------
    BadEnvironment
        If `uri` is no address of an image in Amazon ECR.
    NotDeployed
        If it is not there.
    """
    match = _IMAGE.fullmatch(uri)
    if match is None:
        raise BadEnvironment(
            f"NETLIFT_IMAGE is {uri!r}: set it to ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG, as make image prints."
        )
    which = {"imageDigest": match["digest"]} if match["digest"] else {"imageTag": match["tag"]}
    with diagnosed(f"image {uri}", action="ecr:DescribeImages", setting="NETLIFT_IMAGE"):
        _client("ecr", match["region"]).describe_images(
            registryId=match["account"], repositoryName=match["repository"], imageIds=[which]
        )


def schedule(name: str) -> dict[str, Any]:
    """Return a schedule of EventBridge Scheduler.

    Raises
    ------
    NotDeployed
        If there is none of this name.
    """
    with diagnosed(f"schedule {name}", action="scheduler:GetSchedule", setting="NETLIFT_STAGE"):
        return dict(_client("scheduler").get_schedule(Name=name))


@contextmanager
def diagnosed(what: str, *, action: str, setting: str) -> Iterator[None]:
    """Raise, for a failure of AWS or of our storage that leaves the block, the class that says what to do.

    Parameters
    ----------
    what : str
        What was looked for, as the beginning of a sentence.
    action : str
        Permission that it takes, as IAM names it.
    setting : str
        Variable that names it.

    Raises
    ------
    NoCredentials, NotPermitted, NotDeployed, StorageUnavailable
        By the cause; any other failure as it is.
    """
    try:
        yield
    except (NetliftError, aws.ClientError, aws.BotoCoreError) as error:
        cause = _root(error)
        ours = _diagnosis(cause, what, action, setting)
        if ours is not None:
            raise ours from error
        if isinstance(error, aws.ClientError | aws.BotoCoreError):
            raise named(error, what) from error
        raise


def _diagnosis(cause: BaseException, what: str, action: str, setting: str) -> NetliftError | None:
    said = _line(cause)
    refused = isinstance(cause, ice.ForbiddenError | ice.UnauthorizedError)
    refused = refused or (isinstance(cause, OSError) and "ACCESS_DENIED" in str(cause))
    absent = isinstance(cause, OSError) and "NO_SUCH_BUCKET" in str(cause)
    # The catalog of tables says "forbidden" of a wrong signature too.
    forged = refused and ("signature" in said.lower() or any(code in said for code in _NOBODY))
    refused = refused and not forged
    unknown = forged or isinstance(cause, _UNIDENTIFIED)
    if isinstance(cause, aws.ClientError):
        code = said = error_code(cause)
        status = int(cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        unknown = code in _NOBODY
        absent = code in _ABSENT
        refused = not unknown and not absent and (status in {401, 403} or code.startswith("AccessDenied"))
    if unknown:
        return NoCredentials(
            f"{what}: no valid AWS credentials ({said}): set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or log in again."
        )
    if absent:
        return NotDeployed(f"{what} does not exist: deploy template.yaml, or correct {setting}.")
    if refused:
        return NotPermitted(f"{what}: {action} is refused ({said}): allow it to these credentials' role.")
    if isinstance(cause, _UNREACHABLE):
        return StorageUnavailable(f"{what}: no answer ({said}): check the network, the region and AWS_ENDPOINT_URL.")
    return None


def _root(error: BaseException) -> BaseException:
    """Return what our own error was raised from, at last."""
    while isinstance(error, NetliftError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _client(service: str, region: str | None = None) -> Any:
    """Return a client that gives up soon: whoever asks is waiting in front of a terminal."""
    settings = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=3, read_timeout=10)
    session: Any = boto3.Session(region_name=region)
    return session.client(service, config=settings)


def _line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]
