"""CloudFormation resource types that moto lacks, each made through the local cloud's own API as CloudFormation does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel

from infra.local.mends.pinned import expect_moto
from infra.local.serial import MOTO
from infra.local.serving import Serving
from jobs.errors import BadEnvironment

_NUMBERS: dict[str, Callable[[Any], Any]] = {"integer": int, "long": int, "double": float, "float": float}

SERVING = Serving[Any]("a resource")
"""Clouds that resources are made in."""


@dataclass(frozen=True)
class Made:
    """A resource that was made.

    Parameters
    ----------
    id : str
        What Ref gives.
    attributes : mapping
        What GetAtt gives.
    remove : callable
        Takes it away again.
    """

    id: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    remove: Callable[[], object] = lambda: None


Make = Callable[[dict[str, Any], str], Made]
"""Takes the properties, and the account's number; makes the resource."""


def moto_has(kind: str) -> bool:
    """Whether moto makes resources of this type by itself."""
    model = parsing.get_model_map().get(kind)
    return model is not None and not hasattr(model, "make_resource")


def add(kind: str, name_property: str, make: Make) -> None:
    """Teach moto's CloudFormation a type, in the place of its own if it has one.

    Parameters
    ----------
    kind : str
        Name of the type, such as AWS::CloudWatch::Alarm.
    name_property : str
        Property that holds the name, "" if there is none; CloudFormation makes up a name that is not given.
    make : callable
        Makes a resource.
    """
    body = {
        # moto looks for its models by the name of their module
        "__module__": "moto.plugins",
        "make_resource": staticmethod(make),
        "name_property": name_property,
        "cloudformation_name_type": staticmethod(lambda: name_property),
        "cloudformation_type": staticmethod(lambda: kind),
        **_METHODS,
    }
    type(kind.replace("::", ""), (CloudFormationModel,), body)
    for known in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        known.cache_clear()


def add_lacking(mend: str, kinds: Mapping[str, tuple[str, Make]]) -> None:
    """Teach moto's CloudFormation types that it lacks altogether.

    Parameters
    ----------
    mend : str
        Name of the mend's module.
    kinds : mapping
        The property that holds the name, and what makes a resource, by the name of the type; see :func:`add`.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or makes one of them by itself.
    """
    for kind, (name_property, make) in kinds.items():
        expect_moto(mend, not moto_has(kind))
        add(kind, name_property, make)


def call(service: str, operation: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Call the local cloud with properties as a template writes them.

    Parameters
    ----------
    service, operation : str
        Names as boto3 and the API have them, such as "batch" and "CreateJobQueue".
    properties : mapping
        Properties of the resource; names are brought to the API's case and numbers to its types.

    Raises
    ------
    BadEnvironment
        If the API has no such property.
    """
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    request = {} if model.input_shape is None else as_request(properties, model.input_shape, f"{service} {operation}")
    client = SERVING.newest().client(service)
    with MOTO.released():
        answer: dict[str, Any] = getattr(client, xform_name(operation))(**request)
    return answer


def as_request(value: Any, shape: Shape, where: str) -> Any:
    """Bring a template's value to the form that an API takes.

    Examples
    --------
    >>> shape = botocore.session.get_session().get_service_model("batch").shape_for("ContainerProperties")
    >>> as_request({"Image": "i", "Environment": [{"Name": "A", "Value": 1}], "Privileged": "false"}, shape, "job")
    {'image': 'i', 'environment': [{'name': 'A', 'value': '1'}], 'privileged': False}
    """
    if isinstance(shape, StructureShape):
        members = {name.lower(): name for name in shape.members}
        request = {}
        for name, of_name in value.items():
            member = members.get(name.lower())
            if member is None:
                raise BadEnvironment(f"{where}: the API has no {name!r}: take it out of the template, or mend this.")
            request[member] = as_request(of_name, shape.members[member], f"{where}.{name}")
        return request
    if isinstance(shape, ListShape):
        return [as_request(item, shape.member, where) for item in value]
    if isinstance(shape, MapShape):
        return {key: as_request(of_key, shape.value, where) for key, of_key in value.items()}
    if shape.type_name == "boolean":
        return str(value).lower() == "true"
    if shape.type_name == "string":
        return str(value)
    return _NUMBERS.get(shape.type_name, lambda same: same)(value)


def _create(
    cls: Any,
    /,
    resource_name: str,
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **kwargs: Any,
) -> Any:
    del region_name, kwargs
    properties = dict(cloudformation_json["Properties"])
    if cls.name_property:
        properties.setdefault(cls.name_property, resource_name)
    resource = cls()
    resource.made = cls.make_resource(properties, account_id)
    return resource


def _update(
    cls: Any,
    /,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
) -> Any:
    original_resource.made.remove()
    return _create(cls, new_resource_name, cloudformation_json, account_id, region_name)


def _attribute(resource: Any, name: str) -> str:
    if name not in resource.made.attributes:
        raise BadEnvironment(f"{resource.cloudformation_type()} has no attribute {name!r} here: add it to its mend.")
    return str(resource.made.attributes[name])


def _remove(resource: Any, account_id: str, region_name: str) -> None:
    del account_id, region_name
    resource.made.remove()


_METHODS: dict[str, Any] = {
    "physical_resource_id": property(lambda resource: resource.made.id),
    "has_cfn_attr": classmethod(lambda *_: True),
    "get_cfn_attribute": _attribute,
    "create_from_cloudformation_json": classmethod(_create),
    "update_from_cloudformation_json": classmethod(_update),
    "delete": _remove,
    "is_created": lambda _: True,
}
