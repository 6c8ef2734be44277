"""moto's Step Functions calls services on the port that MOTO_PORT names and makes a client for each call.

This leads it to the local cloud's own port, and gives it one client a service: boto3's default session is not safe
where threads, here the branches of a Map, create clients at once.
"""

from functools import cache
from typing import Any

from moto.stepfunctions.parser.asl.utils import boto_client

from infra.local.mends.pinned import expect_moto
from infra.local.serving import Serving


class _Clients:
    """Stands where the module has boto3."""

    def client(self, *, service_name: str, **others: Any) -> Any:
        del others  # moto's own keys, port and limits
        return SERVING.newest().client(service_name)


_clients = _Clients()

SERVING = Serving[Any]("a state machine")
"""Clouds whose services state machines call."""


@cache
def apply() -> None:
    """Lead Step Functions to the local cloud.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or no longer makes its clients this way.
    """
    names = boto_client.boto_client_for.__code__.co_names
    expect_moto(__name__, "boto3" in names and "moto_server_port" in names)
    boto_client.boto3 = _clients
