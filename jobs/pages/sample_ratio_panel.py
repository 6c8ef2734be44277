"""A picture of the split: how far each arm's size is from the plan, over what chance alone brings."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from markupsafe import Markup

from jobs.pages.axes import WIDTH
from jobs.pages.formats import count, count_ticks, percent
from jobs.pages.palette import AXIS, BLUE, GRID, MUTED, ORANGE
from jobs.pages.scales import Scale, extent, nice_ticks
from jobs.pages.svg import element, picture, shortened, text, text_width

_ROW_PX = 44
_CHANCE = 3.29  # standard deviations that a normal variable stays within in 999 of 1,000 draws


@dataclass(frozen=True)
class ArmSize:
    """Units of an arm against the plan.

    Parameters
    ----------
    arm : str
        Name.
    units : int
        Units seen.
    share_planned : float
        Share of the units of all arms that it should have, in (0, 1).
    units_expected : float
        Units that it should have.
    """

    arm: str
    units: int
    share_planned: float
    units_expected: float


def sample_ratio_panel(arms: Sequence[ArmSize], *, description: str = "") -> Markup | None:
    """Draw each arm's units less those of the plan, or return None where there are none.

    Parameters
    ----------
    arms : sequence of ArmSize
        All arms of the experiment, the control among them.
    description : str
        What there is to see, in a sentence.

    Notes
    -----
    The grey bar of an arm is where 999 of 1,000 draws end, by the binomial's normal approximation, each arm by itself;
    the test of all arms together is in the words beside the picture.
    """
    total = sum(arm.units for arm in arms)
    if not total:
        return None
    off = [arm.units - arm.units_expected for arm in arms]
    chance = [_CHANCE * sqrt(total * arm.share_planned * (1.0 - arm.share_planned)) for arm in arms]
    held = extent([*off, *chance, *(-c for c in chance)], 0.0) or (-1.0, 1.0)
    ticks = nice_ticks(*held, most=4)
    labels = count_ticks(ticks)
    edge = max(8.0, text_width(labels[0]) / 2, text_width(labels[-1]) / 2)
    across = Scale(ticks[0], ticks[-1], edge, WIDTH - edge)
    bottom = len(arms) * _ROW_PX
    drawn = []
    for tick, label in zip(ticks, labels, strict=True):
        x = across(tick)
        drawn.append(element("line", x1=x, y1=0, x2=x, y2=bottom, stroke=AXIS if tick == 0 else GRID))
        drawn.append(text(label, x, bottom + 15, anchor="middle", fill=MUTED))
    drawn.append(text("units more or less than planned", WIDTH, bottom + 33, anchor="end", fill=MUTED))
    for i, (arm, away, room) in enumerate(zip(arms, off, chance, strict=True)):
        top, colour = i * _ROW_PX, BLUE if abs(away) <= room else ORANGE
        number = f"{count(arm.units)}, {percent(arm.units / total)} (plan {percent(arm.share_planned)})"
        drawn += [
            text(shortened(arm.arm, WIDTH - text_width(number) - 16), 0, top + 13, weight=600, halo=True),
            text(number, WIDTH, top + 13, anchor="end", fill=MUTED, halo=True),
            element(
                "rect", x=across(-room), y=top + 21, width=across(room) - across(-room), height=12, rx=2, fill=AXIS,
                fill_opacity=0.35,
            ),
            element("circle", cx=across(away), cy=top + 27, r=4.5, fill=colour),
        ]  # fmt: skip
    return picture("Units of each arm against the plan", description or "Arms against the plan", WIDTH, bottom + 38,
                   *drawn)  # fmt: skip
