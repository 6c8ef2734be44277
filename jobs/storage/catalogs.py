"""Opens the two homes of tables: a folder with SQLite, and Amazon S3 Tables."""

import os
import re
from functools import partial
from pathlib import Path
from urllib.parse import quote

from pyarrow.fs import AwsStandardS3RetryStrategy
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import BadRequestError, ServerError, ServiceUnavailableError
from sqlalchemy.exc import OperationalError

from jobs.errors import BadEnvironment, NotDeployed, StorageUnavailable
from jobs.storage.iceberg_errors import named_table_errors
from jobs.storage.iceberg_tables import IcebergTables
from jobs.storage.snapshot_retention import SnapshotRetention

_TABLE_BUCKET = re.compile(r"arn:aws[a-z-]*:s3tables:(?P<region>[a-z0-9-]+):\d{12}:bucket/[a-z0-9-]+")
_OPEN_TRIES = 5
_LOCK_WAIT_S = 60
_ANSWER_WAIT_S = (5, 60)


class TenTries(AwsStandardS3RetryStrategy):  # type: ignore[misc]
    """Arrow's standard retries, ten of them: with its own three, one operation in a hundred fails on a bad day."""

    def __init__(self) -> None:
        super().__init__(max_attempts=10)


def folder_tables(path: Path, namespace: str) -> IcebergTables:
    """Open the tables of a folder: data and metadata as files, the newest states in SQLite.

    Parameters
    ----------
    path : pathlib.Path
        The folder; it is made if there is none. It must stay where it is: the metadata hold full paths.
    namespace : str
        Where in the catalog the tables are.

    Raises
    ------
    BadEnvironment
        If the folder cannot be made or written.
    """
    root = Path(path).absolute()
    with named_table_errors(f"opening tables in {root}"):
        root.mkdir(parents=True, exist_ok=True)
        for attempt in range(_OPEN_TRIES):
            try:
                return IcebergTables(_sqlite_catalog(root), namespace)
            except OperationalError:
                # Two processes that open a new folder at once both make SQLite's tables: one comes second.
                if attempt == _OPEN_TRIES - 1:
                    raise
    raise StorageUnavailable(f"tables in {root} could not be opened: try again.")


def cloud_tables(
    table_bucket_arn: str,
    namespace: str,
    catalog_url: str | None = None,
    s3_endpoint: str | None = None,
    snapshot_hours: int | None = None,
) -> IcebergTables:
    """Open the tables of a table bucket of Amazon S3 Tables, by its Iceberg REST catalog and signed requests.

    Parameters
    ----------
    table_bucket_arn : str
        Which table bucket; its region is the catalog's.
    namespace : str
        Where in the table bucket the tables are.
    catalog_url : str, optional
        Address of the catalog; by default that of Amazon S3 Tables in the region.
    s3_endpoint : str, optional
        Address of S3; by default the environment's ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL``, else AWS.
    snapshot_hours : int, optional
        Hours after which snapshots of tables that are committed to may expire; by default what S3 Tables has, 120.

    Raises
    ------
    BadEnvironment
        If the ARN is none, the credentials are refused (NoCredentials, NotPermitted), or there is no such table
        bucket (NotDeployed).
    StorageUnavailable
        If the catalog does not answer.
    """
    match = _TABLE_BUCKET.fullmatch(table_bucket_arn)
    if match is None:
        raise BadEnvironment(
            f"table bucket {table_bucket_arn!r} is no ARN of one: it looks like "
            "arn:aws:s3tables:REGION:ACCOUNT:bucket/NAME, see the stack's output TableBucketArn."
        )
    region = match["region"]
    url = catalog_url or f"https://s3tables.{region}.amazonaws.com/iceberg"
    endpoint = s3_endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    properties = {
        "uri": url.rstrip("/"),
        "warehouse": table_bucket_arn,
        "rest.sigv4-enabled": "true",
        "rest.signing-name": "s3tables",
        "rest.signing-region": region,
        "client.region": region,
        "s3.region": region,
        "s3.retry-strategy-impl": f"{TenTries.__module__}.{TenTries.__qualname__}",
        "py-io-impl": os.environ.get("NETLIFT_FILE_IO", "pyiceberg.io.pyarrow.PyArrowFileIO"),
        **({"s3.endpoint": endpoint} if endpoint else {}),
    }
    with named_table_errors(f"opening the table catalog {url}"):
        catalog = _rest_catalog(properties)
    if snapshot_hours is None:
        return IcebergTables(catalog, namespace)
    return IcebergTables(catalog, namespace, retain=SnapshotRetention(table_bucket_arn, namespace, snapshot_hours).keep)


def _rest_catalog(properties: dict[str, str]) -> RestCatalog:
    for attempt in range(_OPEN_TRIES):
        try:
            catalog = RestCatalog("netlift", **properties)
            break
        except (ServerError, ServiceUnavailableError):
            if attempt == _OPEN_TRIES - 1:
                raise
        except BadRequestError as error:
            # The first question is for the settings of this table bucket: nothing else in it can be wrong.
            raise NotDeployed(
                f"table bucket {properties['warehouse']} is not there ({error}): deploy template.yaml, or correct "
                "NETLIFT_TABLES."
            ) from error
    # PyIceberg waits for an answer for ever; a commit whose answer does not come is looked up instead.
    session = catalog._session
    session.request = partial(session.request, timeout=_ANSWER_WAIT_S)  # type: ignore[method-assign]
    return catalog


def _sqlite_catalog(root: Path) -> SqlCatalog:
    return SqlCatalog(
        "netlift",
        uri=f"sqlite:///{quote(str(root / 'catalog.db'))}?timeout={_LOCK_WAIT_S}",
        # A plain path, not an address: PyIceberg would take the escapes of one for the names of folders.
        warehouse=str(root),
    )
