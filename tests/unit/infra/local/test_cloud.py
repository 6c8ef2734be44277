"""The local cloud is S3 and S3 Tables, honest about conditional writes and about what S3 Tables refuses."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local.cloud import LocalCloud
from infra.local.home import LocalHome
from jobs.errors import BadRequest
from tests.unit.infra.local.catalogs import SCHEMA, rest_catalog, rows


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_tables_can_be_written_in_any_region_of_s3(region: str) -> None:
    with LocalCloud(region) as cloud, cloud.applied():
        table = rest_catalog(cloud.home).create_table((cloud.namespace, "t"), SCHEMA)
        table.append(rows(1))
        assert table.scan().to_arrow()["writer"].to_pylist() == [1]
        location = boto3.client("s3").get_bucket_location(Bucket=cloud.bucket)["LocationConstraint"]
        assert (location or "us-east-1") == region


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(BadRequest, match="region == 'mars-north-1'"):
        LocalCloud("mars-north-1").start()


def test_of_32_writers_of_an_absent_key_one_wins(local_home: LocalHome) -> None:
    s3 = boto3.client("s3")

    def put(writer: int) -> str:
        try:
            s3.put_object(Bucket=local_home.bucket, Key="claim", Body=b"%d" % writer, IfNoneMatch="*")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "won"

    with ThreadPoolExecutor(32) as pool:
        came_to = list(pool.map(put, range(32)))
    assert sorted(came_to) == ["PreconditionFailed"] * 31 + ["won"]
    assert s3.get_object(Bucket=local_home.bucket, Key="claim")["Body"].read() == b"%d" % came_to.index("won")


def test_of_writers_that_replace_the_same_version_one_wins(local_home: LocalHome) -> None:
    s3 = boto3.client("s3")
    version = s3.put_object(Bucket=local_home.bucket, Key="log", Body=b"0")["ETag"]

    def put(writer: int) -> bool:
        try:
            s3.put_object(Bucket=local_home.bucket, Key="log", Body=b"%d" % writer, IfMatch=version)
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(put, range(1, 17))) == 1


@pytest.mark.parametrize(
    ("call", "extra"),
    [
        ("list_objects_v2", {}),
        ("list_objects", {}),
        ("list_object_versions", {}),
        ("delete_object", {"Key": "metadata/00000.metadata.json"}),
        ("delete_objects", {"Delete": {"Objects": [{"Key": "metadata/00000.metadata.json"}]}}),
    ],
)
def test_list_and_delete_on_table_storage_are_refused(local_home: LocalHome, call: str, extra: dict[str, str]) -> None:
    table = rest_catalog(local_home).create_table((local_home.namespace, "t"), SCHEMA)
    storage = table.location().removeprefix("s3://")
    with pytest.raises(ClientError) as refused:
        getattr(boto3.client("s3"), call)(Bucket=storage, **extra)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 405
    assert table.refresh().metadata is not None


def test_homes_are_apart(local_cloud: LocalCloud) -> None:
    one, other = local_cloud.fresh_home(), local_cloud.fresh_home()
    local_cloud.client("s3").put_object(Bucket=one.bucket, Key="k", Body=b"")
    with one.applied():
        rest_catalog(one).create_table((one.namespace, "t"), SCHEMA)
    with other.applied():
        assert rest_catalog(other).list_tables(other.namespace) == []
    assert local_cloud.client("s3").list_objects_v2(Bucket=other.bucket)["KeyCount"] == 0


def test_stopping_one_of_two_clouds_leaves_the_other_its_state(local_cloud: LocalCloud) -> None:
    with LocalCloud() as second:
        assert second.bucket != local_cloud.bucket
    assert local_cloud.client("s3").head_bucket(Bucket=local_cloud.bucket)


def test_the_last_cloud_to_stop_forgets_everything() -> None:
    """In a process of its own, since moto's state is the process's."""
    program = (
        "from infra.local.cloud import LocalCloud\n"
        "with LocalCloud() as first: pass\n"
        "with LocalCloud() as cloud:\n"
        "    print([b['Name'] for b in cloud.client('s3').list_buckets()['Buckets']] == [cloud.bucket])\n"
    )
    run = subprocess.run([sys.executable, "-W", "default", "-c", program], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("True\n", ""), "and it says nothing of its own"


def test_a_cloud_that_is_not_running_says_so() -> None:
    with pytest.raises(RuntimeError, match="with block"):
        _ = LocalCloud().bucket


def test_the_environment_leads_a_child_process_here(local_cloud: LocalCloud) -> None:
    os.environ["AWS_PROFILE"] = "somebody-else"
    try:
        run = subprocess.run(
            [sys.executable, "-c", "import boto3; print(boto3.client('s3').list_buckets()['Buckets'][0]['Name'])"],
            env=local_cloud.home.process_environment(),
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        del os.environ["AWS_PROFILE"]
    assert run.stdout.startswith("netlift-")
