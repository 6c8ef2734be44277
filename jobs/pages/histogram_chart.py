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
    ground = [
        element("line", x1=_SHARE_PX, y1=_TOP, x2=WIDTH, y2=_TOP, stroke=GRID),
        text(percent(top), _SHARE_PX - 6, _TOP + 4, anchor="end", fill=MUTED),
    ]
    free = 0.0  # where the last tick ended: a tick that would touch it is left out
    # Rows without a value have the last bin, and always their name.
    room = WIDTH - (text_width(bins[-1].tick, TEXT_PX - 1) + 5 if bins[-1].missing else 0)
    drawn: list[Markup] = []
    ticks: list[Markup] = []
    bars: dict[str, str] = {AXIS: "", BLUE: "", ORANGE: ""}
    for i, b in enumerate(bins):
        middle = _SHARE_PX + step * (i + 0.5)
        for share, x, colour in ((b.reference, middle - bar, AXIS), (b.now, middle, ORANGE if b.missing else BLUE)):
            if share:
                height = max((_GROUND - _TOP) * share / top, 1.0)
                bars[colour] += f"M{x:.1f},{_GROUND}v{-height:.1f}h{bar:.1f}v{height:.1f}z"
        said = element("title", f"{b.label}: {percent(b.reference)} before, {percent(b.now)} now")
        drawn.append(element("path", said, d=f"M{middle - step / 2:.1f},{_TOP}h{step:.1f}V{_GROUND}h{-step:.1f}z"))
        if b.tick:
            words = shortened(b.tick, max(step * 1.6, 50.0), TEXT_PX - 1)
            half = text_width(words, TEXT_PX - 1) / 2
            at = min(max(middle, half), WIDTH - half)
            if b.missing or (at - half >= free and at + half <= room):
                ticks.append(element("text", words, x=at, y=_HEIGHT - 4))
                free = at + half + 5
    # Words of a bin come up over its whole height: the places of the bins lie over the bars, and are not seen.
    drawn = [
        *ground,
        *(element("path", d=d, fill=colour) for colour, d in bars.items() if d),
        element("g", *ticks, text_anchor="middle", fill=MUTED, font_size=11),
        element("g", *drawn, fill="none", pointer_events="all"),
    ]
    drawn.append(element("line", x1=_SHARE_PX, y1=_GROUND, x2=WIDTH, y2=_GROUND, stroke=AXIS))
    return picture(title, description or title, WIDTH, _HEIGHT, *drawn)
