"""The cumulative effect: what an arm adds as units come in, with the band that holds at every look."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import isfinite

from markupsafe import Markup

from jobs.pages.axes import Axis
from jobs.pages.formats import TickFormat, count_ticks
from jobs.pages.line_chart import Line, Marker, line_chart
from jobs.pages.measures import Measure
from jobs.pages.scales import nice_ticks


@dataclass(frozen=True)
class CurvePoint:
    """The effect of all units that had come by one moment.

    Parameters
    ----------
    at : str or None
        ISO date or time of the look; None where the trial has no time.
    units : int
        Units seen until then.
    value, low, high : float
        Effect and limits of its band.
    """

    at: str | None
    units: int
    value: float
    low: float
    high: float


def effect_curve(
    title: str,
    points: Sequence[CurvePoint],
    measure: Measure,
    *,
    ends_on: str | None = None,
    units_planned: int | None = None,
) -> Markup | None:
    """Draw the effect over time with its band, the last look marked, or return None for fewer than two looks.

    Parameters
    ----------
    title : str
        Metric and arm, said to those who cannot see it.
    points : sequence of CurvePoint
        Oldest first.
    measure : Measure
        How the metric is written.
    ends_on : str, optional
        ISO date of the planned end: the axis runs on to it.
    units_planned : int, optional
        The same in units, where the looks have no date.
    """
    points = [p for p in points if isfinite(p.value) and isfinite(p.low) and isfinite(p.high)]
    if len(points) < 2:
        return None
    days = [_day(p.at) for p in points]
    dated = [day for day in days if day is not None]
    by_day = len(dated) == len(points) and dated[-1] > dated[0]
    end = _day(ends_on) if by_day else units_planned
    xs = [day - dated[0] for day in dated] if by_day else [float(p.units) for p in points]
    last = None if end is None else float(end - dated[0] if by_day else end)
    x = Axis("date of the look", _date_ticks(date.fromordinal(int(dated[0])))) if by_day else Axis("units", count_ticks)
    low, high = _room(points)
    cut = [(max(min(v, high), low)) for v in (p.value for p in points)]
    lines = [
        Line(
            "",
            xs,
            cut,
            [max(min(p.low, high), low) for p in points],
            [max(min(p.high, high), low) for p in points],
        )
    ]
    if last is not None and last > xs[-1]:
        lines.append(Line("planned end", [last, last], [low, high], plain=True))
    now = points[-1]
    said = f"{measure.difference(now.value)} now"
    return line_chart(
        title,
        lines,
        x,
        Axis(f"effect, {measure.unit}" if measure.unit else "effect", measure.ticks, holds=(0.0,)),
        markers=[Marker(xs[-1], cut[-1], said)],
        description=(
            f"{len(points)} looks; at the last one {measure.difference(now.value)}, between "
            f"{measure.difference(now.low)} and {measure.difference(now.high)}."
        ),
    )


def _room(points: Sequence[CurvePoint]) -> tuple[float, float]:
    """Return the range of the later looks, to whole ticks: bands of the first few units would flatten all others."""
    later = points[len(points) // 3 :]
    low, high = min(p.low for p in later), max(p.high for p in later)
    last = points[-1]
    wide = 3.0 * max(last.high - last.low, 1e-300)
    ticks = nice_ticks(min(max(low, last.value - wide), 0.0), max(min(high, last.value + wide), 0.0))
    return ticks[0], ticks[-1]


def _day(at: str | None) -> float | None:
    """Return a moment as days, with a fraction where it says a time."""
    if at is None:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return moment.toordinal() + (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86400


def _date_ticks(first: date) -> TickFormat:
    def write(ticks: Sequence[float]) -> list[str]:
        return [
            f"{day.day} {day:%b}" if tick == round(tick) else ""
            for tick in ticks
            for day in (first + timedelta(days=round(tick)),)
        ]

    return write
