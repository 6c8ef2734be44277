"""A line the size of a word: the last nights of one figure, in a cell of a table."""

from collections.abc import Sequence
from math import isfinite

from markupsafe import Markup

from jobs.pages.palette import AXIS, BLUE
from jobs.pages.scales import Scale, extent
from jobs.pages.svg import element, path, picture

_WIDTH, _HEIGHT = 72, 20


def sparkline(values: Sequence[float], *, limit: float | None = None) -> Markup | None:
    """Draw the values from left to right, the last one dotted, or return None for fewer than two.

    Parameters
    ----------
    values : sequence of float
        Oldest first; those that are not finite are left out.
    limit : float, optional
        A threshold, drawn as a thin level line.
    """
    finite = [v for v in values if isfinite(v)]
    held = extent(finite, 0.0, *(() if limit is None else (limit,)))
    if len(finite) < 2 or held is None:
        return None
    low, high = held
    up = Scale(low, high if high > low else low + 1, _HEIGHT - 3, 3)
    across = Scale(0, len(finite) - 1, 2, _WIDTH - 4)
    points = [(across(i), up(v)) for i, v in enumerate(finite)]
    level = (
        ()
        if limit is None
        else (element("line", x1=0, y1=up(limit), x2=_WIDTH, y2=up(limit), stroke=AXIS, stroke_dasharray="2 2"),)
    )
    return picture(
        "", "", _WIDTH, _HEIGHT,
        *level,
        element("path", d=path(points), fill="none", stroke=BLUE, stroke_width=1.5, stroke_linejoin="round"),
        element("circle", cx=points[-1][0], cy=points[-1][1], r=2.5, fill=BLUE),
        label=False,
    )  # fmt: skip
