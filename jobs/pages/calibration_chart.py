"""Predicted against measured, bin by bin, with error bars: on the diagonal the model keeps its word."""

from collections.abc import Sequence
from math import isfinite

from markupsafe import Markup

from jobs.pages.axes import WIDTH, Axis, plot
from jobs.pages.figures import CalibrationBin
from jobs.pages.formats import TickFormat
from jobs.pages.labels import Place, Placer
from jobs.pages.palette import BLUE, MUTED, ORANGE, PAPER
from jobs.pages.svg import element, picture, text


def calibration_chart(
    title: str, bins: Sequence[CalibrationBin], *, unit: str, ticks_as: TickFormat, description: str = ""
) -> Markup | None:
    """Draw measured over predicted, or return None where nothing can be drawn.

    A bin whose interval misses the diagonal is drawn hollow and in orange.

    Parameters
    ----------
    title : str
        Said to those who cannot see it.
    bins : sequence of CalibrationBin
        Bins of customers by predicted effect.
    unit : str
        Unit of both axes, in words.
    ticks_as : callable
        Writes the ticks of both axes.
    description : str
        What there is to see, in a sentence.
    """
    drawable = [b for b in bins if isfinite(b.predicted) and isfinite(b.measured)]
    ground = plot(
        [b.predicted for b in drawable],
        [v for b in drawable for v in (b.measured, b.low, b.high)],
        Axis(f"predicted, {unit}", ticks_as),
        Axis(f"measured, {unit}", ticks_as),
        height=300,
        alike=True,
    )
    if ground is None:
        return None
    low, high = ground.x.low, ground.x.high
    placer = Placer(ground.x.start_px + 4, 24, WIDTH, ground.y.start_px)
    marks = [
        element(
            "line", x1=ground.x(low), y1=ground.y(low), x2=ground.x(high), y2=ground.y(high), stroke=MUTED,
            stroke_width=1.25, stroke_dasharray="4 4",
        )
    ]  # fmt: skip
    placer.avoid([(ground.x(low), ground.y(low)), (ground.x(high), ground.y(high))])
    for b in drawable:
        x, y = ground.x(b.predicted), ground.y(b.measured)
        colour, fill = (BLUE, BLUE) if _holds_diagonal(b) else (ORANGE, PAPER)
        ends = [v for v in (b.low, b.high) if v is not None and isfinite(v)]
        if len(ends) == 2:
            under, over = ground.y(ends[0]), ground.y(ends[1])
            placer.avoid([(x, under), (x, over)])
            marks.append(element("line", x1=x, y1=under, x2=x, y2=over, stroke=colour, stroke_width=1.75))
            marks += [
                element("line", x1=x - 4, y1=end, x2=x + 4, y2=end, stroke=colour, stroke_width=1.75)
                for end in (under, over)
            ]
        marks.append(element("circle", cx=x, cy=y, r=4.5, fill=fill, stroke=colour, stroke_width=1.75))
    words = "measured = predicted"
    diagonal = [
        Place(ground.x(v) + dx, ground.y(v) + dy, anchor)
        for share in (0.92, 0.8, 0.65, 0.2, 0.1, 0.5, 0.35)
        for v in (low + share * (high - low),)
        for dx, dy, anchor in ((-8.0, -4.0, "end"), (8.0, 14.0, "start"), (-14.0, -14.0, "end"), (14.0, 26.0, "start"))
    ]
    at = placer.place(words, diagonal)
    label = text(words, at.x, at.y, anchor=at.anchor, fill=MUTED, halo=True)
    return picture(title, description or title, WIDTH, ground.height, ground.ground, *marks, label)


def _holds_diagonal(b: CalibrationBin) -> bool:
    """Whether the interval reaches the prediction; without an interval there is nothing to hold against it."""
    return b.low is None or b.high is None or b.low <= b.predicted <= b.high
