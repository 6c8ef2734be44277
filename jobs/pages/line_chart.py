"""A chart of lines with bands and marked points, each named where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from markupsafe import Markup

from jobs.pages.axes import WIDTH, Axis, Plot, plot
from jobs.pages.labels import Place, Placer, Point
from jobs.pages.palette import INK, MUTED, PAPER, SERIES
from jobs.pages.svg import element, path, picture, shortened, text

_MOST_POINTS = 240  # more cannot be told apart at this width, and a page stays small


@dataclass(frozen=True)
class Line:
    """One line.

    Parameters
    ----------
    name : str
        Stands beside the line.
    x, y : sequence of float, same length
        Points in order; a point that is not finite is left out.
    low, high : sequence of float, same length, or empty
        Limits of a band round the line.
    plain : bool, default False
        For a reference such as the diagonal: grey and dashed.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    plain: bool = False


@dataclass(frozen=True)
class Marker:
    """A point worth a word, with a dotted line down to the axis.

    Parameters
    ----------
    x, y : float
        Where.
    label : str
        What it is.
    """

    x: float
    y: float
    label: str


def line_chart(
    title: str, lines: Sequence[Line], x: Axis, y: Axis, *, markers: Sequence[Marker] = (), description: str = ""
) -> Markup | None:
    """Draw lines over a grid, or return None where there is nothing to draw.

    Parameters
    ----------
    title : str
        Said to those who cannot see it; a caption on the page says it to the others.
    lines : sequence of Line
        The most important first.
    x, y : Axis
        Names, units, values to hold.
    markers : sequence of Marker
        Points to mark.
    description : str
        What there is to see, in a sentence.
    """
    values = [v for line in lines for v in (*line.y, *line.low, *line.high)] + [m.y for m in markers]
    ground = plot([v for line in lines for v in line.x] + [m.x for m in markers], values, x, y)
    if ground is None:
        return None
    bands, strokes, words = [], [], []
    placer = Placer(ground.x.start_px + 4, 24, WIDTH, ground.y.start_px)
    drawn: list[tuple[Line, list[Point], str]] = []
    colours = iter(SERIES * (len(lines) // len(SERIES) + 1))
    for line in lines:
        colour = MUTED if line.plain else next(colours)
        points = _points(line.x, line.y, ground)
        placer.avoid(points, 0.35 if line.plain else 1.0)
        if points:
            drawn.append((line, points, colour))
        bands += _band(line, ground, colour)
    for i, (line, points, colour) in enumerate(drawn):
        dash = "4 4" if line.plain else "7 3" if i >= len(SERIES) else None
        width = 1.25 if line.plain else 2.25
        strokes.append(
            element(
                "path",
                d=path(points),
                fill="none",
                stroke=colour,
                stroke_width=width,
                stroke_dasharray=dash,
                stroke_linejoin="round",
                stroke_linecap="round",
            )
        )
    for marker in markers:
        if isfinite(marker.x) and isfinite(marker.y):
            strokes += _mark(marker, ground)
            words.append(_named(marker.label, _round_a_point(ground.x(marker.x), ground.y(marker.y)), placer, INK, 600))
    for line, points, colour in drawn:
        if line.name:
            words.append(_named(line.name, _along(line, points), placer, colour, None if line.plain else 600))
    return picture(title, description or title, WIDTH, ground.height, ground.ground, *bands, *strokes, *words)


def _points(xs: Sequence[float], ys: Sequence[float], ground: Plot) -> list[Point]:
    finite = [(x, y) for x, y in zip(xs, ys, strict=True) if isfinite(x) and isfinite(y)]
    if len(finite) > _MOST_POINTS:
        last = len(finite) - 1
        finite = [finite[round(i * last / (_MOST_POINTS - 1))] for i in range(_MOST_POINTS)]
    return [(ground.x(x), ground.y(y)) for x, y in finite]


def _band(line: Line, ground: Plot, colour: str) -> list[Markup]:
    if not line.low or not line.high:
        return []
    under, over = _points(line.x, line.low, ground), _points(line.x, line.high, ground)
    if not under or not over:
        return []
    return [element("path", d=path(over + under[::-1]) + "Z", fill=colour, fill_opacity=0.14)]


def _mark(marker: Marker, ground: Plot) -> list[Markup]:
    x, y = ground.x(marker.x), ground.y(marker.y)
    return [
        element("line", x1=x, y1=y, x2=x, y2=ground.y.start_px, stroke=INK, stroke_width=1, stroke_dasharray="1.5 3"),
        element("circle", cx=x, cy=y, r=4.5, fill=INK, stroke=PAPER, stroke_width=1.5),
    ]


def _round_a_point(x: float, y: float) -> list[Place]:
    return [
        place
        for lift in (0, 12, 26, 44, 66)
        for place in (
            Place(x - 8, y - 8 - lift, "end"), Place(x + 8, y + 18 + lift, "start"), Place(x, y - 12 - lift, "middle"),
            Place(x + 8, y - 8 - lift, "start"), Place(x - 8, y + 18 + lift, "end"), Place(x, y + 22 + lift, "middle"),
        )
    ]  # fmt: skip


def _along(line: Line, points: list[Point]) -> list[Place]:
    """Places above and below the line, its end first; a reference is better named below."""
    places = []
    for i, share in enumerate((0.97, 0.8, 0.65, 0.5, 0.35, 0.2, 0.05)):
        x, y = points[round(share * (len(points) - 1))]
        anchor = "end" if share > 0.9 else "start" if share < 0.1 else "middle"
        for lift, cost in _LIFTS:
            wrong_side = 4.0 if line.plain and lift < 0 else 0.0
            places.append(Place(x, y + lift, anchor, cost + wrong_side + 0.8 * i))
    return places


_LIFTS = ((-8, 0.0), (17, 0.0), (-16, 1.5), (25, 1.5), (-26, 7.0), (36, 6.0), (-40, 13.0), (50, 12.0))


def _named(words: str, places: list[Place], placer: Placer, colour: str, weight: int | None) -> Markup:
    fitted = shortened(words, WIDTH * 0.62)
    at = placer.place(fitted, places)
    return text(fitted, at.x, at.y, anchor=at.anchor, fill=colour, weight=weight, halo=True)
