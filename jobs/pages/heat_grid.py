"""A grid of cells: features down, groups across, blue above and orange below the middle, the value in each cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from markupsafe import Markup

from jobs.pages.axes import WIDTH
from jobs.pages.formats import MINUS
from jobs.pages.palette import BLUE, GRID, INK, MUTED, ORANGE
from jobs.pages.svg import TEXT_PX, element, picture, shortened, text

_NAMES_PX, _ROW_PX, _HEAD_PX, _GAP_PX = 112, 28, 20, 2
_DEEPEST = 0.55  # of full colour: ink on it stays readable


@dataclass(frozen=True)
class HeatRow:
    """One row.

    Parameters
    ----------
    name : str
        Stands before the cells.
    values : sequence of float
        One for each column; 0 is the middle, one that is not finite has no colour.
    """

    name: str
    values: Sequence[float]


def heat_grid(
    title: str, columns: Sequence[str], rows: Sequence[HeatRow], *, limit: float, description: str = ""
) -> Markup | None:
    """Draw the grid, or return None where there is no cell.

    Parameters
    ----------
    title : str
        Said to those who cannot see it.
    columns : sequence of str
        Short heads of the columns.
    rows : sequence of HeatRow
        From top to bottom.
    limit : float
        Value at which the colour is full, > 0.
    description : str
        What there is to see, in a sentence.
    """
    if not rows or not columns:
        return None
    wide = (WIDTH - _NAMES_PX) / len(columns)
    drawn = [
        text(head, _NAMES_PX + (i + 0.5) * wide, TEXT_PX, anchor="middle", fill=MUTED) for i, head in enumerate(columns)
    ]
    for j, row in enumerate(rows):
        top = _HEAD_PX + j * _ROW_PX
        drawn.append(text(shortened(row.name, _NAMES_PX - 8), 0, top + _ROW_PX / 2 + 4))
        for i, value in enumerate(row.values):
            drawn += _cell(value, _NAMES_PX + i * wide, top, wide, limit)
    return picture(title, description or title, WIDTH, _HEAD_PX + len(rows) * _ROW_PX, *drawn)


def _cell(value: float, left: float, top: float, wide: float, limit: float) -> list[Markup]:
    size = {"x": left, "y": top, "width": wide - _GAP_PX, "height": _ROW_PX - _GAP_PX, "rx": 2}
    cell = [element("rect", fill=GRID, fill_opacity=0.6, **size)]
    if not isfinite(value):
        return cell
    deep = _DEEPEST * min(abs(value) / limit, 1.0)
    if deep:
        cell.append(element("rect", fill=BLUE if value > 0 else ORANGE, fill_opacity=deep, **size))
    written = f"{abs(value):.1f}"
    sign = "" if written == "0.0" else MINUS if value < 0 else "+"
    middle = left + (wide - _GAP_PX) / 2
    cell.append(text(sign + written, middle, top + _ROW_PX / 2 + 3, anchor="middle", fill=INK))
    return cell
