"""Lines are drawn where their values are, named beside them, and survive strange values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.pages.axes import Axis
from jobs.pages.formats import euro_ticks, percent_ticks
from jobs.pages.line_chart import Line, Marker, line_chart
from tests.unit.pages.markup import drawn, words

X, Y = Axis("share", percent_ticks, holds=(0, 1)), Axis("gain, €", euro_ticks, holds=(0,))


def test_a_line_its_band_and_its_marker_are_drawn_and_named() -> None:
    line = Line("learner", (0, 0.5, 1), (0, 3, 4), (0, 2, 3), (0, 4, 5))
    diagonal = Line("at random", (0, 1), (0, 4), plain=True)
    chart = line_chart("Gain", [line, diagonal], X, Y, markers=[Marker(0.5, 3, "chosen")])
    assert {"learner", "at random", "chosen", "share", "gain, €", "€0", "100%"} <= set(words(chart))
    paths = list(drawn(chart).iter("path"))
    assert [e.attrib["fill"] == "none" for e in paths] == [False, True, True]
    assert paths[0].attrib["fill"] == paths[1].attrib["stroke"] != paths[2].attrib["stroke"]
    assert len(list(drawn(chart).iter("circle"))) == 1


def test_higher_values_lie_higher() -> None:
    root = drawn(line_chart("Gain", [Line("", (0, 1), (0, 4))], X, Y))
    (x1, y1), (x2, y2) = (tuple(map(float, p.split(","))) for p in root.find("path").attrib["d"][1:].split("L"))  # type: ignore[union-attr]
    assert x2 > x1
    assert y2 < y1


def test_nothing_to_draw_is_no_picture() -> None:
    assert line_chart("Gain", [], X, Y) is None
    assert line_chart("Gain", [Line("a", (), ())], X, Y) is None
    assert line_chart("Gain", [Line("a", (0.0,), (float("nan"),))], X, Y) is None


def test_points_that_are_no_numbers_are_left_out() -> None:
    nan, inf = float("nan"), float("inf")
    line = Line("a", (0, 0.2, 0.4, nan, 1), (0, nan, inf, 1, 2), (0, nan, 0, 0, nan), (1, nan, inf, 2, 3))
    chart = line_chart("Gain", [line], X, Y, markers=[Marker(nan, 1, "nowhere")])
    assert "nowhere" not in words(chart)
    assert drawn(chart).findall("path")[-1].attrib["d"].count("L") == 1


def test_many_points_are_thinned_and_the_last_one_stays() -> None:
    n = 20_000
    chart = line_chart("Gain", [Line("a", [i / (n - 1) for i in range(n)], [float(i) for i in range(n)])], X, Y)
    assert len(str(chart)) < 10_000
    assert chart == line_chart("Gain", [Line("a", [i / (n - 1) for i in range(n)], [float(i) for i in range(n)])], X, Y)
    last = drawn(chart).findall("path")[-1].attrib["d"].split("L")[-1]
    ticks = [float(e.attrib["x2"]) for e in drawn(chart).iter("line")]
    assert float(last.split(",")[0]) == pytest.approx(max(ticks))


def test_names_do_not_lie_on_each_other() -> None:
    lines = [Line(f"learner {i}", (0, 0.5, 1), (0, 1 + i / 50, 2)) for i in range(4)]
    named = {t.text: t for t in drawn(line_chart("Gain", lines, X, Y)).iter("text") if "learner" in (t.text or "")}
    assert len(named) == 4
    assert len({(t.attrib["x"], t.attrib["y"]) for t in named.values()}) == 4


extreme = st.floats(-1e15, 1e15) | st.sampled_from([float("nan"), float("inf"), 0.0, 1e-300])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(extreme, extreme), max_size=8), st.text(max_size=80))
def test_extreme_values_and_names_stay_inside_the_picture(points: list[tuple[float, float]], name: str) -> None:
    clean = "".join(c for c in name if c.isprintable())
    line = Line(clean, [x for x, _ in points], [y for _, y in points])
    chart = line_chart("Gain", [line], Axis("x"), Axis("y"), markers=[Marker(1.0, 2.0, clean)])
    assert chart is not None
    drawn(chart)
