"""The template's image functions alone, as ``sam local invoke`` runs them against the local cloud."""

from typing import Any

from samtranslator.yaml_helper import yaml_parse

from infra.packages.declared import ROOT

_KEPT = ("PackageType", "ImageConfig", "MemorySize", "Timeout")


def image_functions(image: str, variables: list[str], memory_mb: int) -> dict[str, Any]:
    """Return a template of the functions that are an image.

    sam hands on only variables that a template names, and its values come from ``--env-vars``; roles, logs and what
    else refers to other resources has no meaning in a container of this machine.

    Parameters
    ----------
    image : str
        Name of the image that is built here.
    variables : list of str
        Names of the variables that lead to the local cloud.
    memory_mb : int
        Memory of a function.
    """
    template = yaml_parse((ROOT / "template.yaml").read_text())
    functions = {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function" and resource["Properties"].get("PackageType") == "Image"
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            name: {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    **{key: properties[key] for key in _KEPT if key in properties},
                    "MemorySize": memory_mb,
                    "ImageUri": image,
                    "Environment": {"Variables": dict.fromkeys(variables, "")},
                },
            }
            for name, properties in functions.items()
        },
    }
