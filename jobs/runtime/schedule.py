"""Schedules as EventBridge Scheduler reads them: cron, rate and at; what it would refuse is refused here by name."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jobs.errors import BadRequest

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS = (
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 1, 7, _WEEKDAYS),
    ("year", 1970, 2199, ()),
)
_DAYS_OF_MONTH = r"L|LW|\d{1,2}W"
_DAYS_OF_WEEK = r"L|[1-7]L|[1-7]#[1-5]"
_RATE = re.compile(r"(?P<value>\d+) (?P<unit>minute|hour|day)s?")


def check_schedule(expression: str, zone: str = "UTC") -> None:
    """Do nothing if a schedule can start something.

    Parameters
    ----------
    expression : str
        ``cron(minutes hours day-of-month month day-of-week year)``, ``rate(value unit)`` or ``at(moment)``.
    zone : str
        Time zone, as the IANA database names it.

    Raises
    ------
    BadRequest
        If EventBridge Scheduler would refuse it; the sentence names the field.

    References
    ----------
    Amazon EventBridge Scheduler User Guide, "Schedule types".

    Examples
    --------
    >>> check_schedule("cron(0 2 * * ? *)")
    >>> check_schedule("cron(61 2 * * ? *)")
    Traceback (most recent call last):
    ...
    jobs.errors.BadRequest: schedule cron(61 2 * * ? *): minutes is '61', must be from 0 to 59: correct it.
    """
    kind, _, inner = expression.partition("(")
    if kind not in {"cron", "rate", "at"} or not inner.endswith(")"):
        raise _bad(expression, "it is neither cron(...) nor rate(...) nor at(...)")
    {"cron": _cron, "rate": _rate, "at": _at}[kind](expression, inner[:-1])
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise _bad(expression, f"its time zone {zone!r} is none, such as Europe/Amsterdam") from error


def _cron(expression: str, inner: str) -> None:
    values = inner.split()
    if len(values) != len(_FIELDS):
        raise _bad(expression, f"it has {len(values)} fields, must have six, from minutes to year")
    for (name, low, high, names), value in zip(_FIELDS, values, strict=True):
        for part in value.split(","):
            if not _is_part(part, name, low, high, names):
                raise _bad(expression, f"{name} is {part!r}, must be from {low} to {high}")
    if [values[2], values[4]].count("?") != 1:
        raise _bad(expression, "of day of month and day of week, exactly one must be '?'")


def _is_part(part: str, name: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    special = {"day of month": _DAYS_OF_MONTH, "day of week": _DAYS_OF_WEEK}.get(name)
    if special is not None and (part == "?" or re.fullmatch(special, part)):
        return True
    span, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and int(step) > 0):
        return False
    if span == "*":
        return True
    ends = [_number(end, low, names) for end in span.split("-")]
    return len(ends) <= 2 and all(end is not None and low <= end <= high for end in ends)


def _number(text: str, low: int, names: tuple[str, ...]) -> int | None:
    if text.upper() in names:
        return low + names.index(text.upper())
    return int(text) if text.isdecimal() else None


def _rate(expression: str, inner: str) -> None:
    match = _RATE.fullmatch(inner)
    if match is None or int(match["value"]) == 0:
        raise _bad(expression, f"{inner!r} is no number above 0 and minutes, hours or days")


def _at(expression: str, inner: str) -> None:
    try:
        datetime.strptime(inner, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007  the zone is given beside it
    except ValueError as error:
        raise _bad(expression, f"{inner!r} is no moment such as 2026-11-22T02:00:00") from error


def _bad(expression: str, why: str) -> BadRequest:
    return BadRequest(f"schedule {expression}: {why}: correct it.")
