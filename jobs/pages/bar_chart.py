"""A chart of bars that lie: name and number over each bar, so that long names fit a phone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

from markupsafe import Markup

from jobs.pages.axes import WIDTH
from jobs.pages.formats import count
from jobs.pages.palette import BLUE, GRID, INK, ORANGE
from jobs.pages.scales import Scale, extent
from jobs.pages.svg import TEXT_PX, element, picture, text, text_width, wrapped

_ROW_PX, _LINE_PX, _BAR_PX = 40, 16, 9


@dataclass(frozen=True)
class Bar:
    """One bar.

    Parameters
    ----------
    name : str
        Stands over the bar.
    value : float
        Length; negative ones run to the left, one that is not finite has no bar.
    """

    name: str
    value: float


def bar_chart(
    title: str, bars: Sequence[Bar], *, written: Callable[[float | None], str] = count, description: str = ""
) -> Markup | None:
    """Draw one bar under the other, in the order given, or return None where there is none.

    Parameters
    ----------
    title : str
        Said to those who cannot see it.
    bars : sequence of Bar
        From top to bottom.
    written : callable
        Writes the numbers, one of :mod:`jobs.pages.formats`.
    description : str
        What there is to see, in a sentence.
    """
    if not bars:
        return None
    low, high = extent((bar.value for bar in bars), 0.0) or (0.0, 1.0)
    across = Scale(low, high if high > low else low + 1, 0, WIDTH)
    zero = across(0)
    drawn, top = [], 0.0
    for bar in bars:
        number = written(bar.value)
        name = wrapped(bar.name, WIDTH - text_width(number) - 20)
        drawn += [text(row, 0, top + TEXT_PX + i * _LINE_PX) for i, row in enumerate(name)]
        top += (len(name) - 1) * _LINE_PX
        drawn.append(text(number, WIDTH, top + TEXT_PX, anchor="end", weight=600))
        drawn.append(element("rect", x=0, y=top + _LINE_PX + 3, width=WIDTH, height=_BAR_PX, fill=GRID, rx=2))
        if isfinite(bar.value) and bar.value:
            end = across(bar.value)
            length = max(abs(end - zero), 1.5)  # one of a million is still somebody
            start = min(zero, WIDTH - length) if bar.value > 0 else max(zero - length, 0)
            colour = BLUE if bar.value > 0 else ORANGE
            drawn.append(
                element("rect", x=start, y=top + _LINE_PX + 3, width=length, height=_BAR_PX, fill=colour, rx=2)
            )
        if low < 0:
            drawn.append(element("rect", x=zero - 0.5, y=top + _LINE_PX, width=1, height=_BAR_PX + 6, fill=INK))
        top += _ROW_PX
    return picture(title, description or title, WIDTH, top - 6, *drawn)
