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
from infra.local.flags import add_where, write_lines
from infra.local.home import HIDDEN

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
            write_lines(flags.env_file, lines)
        if flags.sam is not None:
            host, known_as = reach()
            write_lines(flags.sam, sam_variables(cloud.also_on(host, known_as).environment()))
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
    add_where(parser)
    parser.add_argument(
        "--sam",
        type=Path,
        help="answer on an address that containers reach too, and write this file for sam local invoke --env-vars",
    )
    return parser


def _hint(env_file: Path | None) -> str:
    where = f"source {env_file}" if env_file else "paste these lines into another shell"
    return f"the local cloud is running: {where}, then try 'netlift --help'; Ctrl-C ends it and forgets what it holds"
