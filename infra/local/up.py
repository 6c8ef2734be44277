"""``python -m infra.local up``: the local cloud until it is interrupted."""

import argparse
import json
import shlex
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.container.reach import reach
from infra.local.cloud import LocalCloud
from infra.local.home import HIDDEN
from jobs.errors import BadEnvironment

_SET_BY_LAMBDA = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"}


def main(argv: Sequence[str]) -> int:
    """Keep the local cloud running until SIGINT or SIGTERM, then end cleanly.

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
    with LocalCloud(flags.region, flags.port, flags.catalog_port) as cloud:
        cloud.run_state_machines()
        lines = shell_lines(cloud.environment())
        if flags.env_file is not None:
            _write(flags.env_file, lines)
        if flags.sam is not None:
            host, known_as = reach()
            _write(flags.sam, sam_variables(cloud.also_on(host, known_as).environment()))
        print(lines, flush=True)
        print(_hint(flags.env_file), file=sys.stderr, flush=True)
        end.wait()
    print("the local cloud has ended; what it held is gone", file=sys.stderr)
    return 0


def shell_lines(environment: Mapping[str, str]) -> str:
    """Return lines for a shell that lead it to the cloud.

    Examples
    --------
    >>> print(shell_lines({"NETLIFT_HOME": "s3://bucket/my files"}).splitlines()[-1])
    export NETLIFT_HOME='s3://bucket/my files'
    """
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    return "\n".join([f"unset {' '.join(HIDDEN)}", *exports])


def sam_variables(environment: Mapping[str, str]) -> str:
    """Return the file that ``sam local invoke --env-vars`` reads, for every function alike.

    What Lambda sets by itself, identity and region, sam takes from its own environment.

    Examples
    --------
    >>> sam_variables({"NETLIFT_NAMESPACE": "netlift", "AWS_REGION": "eu-west-1"})
    '{"Parameters": {"NETLIFT_NAMESPACE": "netlift"}}'
    """
    passed = {name: value for name, value in environment.items() if name not in _SET_BY_LAMBDA}
    return json.dumps({"Parameters": passed})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local up",
        description="Serve S3, S3 Tables, Lambda and Step Functions on 127.0.0.1 until Ctrl-C; nothing is kept.",
        epilog="example: python -m infra.local up --port 5555 --env-file .local-cloud; "
        "in another shell: source .local-cloud && netlift run nightly --run-date 2026-11-21",
    )
    parser.add_argument("--port", type=_port, default=0, help="port of AWS, 0 takes a free one (default 0)")
    parser.add_argument(
        "--catalog-port", type=_port, default=0, help="port of the Iceberg REST catalog, 0 takes a free one (default 0)"
    )
    parser.add_argument("--region", default="eu-west-1", help="AWS region to be (default eu-west-1)")
    parser.add_argument("--env-file", type=Path, help="write the lines to this file too, to be sourced by other shells")
    parser.add_argument(
        "--sam",
        type=Path,
        help="answer on an address that containers reach too, and write this file for sam local invoke --env-vars",
    )
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"port == {text!r}, must be a whole number from 0 to 65535")
    return int(text)


def _write(file: Path, lines: str) -> None:
    try:
        file.write_text(lines + "\n")
    except OSError as error:
        raise BadEnvironment(f"{file} cannot be written ({error.strerror}): name another file.") from error


def _hint(env_file: Path | None) -> str:
    where = f"source {env_file}" if env_file else "paste these lines into another shell"
    return f"the local cloud is running: {where}, then try 'netlift --help'; Ctrl-C ends it and forgets what it holds"
