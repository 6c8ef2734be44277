"""moto's CloudFormation makes no table buckets and namespaces: make them through S3 Tables' API.

How long moto keeps snapshots and files that no table names is not for it to say: it removes none.
"""

from functools import cache
from typing import Any

from infra.local.mends.pinned import expect_moto
from infra.local.resource_types import Made, add, call, moto_has

BUCKET = "AWS::S3Tables::TableBucket"
NAMESPACE = "AWS::S3Tables::Namespace"


@cache
def apply() -> None:
    """Make table buckets and namespaces.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or makes them by itself.
    """
    expect_moto(__name__, not moto_has(BUCKET) and not moto_has(NAMESPACE))
    add(BUCKET, "TableBucketName", _bucket)
    add(NAMESPACE, "", _namespace)


def _bucket(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    arn = call("s3tables", "CreateTableBucket", {"name": properties["TableBucketName"]})["arn"]
    return Made(arn, {"TableBucketARN": arn}, lambda: call("s3tables", "DeleteTableBucket", {"tableBucketARN": arn}))


def _namespace(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    arn, name = properties["TableBucketARN"], properties["Namespace"]
    call("s3tables", "CreateNamespace", {"tableBucketARN": arn, "namespace": [name]})
    remove = {"tableBucketARN": arn, "namespace": name}
    return Made(f"{arn}|{name}", {}, lambda: call("s3tables", "DeleteNamespace", remove))
