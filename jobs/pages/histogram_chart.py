"""A small histogram of two: what a variable looked like in its reference, grey, and looks like now, blue."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from jobs.pages.axes import WIDTH
from jobs.pages.formats import percent
from jobs.pages.palette import AXIS, BLUE, GRID, MUTED, ORANGE
from jobs.pages.svg import TEXT_PX, element, picture, shortened, text, text_width

_HEIGHT, _TOP, _GROUND = 112, 18, 92
_SHARE_PX = 40


@dataclass(frozen=True)
class HistogramBin:
    """One bin.

    Parameters
    ----------
    label : str
        What falls into it, in words.
    reference, now : float
        Shares of the rows, in [0, 1].
    tick : str
        Stands under the bin; empty: nothing does.
    missing : bool
        Whether it is the bin of rows without a value, which stands apart.
    """

    label: str
    reference: float
    now: float
    tick: str = ""
    missing: bool = False


def histogram_chart(title: str, bins: Sequence[HistogramBin], *, description: str = "") -> Markup | None:
    """Draw both shares of every bin side by side, or return None where there is no bin.

    Parameters
    ----------
    title : str
        Said to those who cannot see it.
    bins : sequence of HistogramBin
        From left to right.
    description : str
        What there is to see, in a sentence.
    """
    if not bins:
        return None
    top = max((share for b in bins for share in (b.reference, b.now)), default=0.0) or 1.0
    step = (WIDTH - _SHARE_PX) / len(bins)
    bar = min(step * 0.44, 26.0)
    drawn = [
        element("line", x1=_SHARE_PX, y1=_TOP, x2=WIDTH, y2=_TOP, stroke=GRID),
        text(percent(top), _SHARE_PX - 6, _TOP + 4, anchor="end", fill=MUTED),
    ]
    free = 0.0  # where the last tick ended: a tick that would touch it is left out
    for i, b in enumerate(bins):
        middle = _SHARE_PX + step * (i + 0.5)
        names = element("title", f"{b.label}: {percent(b.reference)} before, {percent(b.now)} now")
        colour = ORANGE if b.missing else BLUE
        pairs = ((b.reference, middle - bar, AXIS), (b.now, middle, colour))
        bars = [
            element("rect", x=x, y=_GROUND - height, width=bar, height=height, fill=fill)
            for share, x, fill in pairs
            for height in (max((_GROUND - _TOP) * share / top, 1.0 if share else 0.0),)
            if height
        ]
        drawn.append(element("g", names, *bars))
        if b.tick:
            words = shortened(b.tick, max(step * 1.6, 46.0), TEXT_PX - 1)
            half = text_width(words, TEXT_PX - 1) / 2
            at = min(max(middle, half), WIDTH - half)
            if at - half >= free:
                drawn.append(
                    element("text", words, x=at, y=_HEIGHT - 4, text_anchor="middle", fill=MUTED, font_size=11)
                )
                free = at + half + 5
    drawn.append(element("line", x1=_SHARE_PX, y1=_GROUND, x2=WIDTH, y2=_GROUND, stroke=AXIS))
    return picture(title, description or title, WIDTH, _HEIGHT, *drawn)
