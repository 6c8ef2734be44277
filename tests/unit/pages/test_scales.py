"""Ticks are round, evenly spaced and enclose the values; a scale keeps its ends."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.pages.scales import Scale, extent, nice_ticks

values = st.floats(-1e15, 1e15).map(lambda v: 0.0 if abs(v) < 1e-200 else v)


@settings(deadline=None)
@given(values, values, st.integers(2, 10))
def test_ticks_enclose_any_range(a: float, b: float, most: int) -> None:
    low, high = min(a, b), max(a, b)
    ticks = nice_ticks(low, high, most)
    room = 1e-6 * (ticks[-1] - ticks[0])
    assert ticks[0] <= low + room
    assert ticks[-1] >= high - room
    assert 2 <= len(ticks) <= most + 1
    steps = [y - x for x, y in pairwise(ticks)]
    assert min(steps) > 0
    assert max(steps) == pytest.approx(min(steps), rel=1e-3)


def test_ticks_are_written_without_dust() -> None:
    assert nice_ticks(0, 0.3, 3) == (0.0, 0.1, 0.2, 0.3)


def test_one_value_gets_room_on_both_sides() -> None:
    assert nice_ticks(0, 0) == (-1.0, -0.5, 0.0, 0.5, 1.0)
    assert nice_ticks(1e300, 1e300)[0] < 1e300


def test_a_scale_may_run_backwards() -> None:
    up = Scale(0, 10, 100, 0)
    assert (up(0), up(10), up(2.5)) == (100, 0, 75)


def test_extent_passes_over_what_is_no_number() -> None:
    assert extent([None, float("nan"), 3.0, float("inf"), -1.0]) == (-1.0, 3.0)
    assert extent([2.0, 3.0], 0.0) == (0.0, 3.0)
    assert extent([None, float("nan")], 0.0) is None
