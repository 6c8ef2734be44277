"""What a deployment needs of an account is there, or missing by name."""

import pytest

from infra.local.cloud import LocalCloud
from infra.local.home import LocalHome
from jobs.errors import BadEnvironment, NotDeployed
from jobs.storage.account import require_image, require_queue, require_table_bucket

MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}'


def test_an_image_must_lie_in_its_registry(local_home: LocalHome, local_cloud: LocalCloud) -> None:
    registry, client = f"123456789012.dkr.ecr.{local_home.region}.amazonaws.com", local_cloud.client("ecr")
    with pytest.raises(NotDeployed, match=r"image .*/netlift:1 does not exist.*NETLIFT_IMAGE"):
        require_image(f"{registry}/netlift:1")
    client.create_repository(repositoryName="netlift")
    with pytest.raises(NotDeployed, match="does not exist"):
        require_image(f"{registry}/netlift:1")
    image = client.put_image(repositoryName="netlift", imageManifest=MANIFEST, imageTag="1")["image"]
    require_image(f"{registry}/netlift:1")
    require_image(f"{registry}/netlift@{image['imageId']['imageDigest']}")
    with pytest.raises(BadEnvironment, match="NETLIFT_IMAGE is 'netlift:1'"):
        require_image("netlift:1")


@pytest.mark.usefixtures("local_home")
def test_a_queue_must_be_there_and_take_jobs(local_cloud: LocalCloud) -> None:
    with pytest.raises(NotDeployed, match="job queue doctor does not exist"):
        require_queue("doctor")
    batch, iam = local_cloud.client("batch"), local_cloud.client("iam")
    role = iam.create_role(RoleName="doctor-batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    batch.create_compute_environment(
        computeEnvironmentName="doctor", type="UNMANAGED", state="ENABLED", serviceRole=role
    )
    order = [{"order": 1, "computeEnvironment": "doctor"}]
    batch.create_job_queue(jobQueueName="doctor", state="ENABLED", priority=1, computeEnvironmentOrder=order)
    require_queue("doctor")
    batch.update_job_queue(jobQueue="doctor", state="DISABLED")
    with pytest.raises(NotDeployed, match="job queue doctor is DISABLED and VALID: enable it"):
        require_queue("doctor")


@pytest.mark.parametrize("arn", ["", "bucket", "arn:aws:s3:::bucket", "arn:aws:s3tables:eu-west-1:1:namespace/x"])
def test_an_arn_that_is_no_table_buckets_is_named(arn: str) -> None:
    with pytest.raises(BadEnvironment, match="NETLIFT_TABLES is"):
        require_table_bucket(arn)
