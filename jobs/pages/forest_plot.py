"""A forest plot: estimates with their intervals in groups, on one scale or each group on its own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import Literal

from markupsafe import Markup

from jobs.pages.axes import WIDTH, Axis
from jobs.pages.palette import AXIS, BLUE, GRID, INK, MUTED, ORANGE, PAPER
from jobs.pages.scales import Scale, extent, nice_ticks
from jobs.pages.svg import element, picture, shortened, text, text_width

Tone = Literal["gain", "loss", "open"]
"""Whether an estimate is surely for the better, surely for the worse, or neither; dots say it without colour too."""

_HEAD_PX, _ROW_PX, _GAP_PX, _TICKS_PX = 22, 34, 12, 20
_BEYOND = 8.0  # an interval that reaches so many times as far as the median one, and over 0, would make dots of all
_COLOURS = {"gain": BLUE, "loss": ORANGE, "open": INK}


@dataclass(frozen=True)
class ForestRow:
    """One estimate.

    Parameters
    ----------
    name : str
        What is estimated, such as an arm.
    value : float
        Best estimate.
    low, high : float or None
        Limits of its interval.
    tone : {"gain", "loss", "open"}
        How it is drawn: filled blue, filled orange, hollow.
    margin : float or None
        How far it may go to the worse, drawn as a dashed line; None where nothing limits it.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    tone: Tone = "open"
    margin: float | None = None


@dataclass(frozen=True)
class ForestGroup:
    """Estimates that belong together, such as the arms of a metric.

    Parameters
    ----------
    name : str
        Stands over the rows.
    rows : sequence of ForestRow
        From top to bottom; one at least.
    axis : Axis
        Name, ticks and values to hold, 0 mostly.
    written : callable
        Writes the numbers, one of :mod:`jobs.pages.formats`.
    note : str
        Stands at the right end of the name.
    """

    name: str
    rows: Sequence[ForestRow]
    axis: Axis
    written: Callable[[float | None], str]
    note: str = ""


def forest_plot(
    title: str, groups: Sequence[ForestGroup], *, shared: Axis | None = None, description: str = ""
) -> Markup | None:
    """Draw each group's estimates one under the other, or return None where no value can be drawn.

    Parameters
    ----------
    title : str
        Said to those who cannot see it.
    groups : sequence of ForestGroup
        From top to bottom; those without a finite value are left out.
    shared : Axis, optional
        The one axis of all groups, under the last; without it each group has its own.
    description : str
        What there is to see, in a sentence.
    """
    groups = [group for group in groups if any(isfinite(row.value) for row in group.rows)]
    if not groups:
        return None
    drawn: list[Markup] = []
    top = 0.0
    if shared is not None:
        ground = _ground(shared, [row for group in groups for row in group.rows])
        for group in groups:
            drawn += _group(group, top, ground)
            top += _HEAD_PX + len(group.rows) * _ROW_PX + _GAP_PX
        top -= _GAP_PX
        drawn += [*_ticks(ground, top), text(shared.label, WIDTH, top + _TICKS_PX + 14, anchor="end", fill=MUTED)]
        top += _TICKS_PX + 20
    else:
        for group in groups:
            ground = _ground(group.axis, group.rows)
            drawn += _group(group, top, ground)
            top += _HEAD_PX + len(group.rows) * _ROW_PX
            drawn += _ticks(ground, top)
            top += _TICKS_PX + _GAP_PX
    return picture(title, description or title, WIDTH, top, *drawn)


@dataclass(frozen=True)
class _Ground:
    across: Scale
    ticks: tuple[float, ...]
    labels: list[str]


def _ground(axis: Axis, rows: Sequence[ForestRow]) -> _Ground:
    """Lay an axis over the rows; one that is far less sure than the others does not decide how far it runs."""
    reaches = {i: reach for i, row in enumerate(rows) if (reach := _reach(row)) is not None}
    usual = median(reaches.values()) if reaches else 0.0
    vague = {i for i, reach in reaches.items() if reach > _BEYOND * usual and reach > abs(rows[i].value)}
    inside = [
        v
        for i, row in enumerate(rows)
        if i not in vague
        for v in (row.value, row.low, row.high)
        if v is not None and isfinite(v)
    ]
    most = max([abs(v) for v in inside], default=0.0) + usual
    inside += [rows[i].value for i in vague if abs(rows[i].value) <= most]
    margins = [row.margin for row in rows if row.margin is not None]
    held = extent([*inside, *margins], *axis.holds) or (0.0, 1.0)
    ticks = nice_ticks(*held, most=4)
    labels = axis.ticks_as(ticks)
    edge = max(8.0, text_width(labels[0]) / 2, text_width(labels[-1]) / 2)
    return _Ground(Scale(ticks[0], ticks[-1], edge, WIDTH - edge), ticks, labels)


