"""How many days a trial runs, and whom it has by a day, from the units that came new on each day of the past."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadRequest

WEEK_DAYS = 7


def duration_days(units: int, first_seen: Sequence[int], *, exposure: float = 1.0, window_days: int = 0) -> int:
    """Return how many days it takes until so many units have entered and their outcome window has closed.

    Parameters
    ----------
    units : int
        Units needed, in all arms together.
    first_seen : sequence of int, length n_days
        Units seen for the first time on each day of the past, one week at least. Regular customers all come in the
        first weeks, so traffic a day times days would be too many.
    exposure : float
        Share of the traffic that enters the trial, in (0, 1].
    window_days : int
        Days of the outcome window.

    Returns
    -------
    int
        Whole weeks, so that every weekday counts alike, plus the window. Past the end of history the new units of its
        last week are taken to come again.

    Raises
    ------
    BadRequest
        If history is shorter than a week, no units come any more, or a value is not allowed.

    Examples
    --------
    >>> duration_days(1000, [100] * 14)
    14
    >>> duration_days(1000, [100] * 14, exposure=0.5, window_days=3)
    24
    """
    if units < 1 or not 0.0 < exposure <= 1.0 or window_days < 0:
        raise BadRequest(
            f"units == {units}, exposure == {exposure}, window_days == {window_days}: must be at least 1, in (0, 1], "
            "and at least 0."
        )
    past = _past(first_seen)
    entered = np.cumsum(past) * exposure
    if entered[-1] >= units:
        days = int(np.argmax(entered >= units)) + 1
    else:
        weekly = past[-WEEK_DAYS:].sum() * exposure
        if weekly <= 0.0:
            raise BadRequest(f"{entered[-1]:.0f} units came in {len(past)} days and none in the last week: too few.")
        days = len(past) + math.ceil((units - entered[-1]) / weekly * WEEK_DAYS)
    return math.ceil(days / WEEK_DAYS) * WEEK_DAYS + window_days


def units_by(days: int, first_seen: Sequence[int], *, exposure: float = 1.0) -> float:
    """Return how many units have entered after so many days.

    Parameters
    ----------
    days : int
        Days of entry, at least 0.
    first_seen, exposure
        As in :func:`duration_days`.

    Returns
    -------
    float

    Raises
    ------
    BadRequest
        If history is shorter than a week, or a value is not allowed.

    Examples
    --------
    >>> units_by(7, [100] * 14), units_by(21, [100] * 14, exposure=0.5)
    (700.0, 1050.0)
    """
    past = _past(first_seen)
    if days < 0 or not 0.0 < exposure <= 1.0:
        raise BadRequest(f"days == {days} and exposure == {exposure}: must be at least 0, and in (0, 1].")
    beyond = max(days - len(past), 0) * past[-WEEK_DAYS:].sum() / WEEK_DAYS
    return float((past[:days].sum() + beyond) * exposure)


def _past(first_seen: Sequence[int]) -> NDArray[np.float64]:
    past = np.asarray(first_seen, np.float64)
    if len(past) < WEEK_DAYS or not np.all(past >= 0.0):
        raise BadRequest(f"history has {len(past)} days: give new units of a week or more, none below 0.")
    return past
