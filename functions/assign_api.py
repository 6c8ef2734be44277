"""Lambda behind an HTTP API: which arm of an experiment a unit is in. It writes nothing, and logs no unit."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.assign_messages import AskedUnit, Assigned, AssignmentAnswer, Status, read_request
from functions.assign_openapi import ASSIGNMENTS_PATH, document
from functions.draws import Draws
from functions.http_app import JSON, new_app, text_of
from functions.openapi import DOCUMENT_PATH
from functions.problem import Problem
from jobs.errors import StorageUnavailable, UnknownExperiment
from jobs.runtime.frozen_draw import Draw
from jobs.runtime.home import now, open_home
from jobs.runtime.logs import to_stderr
from jobs.science.experiment.assignment import HOLDOUT, OUTSIDE, assign

RETRY_AFTER_S = 5

app = new_app({ASSIGNMENTS_PATH: "POST", DOCUMENT_PATH: "GET"})


class Door:
    """What the endpoint answers by.

    Parameters
    ----------
    draws : Draws
        How experiments draw.
    clock : callable
        Returns the moment, in UTC.
    """

    def __init__(self, draws: Draws, clock: Callable[[], datetime]) -> None:
        self._draws = draws
        self._clock = clock

    def assign(self, body: str | None) -> Response[Any]:
        """Answer a request."""
        request = read_request(body)
        day = self._clock().astimezone(UTC).date()
        try:
            draw = self._draws.current(request.experiment_id, day)
        except UnknownExperiment:
            raise Problem(
                "unknown-experiment",
                f"there is no experiment {request.experiment_id!r}: correct its name, or write its file.",
                (("experiment_id", "names no experiment"),),
            ) from None
        except StorageUnavailable as error:
            raise Problem(
                "unavailable",
                f"the experiment cannot be looked up: ask again in {RETRY_AFTER_S} seconds, and treat the unit as if "
                "there were no experiment meanwhile.",
                headers={"Retry-After": str(RETRY_AFTER_S)},
            ) from error
        answer = AssignmentAnswer(
            experiment_id=request.experiment_id,
            as_of=day,
            unit=draw.unit if draw else None,
            salt=draw.rule.salt if draw else None,
            version=draw.rule.version if draw else None,
            assignments=assigned(draw, request.units, day),
        )
        return Response(200, JSON, answer.model_dump_json())


def assigned(draw: Draw | None, units: Sequence[AskedUnit], day: date) -> list[Assigned]:
    """Return what each unit gets on a day.

    Parameters
    ----------
    draw : Draw or None
        How the experiment draws; None if it has not started.
    units : sequence of AskedUnit
        Which units.
    day : datetime.date
        Which day.

    Raises
    ------
    Problem
        If the experiment's shares differ by stratum and a unit names none.
    """
    if draw is None or day < draw.starts_on:
        return [_nothing(u, "not_started", "the experiment has not started: its first run draws") for u in units]
    if day > draw.ends_on:
        return [_nothing(u, "ended", f"the experiment drew its last units on {draw.ends_on}") for u in units]
    if draw.stratum is not None:
        without = [n for n, unit in enumerate(units) if "stratum" not in unit.model_fields_set]
        if without:
            raise Problem(
                "not-allowed",
                f"units.{without[0]}.stratum: shares differ by {draw.stratum}: give each unit's, or null.",
                tuple((f"units.{n}.stratum", f"is needed: the unit's {draw.stratum}") for n in without[:20]),
            )
    drawn = assign(draw.rule, [u.unit_id for u in units], [u.stratum for u in units])
    found = []
    for unit, arm, propensity in zip(units, drawn.arm.tolist(), drawn.propensity.tolist(), strict=True):
        if arm == HOLDOUT:
            found.append(_nothing(unit, "held_back", "held back: in no arm of this experiment"))
        elif arm == OUTSIDE:
            found.append(_nothing(unit, "outside", "not in the experiment, or not yet"))
        else:
            said = f"in arm {arm}"
            found.append(Assigned(unit_id=unit.unit_id, status="in", arm=arm, propensity=propensity, words=said))
    return found


def _nothing(unit: AskedUnit, status: Status, words: str) -> Assigned:
    return Assigned(unit_id=unit.unit_id, status=status, arm=None, propensity=None, words=words)


def open_door(environment: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now) -> Door:
    """Open the door that the environment describes: ``NETLIFT_HOME`` names where experiments are.

    Raises
    ------
    BadEnvironment
        If the variable is missing or names nothing that can be.
    """
    return Door(Draws(open_home(environment, clock).objects), clock)


@cache
def door() -> Door:
    """Return the door of this process."""
    to_stderr(logging.INFO)
    return open_door()


@app.post(ASSIGNMENTS_PATH)
def tell() -> Response[Any]:
    """Tell the arms of units."""
    return door().assign(text_of(app))


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
