"""The smoke test's own parts, on the template deployed to the local cloud: only sam's deploy and delete are not run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.account.smoke import CUSTOMERS, check, environment_of, night, outputs_of, remove, smoke
from infra.account.sweep import Kept, delete_buckets, kept_by
from infra.local.cloud import LocalCloud
from infra.local.deploy_stack import Stack
from jobs.errors import BadEnvironment, RowsLost
from jobs.runtime.stores import open_stores

AT = datetime(2026, 11, 22, 2, tzinfo=UTC)


@pytest.fixture
def stack(local_cloud: LocalCloud) -> Iterator[Stack]:
    with Stack(local_cloud, f"smoke{uuid4().hex[:4]}") as stack, stack.applied():
        yield stack


def _environment(stack: Stack) -> dict[str, str]:
    return {**stack.home.environment(), **environment_of(outputs_of(boto3.client, stack.name))}


def _delete(stack: Stack) -> None:
    boto3.client("cloudformation").delete_stack(StackName=stack.name)


def _there(kept: Kept) -> list[str]:
    """What of it is still there."""
    buckets = {bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]}
    table_buckets = {bucket["arn"] for bucket in boto3.client("s3tables").list_table_buckets()["tableBuckets"]}
    return [name for name in (*kept.buckets, *kept.table_buckets) if name in buckets | table_buckets]


@pytest.mark.long
def test_every_customer_gets_a_row_of_the_schedules_own_night_and_nothing_is_left_of_it(stack: Stack) -> None:
    said: list[str] = []
    came_to = smoke(boto3.client, stack.name, _environment(stack), AT, said.append)
    assert came_to.rows == came_to.customers == CUSTOMERS
    assert 0 < came_to.offers < CUSTOMERS
    assert came_to.published > 0
    assert any(line.startswith("FinishRun") for line in said)
    kept = kept_by(boto3.client, stack.name)
    assert (len(kept.buckets), len(kept.table_buckets)) == (2, 1)
    assert _there(kept) == [*kept.buckets, *kept.table_buckets]
    remove(boto3.client, stack.name, lambda: _delete(stack), said.append)
    assert _there(kept) == []


def test_a_night_that_fails_is_named_and_what_it_left_is_deleted(stack: Stack) -> None:
    boto3.client("lambda").delete_function(FunctionName=f"{stack.name}-plan-shards")
    with pytest.raises(BadEnvironment, match=r"does not run its nightly chain: .* is FAILED"):
        night(boto3.client, stack.name, "nightly", AT, lambda _: None)
    kept = kept_by(boto3.client, stack.name)
    remove(boto3.client, stack.name, lambda: None, lambda _: None)
    assert _there(kept) == []


def test_rows_that_are_missing_are_counted(stack: Stack) -> None:
    with pytest.raises(RowsLost, match="0 rows of 0 customers for 2026-11-21, 1000 were put in"):
        check(open_stores(_environment(stack)), AT.date().replace(day=21), CUSTOMERS)


def test_of_a_stack_that_was_never_made_nothing_is_deleted(local_cloud: LocalCloud) -> None:
    with local_cloud.applied():
        assert kept_by(boto3.client, "netlift-absent") == Kept()
        remove(boto3.client, "netlift-absent", lambda: None, lambda _: None)
        delete_buckets(boto3.client, Kept(("never-made-bucket",), ()))


def test_a_bucket_that_a_late_log_fills_again_is_emptied_again(local_cloud: LocalCloud) -> None:
    with local_cloud.applied():
        s3 = boto3.client("s3")
        where: Any = {"LocationConstraint": "eu-west-1"}
        s3.create_bucket(Bucket="late-log", CreateBucketConfiguration=where)
        s3.put_bucket_versioning(Bucket="late-log", VersioningConfiguration={"Status": "Enabled"})
        late = iter([True, True])

        class Late:
            """S3 into whose bucket an entry falls between emptying and deleting, twice."""

            def __getattr__(self, name: str) -> Any:
                return getattr(s3, name)

            def delete_bucket(self, Bucket: str) -> None:
                if next(late, False):
                    s3.put_object(Bucket=Bucket, Key="entry", Body=b"late")
                s3.delete_bucket(Bucket=Bucket)

        waits: list[float] = []
        delete_buckets(
            lambda name: Late() if name == "s3" else boto3.client("s3tables"), Kept(("late-log",)), waits.append
        )
        assert len(waits) == 2
        with pytest.raises(ClientError):
            s3.head_bucket(Bucket="late-log")
