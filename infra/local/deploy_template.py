"""template.yaml as CloudFormation gets it: packaged as ``sam deploy`` packages it, and transformed as SAM does."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from boto3.session import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from jobs.errors import BadEnvironment

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"

Upload = Callable[[str, bytes], str]
"""Keeps a file that the template names and returns its address: s3://bucket/key."""


def transformed(
    upload: Upload, region: str = "eu-west-1", template: Path = TEMPLATE, functions_zip: bytes | None = None
) -> dict[str, Any]:
    """Package and transform a template.

    Parameters
    ----------
    upload : callable
        Keeps what the template names as a file of this tree: code, and nested templates.
    region : str
        AWS region that it is for.
    template : Path
        The template; files that it names lie beside it.
    functions_zip : bytes, optional
        What is deployed of functions that are packages; an empty one by default, the source tree stands in then.

    Returns
    -------
    dict
        The template that CloudFormation is given.

    Raises
    ------
    BadEnvironment
        If the template cannot be transformed, or names a file that is not there.
    """
    folder = template.parent
    source = yaml_parse(_read(template))
    code = upload("functions.zip", functions_zip or _empty_zip())
    for resource in source["Resources"].values():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind == "AWS::Serverless::Function" and "CodeUri" in properties:
            properties["CodeUri"] = code
        elif kind == "AWS::Serverless::StateMachine":
            properties["Definition"] = json.loads(_read(folder / properties.pop("DefinitionUri")))
        elif kind == "AWS::CloudFormation::Stack":
            nested = folder / properties["TemplateURL"]
            body = json.dumps(yaml_parse(_read(nested))).encode()
            properties["TemplateURL"] = _https(upload(nested.name, body))
    try:
        # AWS's own policies, which SAM would look up by name, are none of ours
        sam = Translator({}, Parser(), boto_session=Session(region_name=region))
        found: dict[str, Any] = sam.translate(source, {})
    except Exception as error:
        raise BadEnvironment(
            f"{template.name} cannot be transformed ({error}): run `sam validate --lint`, it names the line."
        ) from error
    # Rules are looked at before a stack is made, and are not part of it
    found.pop("Rules", None)
    return found


def resources_of(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the type of each resource that a transformed template declares."""
    return {name: resource["Type"] for name, resource in template["Resources"].items()}


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as error:
        raise BadEnvironment(f"the template names {file}, which cannot be read ({error.strerror}).") from error


def _https(address: str) -> str:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return f"https://{bucket}.s3.amazonaws.com/{key}"


def _empty_zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("README", "the local cloud runs handlers from the source tree")
    return packed.getvalue()
