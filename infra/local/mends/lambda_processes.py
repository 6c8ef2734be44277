"""moto runs a Lambda function in a container, and not at all where it is an image: run the handler in a process.

While the function runs the lock before moto is put down, since the function calls back; and a function's error
is called Unhandled, as Lambda calls the errors of Python handlers.
"""

from functools import cache
from typing import Any

from moto.awslambda.models import LambdaFunction

from infra.local.function_processes import Function, FunctionProcesses
from infra.local.mends.pinned import expect_moto
from infra.local.serial import MOTO
from infra.local.serving import Serving

_original_invoke = LambdaFunction.invoke
_original_invoke_lambda = LambdaFunction._invoke_lambda

SERVING = Serving[FunctionProcesses]("a function")
"""What runs functions."""


@cache
def apply() -> None:
    """Run functions in processes.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or runs functions without Docker.
    """
    expect_moto(__name__, "docker" in " ".join(_original_invoke_lambda.__code__.co_names))
    LambdaFunction._invoke_lambda = _invoke_lambda
    LambdaFunction.invoke = _invoke


def _invoke_lambda(self: LambdaFunction, event: Any = None) -> tuple[str, bool, str]:
    processes = SERVING.newest()
    command = self.image_config.cmd if self.package_type == "Image" else []
    function = Function(
        name=self.function_name,
        arn=self.function_arn,
        handler=command[0] if command else self.handler,
        environment=dict(self.environment_vars),
        timeout_s=float(self.timeout),
        memory_mb=int(self.memory_size),
        package_type=self.package_type,
        code=self.code_bytes if self.package_type == "Zip" else b"",
    )
    with MOTO.released():
        # moto hands on an empty body as the text of an empty object
        answer = processes.invoke(function, {} if event in (None, "{}") else event)
    return answer.payload, answer.failed, answer.log_tail


def _invoke(self: LambdaFunction, body: str, request_headers: Any, response_headers: Any) -> Any:
    payload = _original_invoke(self, body, request_headers, response_headers)
    if "x-amz-function-error" in response_headers:
        response_headers["x-amz-function-error"] = "Unhandled"
    return payload
