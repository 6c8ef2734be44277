"""Lambda behind an HTTP API: a payment's fraud score while the payment waits. Loads no pandas and no scikit-learn."""

import hashlib
import logging
import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.champion import Champions
from functions.fraud_desk import Desk, Policy, open_desk
from functions.fraud_messages import FraudRequest, read_request
from functions.fraud_openapi import SCORES_PATH, document
from functions.http_app import JSON, new_app, text_of
from functions.once import Answers
from functions.openapi import DOCUMENT_PATH
from functions.problem import Problem
from jobs.errors import BadEnvironment, NetliftError
from jobs.runtime.home import now, open_home
from jobs.runtime.logs import to_stderr
from jobs.storage.online import open_online

EARLIEST = timedelta(days=1)
LATEST = timedelta(minutes=5)
"""A payment is of the day before at most, and of a clock that is five minutes ahead at most."""

app = new_app({SCORES_PATH: "POST", DOCUMENT_PATH: "GET"})


class Door:
    """What the endpoint answers by.

    Parameters
    ----------
    desk : Desk
        Assesses payments.
    answers : Answers
        Answers by Idempotency-Key.
    clock : callable
        Returns the moment, in UTC.
    """

    def __init__(self, desk: Desk, answers: Answers, clock: Callable[[], datetime]) -> None:
        self.desk = desk
        self._answers = answers
        self._clock = clock

    def score(self, body: str | None, key: str | None) -> Response[Any]:
        """Answer a request, once under its key."""
        request = read_request(body)
        self._check_moment(request)
        fingerprint = hashlib.sha256(request.model_dump_json().encode()).hexdigest()
        if key is None:
            return Response(200, JSON, self.desk.assess(request, fingerprint).model_dump_json())
        try:
            turn = self._answers.begin(key, fingerprint)
        except NetliftError as error:
            raise Problem(
                "unavailable",
                "Idempotency-Key cannot be looked up now: ask again, or without it.",
                headers={"Retry-After": "5"},
            ) from error
        if isinstance(turn, tuple):
            return Response(turn[0], JSON, turn[1])
        try:
            answer = self.desk.assess(request, fingerprint).model_dump_json()
        except BaseException:
            self._answers.give_up(turn)
            raise
        self._answers.keep(turn, 200, answer)
        return Response(200, JSON, answer)

    def _check_moment(self, request: FraudRequest) -> None:
        moment = self._clock()
        if not moment - EARLIEST <= request.occurred_at <= moment + LATEST:
            said = f"is {request.occurred_at.isoformat()}, must be from a day before now to five minutes after"
            raise Problem("not-allowed", f"occurred_at {said}: check the clock.", (("occurred_at", said),))


def open_door(environment: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now) -> Door:
    """Open the door that the environment describes.

    ``NETLIFT_ONLINE`` and ``NETLIFT_ANSWERS`` are addresses of online records, ``dynamodb://TABLE`` or a folder:
    features and counters, and answers by Idempotency-Key. ``NETLIFT_FRAUD_POLICY`` is "open" unless it says
    "closed".

    Raises
    ------
    BadEnvironment
        If a variable is missing or names nothing that can be.
    """
    policy = environment.get("NETLIFT_FRAUD_POLICY", "open")
    if policy not in {"open", "closed"}:
        raise BadEnvironment(f"NETLIFT_FRAUD_POLICY is {policy!r}: set it to open or closed.")
    chosen: Policy = "closed" if policy == "closed" else "open"
    home = open_home(environment, clock)
    records = open_online(environment.get("NETLIFT_ONLINE", ""), clock)
    answers = Answers(open_online(environment.get("NETLIFT_ANSWERS", ""), clock), clock)
    return Door(open_desk(Champions(home.models), records, chosen), answers, clock)


@cache
def door() -> Door:
    """Return the door of this process."""
    to_stderr(logging.INFO)
    return open_door()


@app.post(SCORES_PATH)
def score() -> Response[Any]:
    """Score a payment."""
    return door().score(text_of(app), app.current_event.headers.get("idempotency-key"))


@app.get(DOCUMENT_PATH)
def describe() -> Response[Any]:
    """Describe the endpoint."""
    return Response(200, JSON, document())


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request.

    Parameters
    ----------
    event : dict
        A request as an HTTP API of API Gateway hands it on, payload format 2.0.
    context : object
        Lambda's context.

    Returns
    -------
    dict
        ``statusCode``, ``headers`` and ``body``.
    """
    return app.resolve(event, context)  # type: ignore[arg-type]  # any context will do
