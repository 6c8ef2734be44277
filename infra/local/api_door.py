"""A door of an HTTP API on the loopback address: requests become events of its functions, and answers come back.

As API Gateway does it, payload format 2.0. Callers need not sign their requests here, and nobody is told to wait.
"""

import base64
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from werkzeug.wrappers import Request, Response

from infra.local.server import Server
from jobs.errors import BadEnvironment

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_BODY_BYTES = 10_000_000
"""A body that is larger is refused, as API Gateway does."""

_TEXT = re.compile(r"text/|application/(json|javascript|xml|x-www-form-urlencoded)|application/\w+\+json")


class ApiDoor:
    """Serves the routes of an HTTP API, from `start` to `stop`.

    Parameters
    ----------
    client : callable
        Makes a boto3 client of a service.
    api_id : str
        The HTTP API.
    port : int
        Port to listen on; 0 takes a free one.

    Raises
    ------
    BadEnvironment
        If the port is taken, or a route leads to no function.
    """

    def __init__(self, client: Any, api_id: str, port: int = 0) -> None:
        self._lambda = client("lambda")
        self._api_id = api_id
        self._functions = _functions(client("apigatewayv2"), api_id)
        self._server = Server(self._app, port, "local-api")

    @property
    def url(self) -> str:
        """Address of the door, without a slash at its end."""
        return self._server.url

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """Stop to answer, and free the port."""
        self._server.stop()

    def _app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        response: WSGIApplication = self._answer(Request(environ))
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        function = self._functions.get(f"{request.method} {request.path}")
        if function is None:
            return _said(404, "Not Found")
        if (request.content_length or 0) > MOST_BODY_BYTES:
            return _said(413, "Request Entity Too Large")
        event = event_of(request, self._api_id)
        answer = self._lambda.invoke(FunctionName=function, Payload=json.dumps(event))
        payload = json.load(answer["Payload"])
        if answer.get("FunctionError") or not isinstance(payload, dict) or "statusCode" not in payload:
            return _said(500, "Internal Server Error")
        body = payload.get("body") or ""
        plain = base64.b64decode(body) if payload.get("isBase64Encoded") else body.encode()
        return Response(plain, payload["statusCode"], payload.get("headers") or {})


def event_of(request: Request, api_id: str) -> dict[str, Any]:
    """Return a request as the event of a function, payload format 2.0."""
    now = datetime.now(UTC)
    body = request.get_data()
    is_text = bool(_TEXT.match(request.content_type or ""))
    route = f"{request.method} {request.path}"
    http = {
        "method": request.method,
        "path": request.path,
        "protocol": "HTTP/1.1",
        "sourceIp": request.remote_addr or "127.0.0.1",
        "userAgent": request.headers.get("User-Agent", ""),
    }
    context = {
        "accountId": "123456789012",
        "apiId": api_id,
        "domainName": request.host,
        "domainPrefix": api_id,
        "http": http,
        "requestId": uuid4().hex[:16],
        "routeKey": route,
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": request.path,
        "rawQueryString": request.query_string.decode(),
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "requestContext": context,
        "isBase64Encoded": bool(body) and not is_text,
    }
    if body:
        event["body"] = body.decode(errors="replace") if is_text else base64.b64encode(body).decode()
    return event


def _functions(client: Any, api_id: str) -> dict[str, str]:
    """ARN of the function that each route leads to."""
    integrations = {i["IntegrationId"]: i["IntegrationUri"] for i in client.get_integrations(ApiId=api_id)["Items"]}
    found = {}
    for route in client.get_routes(ApiId=api_id)["Items"]:
        name = route["Target"].removeprefix("integrations/")
        if name not in integrations:
            raise BadEnvironment(f"route {route['RouteKey']} of {api_id} leads to {route['Target']}: name a function.")
        found[route["RouteKey"]] = integrations[name]
    return found


def _said(status: int, message: str) -> Response:
    return Response(json.dumps({"message": message}), status, {"Content-Type": "application/json"})
