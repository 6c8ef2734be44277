"""What a schedule of a deployed template starts, started at once: on this machine, or in an AWS account."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from jobs.errors import BadRequest

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""What EventBridge Scheduler puts the moment in the place of."""


def start_schedule(client: Any, stack: str, chain: str, at: datetime) -> str:
    """Start what a schedule of a stack starts, with its input.

    Parameters
    ----------
    client : callable
        Makes a boto3 client of a service.
    stack : str
        Name of the stack.
    chain : str
        "nightly" or "weekly".
    at : datetime.datetime
        Moment that the schedule is for.

    Returns
    -------
    str
        ARN of the execution.

    Raises
    ------
    BadRequest
        If the stack has no such schedule.
    """
    scheduler = client("scheduler")
    try:
        schedule = scheduler.get_schedule(Name=f"{stack}-{chain}")
    except scheduler.exceptions.ResourceNotFoundException as error:
        raise BadRequest(
            f"{stack} has no schedule {chain!r}: give nightly or weekly, of a stack that is deployed."
        ) from error
    target = schedule["Target"]
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = re.sub(re.escape(SCHEDULED_TIME), moment, target["Input"])
    started = client("stepfunctions").start_execution(
        stateMachineArn=target["Arn"], name=f"{chain}-{uuid4().hex[:12]}", input=event
    )
    return str(started["executionArn"])
