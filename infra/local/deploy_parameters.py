"""Parameters of a template, held to what the template says of them before anything is made, as CloudFormation does."""

import re
from collections.abc import Mapping
from typing import Any

from jobs.errors import BadRequest
from jobs.runtime.schedule import check_schedule


def check_parameters(declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]) -> None:
    """Do nothing if a stack can be made with these parameters.

    A schedule is looked at as EventBridge Scheduler would: no pattern of a template can say that there is no
    minute 61.

    Parameters
    ----------
    declared : mapping
        The template's section Parameters.
    given : mapping of str to str
        Values by name; the others have their defaults.

    Raises
    ------
    BadRequest
        If a parameter is unknown, missing, or not what the template allows; the sentence names it.
    """
    for name in given:
        if name not in declared:
            raise BadRequest(f"the template has no parameter {name!r}: give one of {', '.join(sorted(declared))}.")
    values: dict[str, str] = {}
    for name, rules in declared.items():
        if name not in given and "Default" not in rules:
            raise BadRequest(
                f"parameter {name} has no value: give it, {rules.get('Description', 'as the template says')}."
            )
        values[name] = str(given.get(name, rules.get("Default")))
        _check(name, values[name], rules)
    for name in ("NightlySchedule", "WeeklySchedule"):
        if name in values:
            try:
                check_schedule(values[name], values.get("ScheduleTimezone", "UTC"))
            except BadRequest as error:
                raise BadRequest(f"parameter {name}: {error}") from error


def _check(name: str, value: str, rules: Mapping[str, Any]) -> None:
    pattern, allowed = rules.get("AllowedPattern"), [str(v) for v in rules.get("AllowedValues", ())]
    if pattern is not None and not re.fullmatch(pattern, value):
        raise BadRequest(
            f"parameter {name} is {value!r}, must match {pattern}: {rules.get('Description', 'correct it')}."
        )
    if allowed and value not in allowed:
        raise BadRequest(f"parameter {name} is {value!r}, must be one of {', '.join(allowed)}.")
    if rules.get("Type") == "Number":
        low, high = rules.get("MinValue", "-inf"), rules.get("MaxValue", "inf")
        try:
            inside = float(low) <= float(value) <= float(high)
        except ValueError:
            inside = False
        if not inside:
            raise BadRequest(f"parameter {name} is {value!r}, must be a number from {low} to {high}.")
