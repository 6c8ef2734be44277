"""The templates as CloudFormation gets them."""

from functools import cache
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from infra.local.deploy_template import ROOT, transformed

NESTED = {"Network": "network", "Batch": "batch", "Spark": "spark", "Watch": "watch"}
"""Logical id of each nested stack, and its file under infra/."""

TRANSFORMED = transformed(lambda name, _: f"s3://packages/{name}")


@cache
def nested(name: str) -> dict[str, Any]:
    """Read a nested template."""
    found: dict[str, Any] = yaml_parse((ROOT / "infra" / f"{name}.yaml").read_text())
    return found


def everything() -> dict[str, dict[str, Any]]:
    """All resources of all templates; a nested one as Parent.Name."""
    found = dict(TRANSFORMED["Resources"])
    for parent, file in NESTED.items():
        found |= {f"{parent}.{name}": resource for name, resource in nested(file)["Resources"].items()}
    return found


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """Properties of all resources of a type."""
    return {name: r["Properties"] for name, r in everything().items() if r["Type"] == kind}
