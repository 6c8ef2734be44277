"""A forest plot keeps every estimate in its picture, cuts what would flatten others, and is read without colour."""

from dataclasses import replace

import pytest

from jobs.pages.axes import Axis
from jobs.pages.forest_plot import ForestGroup, ForestRow, forest_plot
from jobs.pages.formats import euro_ticks, percent_ticks, signed_percent, small_euro
from jobs.pages.palette import BLUE, ORANGE, PAPER
from tests.unit.pages.markup import drawn, words

AXIS = Axis("effect, % of the control", percent_ticks, holds=(0.0,))
MAIL, CALL = ForestRow("mail", 0.2, 0.1, 0.3, "gain"), ForestRow("call", 0.05, -0.1, 0.2)
GROUP = ForestGroup("visit", [MAIL, CALL], AXIS, signed_percent, "decides")


def test_a_dot_lies_within_its_interval_and_zero_is_on_the_axis() -> None:
    root = drawn(forest_plot("Effects", [GROUP], shared=AXIS))
    dot = float(next(root.iter("circle")).attrib["cx"])
    left, right = next(
        (float(e.attrib["x1"]), float(e.attrib["x2"])) for e in root.iter("line") if e.attrib["y1"] == e.attrib["y2"]
    )
    assert left < dot < right
    assert {"visit", "decides", "mail", "call", "+20.0%", "+5.0%", "0%"} <= set(words(root_of(GROUP)))


def root_of(*groups: ForestGroup) -> object:
    return forest_plot("Effects", groups, shared=AXIS)


def test_what_is_sure_is_filled_and_what_is_not_is_hollow() -> None:
    rows = [MAIL, CALL, ForestRow("letter", -0.2, -0.3, -0.1, "loss")]
    fills = [e.attrib["fill"] for e in drawn(root_of(replace(GROUP, rows=rows))).iter("circle")]
    assert fills == [BLUE, PAPER, ORANGE]


def test_a_margin_is_drawn_where_it_lies() -> None:
    root = drawn(root_of(replace(GROUP, rows=[replace(CALL, margin=-0.3)])))
    dashed = [e for e in root.iter("line") if "stroke-dasharray" in e.attrib]
    assert len(dashed) == 1
    assert float(dashed[0].attrib["x1"]) < float(next(root.iter("circle")).attrib["cx"])


def test_one_interval_far_wider_than_the_others_is_cut_with_an_arrow() -> None:
    rare = ForestRow("rare", 0.4, -0.9, 60.0)
    root = drawn(root_of(GROUP, replace(GROUP, name="rare", rows=[rare])))
    assert len(list(root.iter("path"))) == 2
    spread = [float(e.attrib["cx"]) for e in root.iter("circle")]
    assert max(spread) - min(spread) > 20


def test_an_estimate_beyond_the_axis_keeps_its_number_and_an_arrow() -> None:
    far = ForestRow("far", 60.0, -55.0, 175.0)
    group = replace(GROUP, rows=[MAIL, CALL, replace(MAIL, name="b"), replace(CALL, name="c"), far])
    root = drawn(root_of(group))
    assert "+6,000.0%" in words(root_of(group))
    assert len(list(root.iter("circle"))) == 4
    assert len(list(root.iter("path"))) == 2


def test_a_large_effect_that_is_sure_is_never_cut() -> None:
    rows = [MAIL, CALL, replace(CALL, name="b"), ForestRow("all", 24.0, 22.0, 26.0, "gain")]
    root = drawn(root_of(replace(GROUP, rows=rows)))
    assert len(list(root.iter("circle"))) == 4
    assert not list(root.iter("path"))


def test_each_group_may_have_its_own_axis() -> None:
    spend = ForestGroup("spend", [ForestRow("mail", 7.5, 5.0, 10.0)], Axis("", euro_ticks, (0.0,)), small_euro, "EUR")
    said = words(forest_plot("Effects", [GROUP, spend]))
    assert {"30%", "€10.0", "+€7.500"} <= set(said)


@pytest.mark.parametrize("lows", [(None, None), (float("-inf"), float("inf")), (float("nan"), 1.0)])
def test_without_limits_there_is_a_dot_alone(lows: tuple[float | None, float | None]) -> None:
    root = drawn(root_of(replace(GROUP, rows=[ForestRow("mail", 0.1, *lows)])))
    assert len(list(root.iter("circle"))) == 1
    assert not [e for e in root.iter("line") if e.attrib["y1"] == e.attrib["y2"]]


def test_sixty_rows_of_long_names_stay_inside() -> None:
    rows = [replace(MAIL, name="a name that is far too long for any picture " * 3, value=0.01 * n) for n in range(5)]
    groups = [
        replace(GROUP, name=f"{n} " + "metric of a long name " * 5, rows=rows, note="guardrail") for n in range(12)
    ]
    assert len(list(drawn(forest_plot("Effects", groups, shared=AXIS)).iter("circle"))) == 60
    assert "guardrail" in words(forest_plot("Effects", groups))


def test_nothing_to_draw_is_no_picture() -> None:
    assert forest_plot("Effects", [], shared=AXIS) is None
    assert forest_plot("Effects", [replace(GROUP, rows=[ForestRow("a", float("nan"))])]) is None
