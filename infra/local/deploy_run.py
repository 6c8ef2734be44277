"""``python -m infra.local run CHAIN``: what the chain's schedule starts, followed step by step."""

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import boto3

from infra.local.cloud import LocalCloud
from infra.local.deploy_follow import Execution, follow
from infra.local.deploy_stack import Stack
from infra.local.deploy_world import prepare
from infra.local.flags import add_customers, add_stack
from infra.local.schedules import start_schedule
from jobs.errors import BadEnvironment
from jobs.runtime.stores import Stores, open_stores
from jobs.storage.result_folder import write_results

RUN_FAILED = 1
_LONGEST_S = 3600


def main(argv: Sequence[str]) -> int:
    """Start a chain as its schedule does, and tell each step.

    Where the environment leads to a deployed template, that one is started; otherwise one is deployed for the while,
    with a made-up world in it.

    Parameters
    ----------
    argv : sequence of str
        The chain, and flags; ``--help`` shows them.

    Returns
    -------
    int
        0 if the execution succeeded, 1 if not.
    """
    flags = _parser().parse_args(argv)
    # moto logs each error that a state machine handles, with all it knows
    logging.getLogger("moto").setLevel(logging.CRITICAL)
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if endpoint:
        return _on_deployed(flags, endpoint)
    # so that customers, which lie in several files, go to an array job
    parameters = {"BatchAboveShards": "1", **dict(flags.parameter)}
    with (
        LocalCloud(functions=flags.functions) as cloud,
        Stack(cloud, flags.stage, parameters) as stack,
        stack.applied(),
    ):
        _say(
            f"{stack.name}: {len(stack.made())} resources were made; a world of {flags.customers:,} customers is put in"
        )
        day = flags.at.astimezone(UTC).date() - timedelta(days=1)
        prepare(open_stores(), day, flags.customers, models=flags.chain == "nightly")
        ended = _followed(cloud.client, stack.name, flags)
        code = _told(ended, flags.json)
        _keep_page(page_of(ended), open_stores())
    return code


def _on_deployed(flags: argparse.Namespace, endpoint: str) -> int:
    if not endpoint.startswith(("http://127.0.0.1", "http://localhost")):
        raise BadEnvironment(
            f"AWS_ENDPOINT_URL is {endpoint}, which is not this machine: unset it, or source what deploy printed."
        )
    if flags.parameter:
        raise BadEnvironment("--parameter is for a template that is deployed now: give it to deploy instead.")
    return _told(_followed(boto3.client, f"netlift-{flags.stage}", flags), flags.json)


def _followed(client: Any, stack: str, flags: argparse.Namespace) -> Execution:
    started = time.monotonic()
    arn = start_schedule(client, stack, flags.chain, flags.at)
    _say(f"the target of {stack}'s schedule was started: {arn}")
    return follow(
        client("stepfunctions"), arn, _LONGEST_S, lambda line: _say(f"{time.monotonic() - started:6.1f} s  {line}")
    )


def _told(ended: Execution, as_json: bool) -> int:
    _say(summary(ended))
    if as_json:
        print(json.dumps(ended.output, indent=2))
    return 0 if ended.status == "SUCCEEDED" else RUN_FAILED


def summary(ended: Execution) -> str:
    """Return how an execution ended as lines for people: each step's rows, then where the page is.

    Examples
    --------
    >>> summary(Execution("FAILED", None, "BadFile", "a.parquet is empty: write it again.", ()))
    'FAILED: BadFile: a.parquet is empty: write it again.'
    """
    if ended.status != "SUCCEEDED":
        return f"{ended.status}: {ended.error}: {ended.cause}"
    if not isinstance(ended.output, list):
        return f"SUCCEEDED: {ended.output['state']}, nothing was done here"
    head = f"{'step':<22}{'kind':<14}{'state':<14}{'rows in':>12}{'set aside':>11}{'rows out':>12}{'seconds':>9}"
    page = page_of(ended)
    at = page.get("address") or page.get("Cause")
    return "\n".join(["SUCCEEDED", head, *map(_step, ended.output), *([f"page: {at}"] if at else [])])


def page_of(ended: Execution) -> dict[str, str]:
    """Return ``address`` of the page that a night wrote, ``Error`` and ``Cause`` of one it could not, or nothing."""
    page: dict[str, str] = json.loads(ended.exited("WritePage") or "{}").get("anything", {}).get("page", {})
    return page


def _keep_page(page: dict[str, str], stores: Stores) -> None:
    """Copy a page to this machine's files: the cloud that it lies in is about to end."""
    if page.get("address"):
        body = stores.objects.get(page["address"].removeprefix(f"{stores.objects.uri}/"))
        write_results(Path("out"), {"night.html": body})
        _say(f"copy: {Path('out') / 'night.html'}")


def _step(step: dict[str, Any]) -> str:
    report = step.get("report")
    line = f"{step['verb']:<22}{step['kind']:<14}{step['state']:<14}"
    if report is None:
        return line + str(step.get("why", ""))
    rows = (report["rows_in"], report["rows_quarantined"], sum(report["rows_out"].values()))
    return f"{line}{rows[0]:>12,}{rows[1]:>11,}{rows[2]:>12,}{report['seconds']:>9.1f}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    tonight = datetime.combine(datetime.now(UTC).date(), time_of_day(2), UTC)
    parser = argparse.ArgumentParser(
        prog="python -m infra.local run",
        description="Start what a schedule of the template starts, with the schedule's own input, and follow it. "
        "Where AWS_ENDPOINT_URL leads to a deployed template, there; else on one that is deployed for the while, "
        "with a made-up world in it.",
        epilog="example: python -m infra.local run nightly --at 2026-11-22T02:00:00+00:00",
    )
    parser.add_argument("chain", choices=("nightly", "weekly"), help="which schedule")
    parser.add_argument(
        "--at",
        type=_moment,
        default=tonight,
        metavar="MOMENT",
        help="moment of the schedule; the run is of the day before (default 2 o'clock today, in UTC)",
    )
    add_customers(parser, 20_000, "of the made-up world that a template deployed now is given")
    add_stack(parser, "a template that is deployed now")
    parser.add_argument("--json", action="store_true", help="print the execution's output as JSON too")
    return parser


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a moment like 2026-11-22T02:00:00+00:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
