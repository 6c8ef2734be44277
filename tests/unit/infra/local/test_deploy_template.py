"""The template is packaged and transformed as SAM does, from the very files that are deployed."""

import json
from pathlib import Path

import pytest

from infra.local.deploy_template import resources_of, transformed
from jobs.errors import BadEnvironment


def test_what_the_template_names_as_a_file_is_uploaded_and_addressed() -> None:
    kept: dict[str, bytes] = {}

    def upload(name: str, body: bytes) -> str:
        kept[name] = body
        return f"s3://b/k/{name}"

    found = transformed(upload, functions_zip=b"zip")
    assert set(kept) == {"functions.zip", "network.yaml", "batch.yaml", "spark.yaml", "watch.yaml"}
    assert kept["functions.zip"] == b"zip"
    assert found["Resources"]["Batch"]["Properties"]["TemplateURL"] == "https://b.s3.amazonaws.com/k/batch.yaml"
    assert found["Resources"]["PlanShards"]["Properties"]["Code"] == {"S3Bucket": "b", "S3Key": "k/functions.zip"}
    assert "AWS::Batch::JobQueue" in resources_of(json.loads(kept["batch.yaml"])).values()
    assert not {kind for kind in resources_of(found).values() if kind.startswith("AWS::Serverless")}


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: gone.yaml}}}")
    with pytest.raises(BadEnvironment, match=r"the template names .*gone.yaml, which cannot be read \(No such file"):
        transformed(lambda *_: "s3://b/k", template=template)


def test_a_template_that_sam_refuses_says_what_to_do(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: AWS::Serverless::Function}}")
    with pytest.raises(BadEnvironment, match=r"template.yaml cannot be transformed .*: run `sam validate --lint`"):
        transformed(lambda *_: "s3://b/k", template=template)
