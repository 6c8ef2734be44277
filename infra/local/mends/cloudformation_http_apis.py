"""moto's CloudFormation makes no HTTP APIs: make them, their routes and stages through API Gateway's API."""

from functools import cache
from typing import Any

from infra.local.mends.pinned import expect_moto
from infra.local.resource_types import Made, Make, add, call, moto_has

_API = "AWS::ApiGatewayV2::Api"


@cache
def apply() -> None:
    """Make HTTP APIs; `infra.local.api_door` answers for them.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or makes one of them by itself.
    """
    makers = {
        _API: _api,
        "AWS::ApiGatewayV2::Integration": _part("Integration"),
        "AWS::ApiGatewayV2::Route": _part("Route"),
        "AWS::ApiGatewayV2::Stage": _stage,
    }
    for kind, make in makers.items():
        expect_moto(__name__, not moto_has(kind))
        add(kind, "Name" if kind == _API else "", make)


def _api(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    made = call("apigatewayv2", "CreateApi", properties)
    api_id = made["ApiId"]
    attributes = {"ApiId": api_id, "ApiEndpoint": made["ApiEndpoint"]}
    return Made(api_id, attributes, lambda: call("apigatewayv2", "DeleteApi", {"ApiId": api_id}))


def _part(kind: str) -> Make:
    def make(properties: dict[str, Any], account_id: str) -> Made:
        del account_id
        name = f"{kind}Id"
        part_id = call("apigatewayv2", f"Create{kind}", properties)[name]
        return Made(part_id, {name: part_id}, _goes_with_its_api)

    return make


def _stage(properties: dict[str, Any], account_id: str) -> Made:
    del account_id
    call("apigatewayv2", "CreateStage", properties)
    return Made(properties["StageName"], {}, _goes_with_its_api)


def _goes_with_its_api() -> None:
    """Delete nothing: a stack may delete the API first, and its parts with it."""
