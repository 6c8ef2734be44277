"""Whatever Iceberg, Arrow or SQLite says becomes one sentence with what to do, or stays what it is."""

import pytest
import requests
from botocore.exceptions import NoCredentialsError
from pyiceberg.exceptions import (
    BadRequestError,
    CommitStateUnknownException,
    ForbiddenError,
    ServiceUnavailableError,
    UnauthorizedError,
)
from sqlalchemy.exc import OperationalError

from jobs.errors import (
    BadEnvironment,
    BadRows,
    NetliftError,
    NoCredentials,
    NotDeployed,
    NotPermitted,
    StorageUnavailable,
)
from jobs.storage.iceberg_errors import named_table_errors


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (ServiceUnavailableError("503"), StorageUnavailable),
        (CommitStateUnknownException("504"), StorageUnavailable),
        (requests.ConnectionError("refused"), StorageUnavailable),
        (requests.ReadTimeout("60 s"), StorageUnavailable),
        (OperationalError("UPDATE", {}, Exception("database is locked")), StorageUnavailable),
        (OSError("When reading information for key: AWS Error NETWORK_CONNECTION"), StorageUnavailable),
        (OSError(28, "No space left on device"), StorageUnavailable),
        (FileNotFoundError("s3://b/data/a.parquet"), StorageUnavailable),
        (OSError("When uploading part: AWS Error ACCESS_DENIED during PutObject operation"), NotPermitted),
        (OSError("AWS Error NO_SUCH_BUCKET"), NotDeployed),
        (OSError("AWS Error EXPIRED_TOKEN"), NoCredentials),
        (PermissionError(13, "Permission denied"), BadEnvironment),
        (UnauthorizedError("no"), NoCredentials),
        (ForbiddenError("not yours"), NotPermitted),
        (ForbiddenError("the signature is wrong"), NoCredentials),
        (BadRequestError("what"), BadEnvironment),
        (NoCredentialsError(), BadEnvironment),
    ],
)
def test_a_failure_is_named(error: Exception, ours: type[NetliftError]) -> None:
    with pytest.raises(ours, match="reading table x: ") as raised, named_table_errors("reading table x"):
        raise error
    assert raised.value.__cause__ is error
    assert "\n" not in str(raised.value)
    assert str(raised.value).endswith(".")


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (OSError("AWS Error ACCESS_DENIED during PutObject operation: x"), "s3tables:PutTableData"),
        (OSError("AWS Error ACCESS_DENIED during CreateMultipartUpload operation"), "s3tables:PutTableData"),
        (OSError("AWS Error ACCESS_DENIED during HeadObject operation"), "s3tables:GetTableData"),
        (ForbiddenError("r is not authorized to perform: s3tables:GetTable on resource: x"), "s3tables:GetTable"),
    ],
)
def test_a_permission_that_is_missing_is_named(error: Exception, action: str) -> None:
    with pytest.raises(NotPermitted, match=rf"refused {action} \("), named_table_errors("reading table x"):
        raise error


@pytest.mark.parametrize("error", [BadRows("row 3 is bad."), ValueError("a defect"), KeyError("another")])
def test_our_own_errors_and_defects_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, named_table_errors("reading table x"):
        raise error
    assert raised.value is error


def test_a_long_answer_is_cut_to_its_first_line() -> None:
    with pytest.raises(StorageUnavailable) as raised, named_table_errors("x"):
        raise OSError("first line " + "y" * 5000 + "\nsecond line")
    assert len(str(raised.value)) < 400