def _reach(row: ForestRow) -> float | None:
    """Return how far the longer side of an interval reaches, or None where it has no end."""
    if row.low is None or row.high is None or not isfinite(row.low + row.value + row.high):
        return None
    return max(row.value - row.low, row.high - row.value)


def _ticks(ground: _Ground, top: float) -> Iterable[Markup]:
    for tick, label in zip(ground.ticks, ground.labels, strict=True):
        yield text(label, ground.across(tick), top + 15, anchor="middle", fill=MUTED)


def _group(group: ForestGroup, top: float, ground: _Ground) -> list[Markup]:
    foot = top + _HEAD_PX + len(group.rows) * _ROW_PX
    drawn = [
        element(
            "line",
            x1=ground.across(tick),
            y1=top + _HEAD_PX - 2,
            x2=ground.across(tick),
            y2=foot,
            stroke=AXIS if tick == 0 else GRID,
        )
        for tick in ground.ticks
    ]
    name = shortened(group.name, WIDTH - text_width(group.note) - 12, 13)
    drawn.append(text(name, 0, top + 13, weight=650))
    if group.note:
        drawn.append(text(shortened(group.note, WIDTH * 0.6), WIDTH, top + 13, anchor="end", fill=MUTED))
    for i, row in enumerate(group.rows):
        drawn += _row(row, top + _HEAD_PX + i * _ROW_PX, ground.across, group.written)
    return drawn


def _row(row: ForestRow, top: float, across: Scale, written: Callable[[float | None], str]) -> list[Markup]:
    colour = _COLOURS[row.tone]
    number = written(row.value)
    at = top + 22
    drawn = []
    if row.margin is not None and isfinite(row.margin):
        x = across(row.margin)
        drawn.append(
            element("line", x1=x, y1=at - 9, x2=x, y2=at + 9, stroke=ORANGE, stroke_width=2, stroke_dasharray="3 2")
        )
    drawn += [
        text(shortened(row.name, WIDTH - text_width(number) - 20), 0, top + 12, fill=colour, halo=True),
        text(number, WIDTH, top + 12, anchor="end", fill=colour, weight=600, halo=True),
    ]
    if row.low is not None and row.high is not None and isfinite(row.low + row.high):
        drawn += _whisker(row.low, row.high, at, across, colour)
    if isfinite(row.value) and across.low <= row.value <= across.high:
        fill = PAPER if row.tone == "open" else colour
        drawn.append(element("circle", cx=across(row.value), cy=at, r=4.5, fill=fill, stroke=colour, stroke_width=2))
    return drawn


def _whisker(low: float, high: float, at: float, across: Scale, colour: str) -> list[Markup]:
    """Draw an interval; an end beyond the axis is an arrow."""
    if high < across.low or low > across.high:
        low = high = across.low if high < across.low else across.high
        beyond = (low == across.low, high == across.high)
    else:
        beyond = (low < across.low, high > across.high)
    left, right = across(max(low, across.low)), across(min(high, across.high))
    drawn = [element("line", x1=left, y1=at, x2=right, y2=at, stroke=colour, stroke_width=2)]
    for x, over, way in ((left, beyond[0], -1), (right, beyond[1], 1)):
        if over:
            points = [(x - way * 6, at - 4.5), (x, at), (x - way * 6, at + 4.5)]
            d = "M" + "L".join(f"{a:.2f},{b:.2f}" for a, b in points)
            drawn.append(element("path", d=d, fill="none", stroke=colour, stroke_width=2))
        else:
            drawn.append(element("line", x1=x, y1=at - 4, x2=x, y2=at + 4, stroke=colour, stroke_width=2))
    return drawn
