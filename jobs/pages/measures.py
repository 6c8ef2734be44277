"""How a metric is written: its level, its difference and its axis, by kind and unit."""

from collections.abc import Callable
from dataclasses import dataclass

from jobs.pages.formats import (
    TickFormat,
    count_ticks,
    euro_ticks,
    figure,
    percent,
    point_ticks,
    points,
    signed_figure,
    small_euro,
)


@dataclass(frozen=True)
class Measure:
    """How the figures of one metric are written.

    Parameters
    ----------
    level : callable
        Writes a figure of an arm.
    difference : callable
        Writes a difference of two arms, with its sign.
    ticks : callable
        Writes an axis of differences.
    unit : str
        What a difference is counted in, in words; empty where the figures say it.
    """

    level: Callable[[float | None], str]
    difference: Callable[[float | None], str]
    ticks: TickFormat
    unit: str = ""


def measure(kind: str, unit: str | None) -> Measure:
    """Return how a metric is written.

    Parameters
    ----------
    kind : str
        ``mean``, ``proportion``, ``ratio`` or ``quantile``.
    unit : str or None
        Of the metric: euro is written as money, ``share`` in percent.

    Examples
    --------
    >>> visits, spend, days = measure("proportion", None), measure("mean", "EUR"), measure("mean", "days")
    >>> visits.level(0.1062), visits.difference(0.0766), spend.difference(0.7698), days.difference(-1.25), days.unit
    ('10.6%', '+7.66 pp', '+€0.770', '−1.25', 'days')
    """
    if kind == "proportion" or unit == "share":
        return Measure(percent, points, point_ticks)
    if (unit or "").casefold() in {"eur", "euro", "euros", "€"}:
        return Measure(lambda value: small_euro(value).removeprefix("+"), small_euro, euro_ticks)
    return Measure(figure, signed_figure, count_ticks, unit or "")
