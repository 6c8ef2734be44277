"""The benchmark of the allocator holds what is measured to what is promised, and its world is what it says."""

import numpy as np
import pytest

from tests.bench.allocate import LEAST_SPEEDUP, MOST, bars
from tests.bench.allocate_world import ARMS, dense, menu, sparse

GOOD = {"quick": False, **MOST, "speedup_vs_highs_100k": LEAST_SPEEDUP, "feasible": True}


def test_what_stands_on_its_bar_passes() -> None:
    assert all(bars(GOOD).values())


@pytest.mark.parametrize(
    ("bar", "missed"),
    [
        *((key, {key: 1.01 * bar}) for key, bar in MOST.items()),
        ("speedup_vs_highs_100k", {"speedup_vs_highs_100k": 9.9}),
        ("feasible", {"feasible": False}),
    ],
)
def test_what_is_beyond_its_bar_is_named(bar: str, missed: dict[str, float]) -> None:
    assert [name for name, passed in bars({**GOOD, **missed}).items() if not passed] == [bar]


def test_customers_are_the_same_in_memory_and_in_files() -> None:
    small, large = dense(2_000), dense(2_000)
    assert all(np.array_equal(a, b) and a.dtype == np.float32 for a, b in zip(small, large, strict=True))
    assert len(menu(2_000).resources) == 1 + ARMS


def test_candidates_are_twenty_different_offers_and_every_partner_has_a_budget() -> None:
    asked, pairs = sparse(1_000)
    pairs.check(len(asked.arms))
    assert len(asked.resources) == 501
    assert (np.diff(pairs.first) == 20).all()
