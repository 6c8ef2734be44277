"""The app of an HTTP door: its addresses, and how whatever goes wrong is answered."""

import logging
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from functions.problem import MEDIA_TYPE, Problem

JSON = "application/json"

log = logging.getLogger(__name__)


def new_app(methods: Mapping[str, str]) -> APIGatewayHttpResolver:
    """Return an app without routes that answers every failure with a problem.

    Parameters
    ----------
    methods : mapping of str to str
        By address the method that it takes.
    """
    app = APIGatewayHttpResolver()

    def nothing_there(_: NotFoundError) -> Response[Any]:
        path = app.current_event.path
        if path in methods:
            allowed = methods[path]
            return refused(Problem("method-not-allowed", f"{path} takes {allowed}.", headers={"Allow": allowed}))
        there = " and ".join(f"{method} {path}" for path, method in methods.items())
        return refused(Problem("not-found", f"there is {there}."))

    app.not_found(nothing_there)
    app.exception_handler(Problem)(refused)
    app.exception_handler(Exception)(failed)
    return app


def text_of(app: APIGatewayHttpResolver) -> str | None:
    """Return the body of the request at hand.

    Raises
    ------
    Problem
        If it is no text in UTF-8.
    """
    try:
        body: str | None = app.current_event.decoded_body
    except ValueError:
        raise Problem("not-json", "the body is no text in UTF-8: send JSON, its type application/json.") from None
    return body


def refused(problem: Problem) -> Response[Any]:
    """Answer what cannot be answered otherwise."""
    return Response(problem.status, MEDIA_TYPE, problem.body(), headers=dict(problem.headers))


def failed(error: Exception) -> Response[Any]:
    """Answer a failure that has no name: the log has it, the caller does not."""
    log.error("the request failed", exc_info=error)
    return refused(Problem("failed", "the failure is in the log: ask again, and tell the owner if it stays."))
