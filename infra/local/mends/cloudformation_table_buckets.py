"""moto's CloudFormation makes no table buckets and namespaces: make them through S3 Tables' API.

How long moto keeps snapshots and files that no table names is not for it to say: it removes none.
"""

from functools import cache
from typing import Any

from infra.local.resource_types import Made, Make, add_lacking, call


@cache
def apply() -> None:
    """Make table buckets and namespaces."""
    kinds: dict[str, tuple[str, Make]] = {
        "AWS::S3Tables::TableBucket": ("TableBucketName", _bucket),
        "AWS::S3Tables::Namespace": ("", _namespace),
    }
    add_lacking(__name__, kinds)


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
