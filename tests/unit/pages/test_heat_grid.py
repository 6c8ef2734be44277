"""A grid of cells shows each value with its sign, and nothing where there is none."""

import math

from jobs.pages.heat_grid import HeatRow, heat_grid
from jobs.pages.palette import BLUE, ORANGE
from tests.unit.pages.markup import drawn, words


def test_every_value_stands_in_its_cell_with_its_sign():
    grid = heat_grid("t", ["1", "2"], [HeatRow("Evenings", [3.84, -0.21]), HeatRow("Money", [0.01, math.nan])], limit=3)
    assert words(grid) == ["1", "2", "Evenings", "+3.8", "−0.2", "Money", "0.0"]


def test_more_is_blue_less_is_orange_and_deeper_the_further_away():
    root = drawn(heat_grid("t", ["1", "2", "3"], [HeatRow("f", [3.0, -1.5, 9.0])], limit=3))
    cells = [(e.attrib["fill"], float(e.attrib["fill-opacity"])) for e in root.iter("rect") if e.attrib["rx"] == "2"]
    coloured = [cell for cell in cells if cell[0] in {BLUE, ORANGE}]
    assert [colour for colour, _ in coloured] == [BLUE, ORANGE, BLUE]
    assert coloured[0][1] == coloured[2][1] > coloured[1][1]


def test_without_a_cell_there_is_no_picture():
    assert heat_grid("t", [], [HeatRow("f", [])], limit=1) is None
    assert heat_grid("t", ["1"], [], limit=1) is None


def test_a_long_name_is_cut_and_many_columns_stay_inside():
    rows = [HeatRow("a feature with a very long name of its own", [1.0] * 12)]
    assert words(heat_grid("t", [str(i) for i in range(12)], rows, limit=2))[12].endswith("…")
