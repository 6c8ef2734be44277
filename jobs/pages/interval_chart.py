"""A chart of estimates with their intervals on one scale, a row each, the chosen one in colour."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

from markupsafe import Markup

from jobs.pages.axes import WIDTH, Axis
from jobs.pages.formats import signed_euro
from jobs.pages.palette import AXIS, BLUE, GRID, INK, MUTED, ORANGE, PAPER
from jobs.pages.scales import Scale, extent, nice_ticks
from jobs.pages.svg import element, picture, shortened, text, text_width

_ROW_PX = 42


@dataclass(frozen=True)
class Estimate:
    """One row.

    Parameters
    ----------
    name : str
        What is estimated.
    value : float
        Best estimate.
    low, high : float or None
        Limits of its interval, where there is one.
    chosen : bool, default False
        Whether the row is the one that was chosen.
    truth : float or None
        The true value, in a world that was made up.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    chosen: bool = False
    truth: float | None = None


def interval_chart(
    title: str,
    rows: Sequence[Estimate],
    axis: Axis,
    *,
    written: Callable[[float | None], str] = signed_euro,
    description: str = "",
) -> Markup | None:
    """Draw a dot with its interval for each row, or return None where no value can be drawn.

    Parameters
    ----------
    title : str
        Said to those who cannot see it.
    rows : sequence of Estimate
        From top to bottom.
    axis : Axis
        Name, unit, values to hold.
    written : callable
        Writes the numbers, one of :mod:`jobs.pages.formats`.
    description : str
        What there is to see, in a sentence.
    """
    held = extent((v for row in rows for v in (row.value, row.low, row.high, row.truth)), *axis.holds)
    if held is None:
        return None
    ticks = nice_ticks(*held)
    labels = axis.ticks_as(ticks)
    margin = max(7.0, text_width(labels[0]) / 2, text_width(labels[-1]) / 2)
    across = Scale(ticks[0], ticks[-1], margin, WIDTH - margin)
    bottom = len(rows) * _ROW_PX + (8 if rows[-1].truth is not None else 4)
    drawn = []
    for tick, label in zip(ticks, labels, strict=True):
        at = across(tick)
        drawn.append(element("line", x1=at, y1=0, x2=at, y2=bottom, stroke=AXIS if tick == 0 else GRID))
        drawn.append(text(label, at, bottom + 16, anchor="middle", fill=MUTED))
    drawn.append(text(axis.label, WIDTH, bottom + 35, anchor="end", fill=MUTED))
    for i, row in enumerate(rows):
        drawn += _row(row, i * _ROW_PX, across, written)
    return picture(title, description or title, WIDTH, bottom + 40, *drawn)


def _row(row: Estimate, top: float, across: Scale, written: Callable[[float | None], str]) -> list[Markup]:
    colour, weight = (BLUE, 600) if row.chosen else (INK, None)
    number = written(row.value)
    name = shortened(row.name, WIDTH - text_width(number) - 20)
    drawn = [
        text(name, 0, top + 15, fill=colour, weight=weight, halo=True),
        text(number, WIDTH, top + 15, anchor="end", fill=colour, weight=weight, halo=True),
    ]
    at = top + 28
    if row.low is not None and row.high is not None and isfinite(row.low) and isfinite(row.high):
        low, high = across(row.low), across(row.high)
        drawn.append(element("line", x1=low, y1=at, x2=high, y2=at, stroke=colour, stroke_width=2))
        drawn += [element("line", x1=x, y1=at - 4, x2=x, y2=at + 4, stroke=colour, stroke_width=2) for x in (low, high)]
    if isfinite(row.value):
        fill = colour if row.chosen else PAPER
        drawn.append(element("circle", cx=across(row.value), cy=at, r=4.5, fill=fill, stroke=colour, stroke_width=2))
    if row.truth is not None and isfinite(row.truth):
        x = across(row.truth)  # under the line: a good estimate would hide it
        drawn.append(element("path", d=f"M{x:.2f},{at + 5:.2f}l5,6l-5,6l-5,-6Z", fill=ORANGE))
    return drawn
