"""``python -m infra.local deploy``: the template on a local cloud, until it is interrupted."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.local.cloud import LocalCloud
from infra.local.deploy_stack import Stack
from infra.local.deploy_world import prepare
from infra.local.flags import add_customers, add_stack, add_where, port, write_lines
from infra.local.up import shell_lines
from jobs.runtime.stores import open_stores


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
        if flags.customers:
            print(f"a world of {flags.customers:,} customers is put in, and models are trained", file=sys.stderr)
            yesterday = datetime.now(UTC).date() - timedelta(days=1)
            with stack.applied():
                prepare(open_stores(), yesterday, flags.customers, models=True)
        # the file last: who waits for it finds everything there
        if flags.env_file is not None:
            write_lines(flags.env_file, lines)
        door, arms = stack.api_door(flags.api_port), stack.api_door(endpoint="Assign")
        door.start()
        arms.start()
        print(lines, flush=True)
        print(told(stack, flags.env_file, door.url, arms.url), file=sys.stderr, flush=True)
        end.wait()
        door.stop()
        arms.stop()
    print("the local cloud has ended; what it held is gone", file=sys.stderr)
    return 0


def told(stack: Stack, env_file: Path | None, api_url: str, assign_url: str) -> str:
    """Return what was deployed, and what to do now."""
    made, outputs = stack.made(), stack.outputs
    lines = [f"{stack.name}: {len(made)} resources were made"]
    lines += [f"  {name:<20}{outputs[name]}" for name in sorted(outputs)]
    lines.append(f"fraud scores answer on {api_url}/v1/fraud-scores, described by {api_url}/openapi.json")
    lines.append(f"arms of experiments are told on {assign_url}/v1/assignments, described by {assign_url}/openapi.json")
    where = f"source {env_file}" if env_file else "paste the lines above into another shell"
    lines.append(f"{where}, then 'python -m infra.local run nightly --stage {stack.stage}'; Ctrl-C ends it")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local deploy",
        description="Deploy template.yaml to a cloud on 127.0.0.1, with functions and jobs on this machine; "
        "nothing is kept.",
        epilog="example: python -m infra.local deploy --customers 20000 --env-file .local-cloud; "
        "in another shell: source .local-cloud && python -m infra.local run nightly",
    )
    add_where(parser)
    parser.add_argument("--api-port", type=port, default=0, help="port of the fraud endpoint (default 0)")
    add_customers(parser, 0, "of a made-up world that is put in, with models; 0 puts nothing in")
    add_stack(parser, "the template")
    return parser
