"""The ground of a chart: two scales, a light grid, ticks at round numbers, names of the axes."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from jobs.pages.formats import TickFormat, count_ticks
from jobs.pages.palette import AXIS, GRID, MUTED
from jobs.pages.scales import Scale, extent, nice_ticks
from jobs.pages.svg import TEXT_PX, element, text, text_width

WIDTH = 360
"""Width of a chart in its own units: its 12-pixel text stays above 10 pixels on a phone."""


@dataclass(frozen=True)
class Axis:
    """What an axis says.

    Parameters
    ----------
    label : str
        Name and unit in words.
    ticks_as : callable
        Writes the ticks, one of the ``*_ticks`` of :mod:`jobs.pages.formats`.
    holds : tuple of float
        Values the axis must reach, whatever the data.
    """

    label: str
    ticks_as: TickFormat = count_ticks
    holds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Plot:
    """A drawn ground, ready for marks.

    Parameters
    ----------
    x, y : Scale
        From values to pixels.
    height : float
        Height of the whole picture.
    ground : Markup
        Grid, ticks and names, to be drawn first.
    """

    x: Scale
    y: Scale
    height: float
    ground: Markup


def plot(
    xs: Iterable[float | None],
    ys: Iterable[float | None],
    x: Axis,
    y: Axis,
    *,
    height: float = 256,
    alike: bool = False,
) -> Plot | None:
    """Lay out a chart round its values, or return None where no value can be drawn.

    Parameters
    ----------
    xs, ys : iterable of float or None
        All values that will be drawn, limits of bands and error bars among them.
    x, y : Axis
        Names, units and values to hold.
    height : float, default 256
        Height of the picture, in its own units.
    alike : bool, default False
        Whether both axes run over the same values, as where a diagonal means agreement.
    """
    wide, tall = extent(xs, *x.holds), extent(ys, *y.holds)
    if wide is None or tall is None:
        return None
    if alike:
        wide = tall = (min(wide[0], tall[0]), max(wide[1], tall[1]))
    x_ticks, y_ticks = nice_ticks(*wide), nice_ticks(*tall)
    x_words, y_words = x.ticks_as(x_ticks), y.ticks_as(y_ticks)
    left = max(text_width(word) for word in y_words) + 8
    right = WIDTH - max(6.0, text_width(x_words[-1]) / 2)
    bottom = height - 38
    across, up = Scale(x_ticks[0], x_ticks[-1], left, right), Scale(y_ticks[0], y_ticks[-1], bottom, 28)
    ground = [text(y.label, 0, TEXT_PX, fill=MUTED)]
    for tick, word in zip(y_ticks, y_words, strict=True):
        at = up(tick)
        stroke = AXIS if tick == 0 or tick == y_ticks[0] else GRID
        ground.append(element("line", x1=left, y1=at, x2=right, y2=at, stroke=stroke, stroke_width=1))
        ground.append(text(word, left - 6, at + 4, anchor="end", fill=MUTED))
    for tick, word in zip(x_ticks, x_words, strict=True):
        ground.append(element("line", x1=across(tick), y1=bottom, x2=across(tick), y2=bottom + 4, stroke=AXIS))
        ground.append(text(word, across(tick), bottom + 17, anchor="middle", fill=MUTED))
    ground.append(text(x.label, right, height - 3, anchor="end", fill=MUTED))
    return Plot(across, up, height, element("g", *ground))
