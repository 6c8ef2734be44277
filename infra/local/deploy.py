"""``python -m infra.local deploy``: the template on a local cloud, until it is interrupted."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from infra.local.cloud import LocalCloud
from infra.local.deploy_stack import Stack
from infra.local.up import shell_lines
from jobs.errors import BadEnvironment


def main(argv: Sequence[str]) -> int:
    """Deploy the template and keep it running until SIGINT or SIGTERM.

    Parameters
    ----------
    argv : sequence of str
        Flags; ``--help`` shows them.

    Returns
    -------
    int
        0.
    """
    flags = _parser().parse_args(argv)
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    parameters = dict(flags.parameter)
    with (
        LocalCloud(flags.region, flags.port, flags.catalog_port, flags.functions) as cloud,
        Stack(cloud, flags.stage, parameters) as stack,
    ):
        lines = shell_lines(stack.home.environment())
        if flags.env_file is not None:
            _write(flags.env_file, lines)
        door = stack.api_door(flags.api_port)
        door.start()
        print(lines, flush=True)
        print(told(stack, flags.env_file, door.url), file=sys.stderr, flush=True)
        end.wait()
        door.stop()
    print("the local cloud has ended; what it held is gone", file=sys.stderr)
    return 0


def told(stack: Stack, env_file: Path | None, api_url: str) -> str:
    """Return what was deployed, and what to do now."""
    made, outputs = stack.made(), stack.outputs
    lines = [f"{stack.name}: {len(made)} resources were made"]
    lines += [f"  {name:<20}{outputs[name]}" for name in sorted(outputs)]
    lines.append(f"fraud scores answer on {api_url}/v1/fraud-scores, described by {api_url}/openapi.json")
    where = f"source {env_file}" if env_file else "paste the lines above into another shell"
    lines.append(f"{where}, then 'python -m infra.local run nightly --stage {stack.stage}'; Ctrl-C ends it")
    return "\n".join(lines)


def parameter(text: str) -> tuple[str, str]:
    """Read a parameter of the template.

    Examples
    --------
    >>> parameter("BatchAboveShards=3")
    ('BatchAboveShards', '3')
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isalnum():
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE, such as BatchAboveShards=3")
    return name, value


def stage(text: str) -> str:
    """Read the name of a deployment."""
    if not (2 <= len(text) <= 10 and text.isascii() and text.isalnum() and text.islower() and text[0].isalpha()):
        raise argparse.ArgumentTypeError(f"{text!r} must be 2 to 10 small letters and digits, a letter first")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local deploy",
        description="Deploy template.yaml to a cloud on 127.0.0.1, with functions and jobs on this machine; "
        "nothing is kept.",
        epilog="example: python -m infra.local deploy --env-file .local-cloud; "
        "in another shell: source .local-cloud && python -m infra.local run nightly",
    )
    parser.add_argument("--stage", type=stage, default="dev", help="name of the deployment (default dev)")
    parser.add_argument("--port", type=int, default=0, help="port of AWS, 0 takes a free one (default 0)")
    parser.add_argument("--catalog-port", type=int, default=0, help="port of the Iceberg REST catalog (default 0)")
    parser.add_argument("--api-port", type=int, default=0, help="port of the fraud endpoint (default 0)")
    parser.add_argument("--region", default="eu-west-1", help="AWS region to be (default eu-west-1)")
    parser.add_argument("--env-file", type=Path, help="write the lines to this file too, to be sourced by other shells")
    parser.add_argument(
        "--functions",
        choices=("emulator", "processes"),
        default="processes",
        help="what runs Lambda functions: AWS's Runtime Interface Emulator, or plain processes (default processes)",
    )
    parser.add_argument(
        "--parameter",
        type=parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template, such as BatchAboveShards=3; may be given several times",
    )
    return parser


def _write(file: Path, lines: str) -> None:
    try:
        file.write_text(lines + "\n")
    except OSError as error:
        raise BadEnvironment(f"--env-file {file} cannot be written ({error.strerror}): name another file.") from error
