"""How the image is logged in for, which address its containers reach, and what sam runs of the template."""

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from infra.container.login import password
from infra.container.reach import engine, reach
from infra.container.sam_template import image_functions
from infra.local.cloud import LocalCloud
from infra.local.home import LocalHome
from infra.local.signature import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from infra.local.up import sam_variables
from jobs.errors import BadEnvironment


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that is first on PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("CONTAINER_ENGINE", raising=False)
    return tmp_path


def _program(folder: Path, name: str, body: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


def test_the_engine_is_the_first_that_answers(programs: Path) -> None:
    _program(programs, "docker", "echo 'no daemon' >&2; exit 1")
    _program(programs, "podman", "exit 0")
    assert engine() == "podman"
    _program(programs, "docker", "exit 0")
    assert engine() == "docker"


def test_where_no_engine_answers_it_says_what_to_install(programs: Path) -> None:
    for name in ("docker", "podman"):
        _program(programs, name, "exit 1")
    with pytest.raises(BadEnvironment, match="neither docker nor podman answers: start one, or install it"):
        engine()


def test_a_container_reaches_the_gateway_of_its_network(programs: Path) -> None:
    _program(programs, "podman", "[ $1-$2-$3 = network-inspect-podman ] && echo 10.88.0.1")
    assert reach("podman", "linux") == ("10.88.0.1", "10.88.0.1")
    _program(programs, "podman", "echo 'no such network' >&2; exit 125")
    with pytest.raises(BadEnvironment, match="podman has no default network \\(no such network\\)"):
        reach("podman", "linux")


def test_on_a_desktop_the_engine_leads_a_name_to_the_loopback_address() -> None:
    assert reach("docker", "darwin") == ("127.0.0.1", "host.docker.internal")


def test_the_password_of_the_registry_is_what_ecr_grants(local_cloud: LocalCloud) -> None:
    with local_cloud.applied():
        [granted] = boto3.client("ecr").get_authorization_token()["authorizationData"]
        told = password("123456789012.dkr.ecr.eu-west-1.amazonaws.com/netlift:1")
    assert f"AWS:{told}" == base64.b64decode(granted["authorizationToken"]).decode()
    with pytest.raises(ValueError, match=r"'docker\.io/netlift' is no address in Amazon ECR"):
        password("docker.io/netlift")


def test_sam_is_given_the_image_functions_with_every_variable_that_leads_to_the_cloud(local_cloud: LocalCloud) -> None:
    variables = json.loads(sam_variables(local_cloud.environment()))["Parameters"]
    functions = image_functions("netlift:sam", list(variables), 1024)["Resources"]
    assert set(functions) == {"RunShard", "FinishRun", "WritePage"}
    for function in functions.values():
        assert function["Properties"]["ImageUri"] == "netlift:sam"
        assert set(function["Properties"]["Environment"]["Variables"]) == set(variables)
    assert {"AWS_ENDPOINT_URL", "NETLIFT_HOME", "NETLIFT_CATALOG_URL"} <= set(variables)
    assert not {"AWS_REGION", "AWS_SECRET_ACCESS_KEY"} & set(variables), "what Lambda sets, a template may not"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")
def test_the_cloud_answers_whole_on_another_address_too() -> None:
    """Objects and tables, each under the address that was asked for: a client is led nowhere else."""
    with LocalCloud() as cloud:
        home = cloud.also_on("127.0.0.2")
        assert home.bucket == cloud.bucket
        s3 = boto3.client(
            "s3",
            endpoint_url=home.endpoint_url,
            region_name=home.region,
            aws_access_key_id=home.environment()["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=home.environment()["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}),
        )
        s3.put_object(Bucket=home.bucket, Key="k", Body=b"v")
        assert cloud.client("s3").get_object(Bucket=home.bucket, Key="k")["Body"].read() == b"v"
        assert home.endpoint_url.startswith("http://127.0.0.2:")
        told = _catalog_configuration(home)
        assert told["overrides"]["s3.endpoint"] == home.endpoint_url
        assert _catalog_configuration(cloud.home)["overrides"]["s3.endpoint"] == cloud.endpoint_url


def _catalog_configuration(home: LocalHome) -> Any:
    url = f"{home.catalog_url}/v1/config?warehouse={quote(home.table_bucket_arn, safe='')}"
    request = AWSRequest("GET", url)
    SigV4Auth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY), "s3tables", home.region).add_auth(request)
    prepared = request.prepare()
    opener = build_opener(ProxyHandler({}))
    with opener.open(Request(prepared.url, headers=dict(prepared.headers))) as answer:
        return json.load(answer)
