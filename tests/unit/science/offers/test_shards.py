"""Shards picked by themselves and joined once break no limit and come near one process's answer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import BadRequest, BadRows
from jobs.science.offers.menu import Menu, Resource
from jobs.science.offers.pairs import DensePairs
from jobs.science.offers.shards import pick_shard, price_sample
from jobs.science.offers.shards_joined import join_shards
from jobs.science.offers.solve import solve
from tests.unit.science.offers.nights import assert_within_limits, night, nights, uses, value_of


def in_shards(asked, shards, sampled, seed=0, listed=False):
    """All steps, each with nothing but its own rows and what it is told."""
    n = len(asked.value)
    some = np.random.default_rng(seed).permutation(n)[:sampled]
    share = len(some) / n if n else 1.0
    told = price_sample(asked.menu, asked.rows(some).pairs(listed), share, seed=seed)
    parts = np.array_split(np.arange(n), shards)
    picks = [pick_shard(asked.menu, asked.rows(part).pairs(listed), told) for part in parts]
    return picks, join_shards(asked.menu, picks, told, seed=seed)


@settings(max_examples=50, deadline=None)
@given(nights(least=False), st.integers(1, 4), st.integers(1, 60), st.booleans())
def test_no_limit_is_ever_broken_however_poor_the_sample(asked, shards, sampled, listed):
    _, joined = in_shards(asked, shards, sampled, listed=listed)
    arm = np.concatenate(joined.arm)
    assert_within_limits(asked, arm)
    assert joined.value_eur == pytest.approx(value_of(asked, arm), rel=1e-6, abs=1e-6)
    assert [s.used for s in joined.resources] == pytest.approx([u for _, u in uses(asked, arm)], rel=1e-6, abs=1e-6)
    assert joined.value_eur <= joined.dual_bound_eur * (1 + 1e-5) + 1e-4


@pytest.mark.parametrize("kind", ["plain", pytest.param("ties", marks=pytest.mark.long)])
@pytest.mark.parametrize(("campaigns", "short"), [(1, False), (3, True)])
def test_shards_with_minimums_reach_the_value_of_one_process(kind, campaigns, short):
    """20,000 customers, prices from a quarter of them: within .1%, every minimum met."""
    asked = night(kind, 20_000, 9, 3, campaigns, least_share=0.08, short=short)
    picks, joined = in_shards(asked, 5, 5_000)
    alone = solve(asked.menu, asked.pairs())
    assert_within_limits(asked, np.concatenate(joined.arm))
    assert joined.value_eur >= alone.value_eur * (1 - 1e-3)
    assert joined.value_eur <= joined.dual_bound_eur
    assert joined.opened == sum(len(p.open_row) for p in picks)
    if kind == "plain":
        assert joined.opened < 0.2 * 20_000


def test_prices_that_are_too_low_are_repaired_and_it_is_said():
    asked = night("plain", 3_000, 5, 1)
    told = price_sample(asked.menu, asked.pairs(), 1.0)
    cheap = replace(told, price_eur=0.8 * told.price_eur)
    joined = join_shards(asked.menu, [pick_shard(asked.menu, asked.pairs(), cheap)], cheap)
    assert joined.taken_back > 0
    assert_within_limits(asked, np.concatenate(joined.arm))


def test_the_same_seed_gives_the_same_offers():
    asked = night("all tied", 500, 4, 2, 2, short=True)
    one, two = (np.concatenate(in_shards(asked, 3, 100, seed=5)[1].arm) for _ in range(2))
    assert (one == two).all()


def test_an_arm_with_hardly_any_room_does_not_draw_everybody():
    """A cap of 3 in 10,000 is no whole customer of the sample: its arm must not be free there."""
    r = np.random.default_rng(1)
    value = np.column_stack([r.uniform(1, 2, 10_000), np.full(10_000, 9.0)]).astype(np.float32)
    resources = (Resource("budget", "eur", (0, 1), 5_000.0), Resource("cap", "customers", (1,), 3))
    menu = Menu(("a", "b"), (0, 0), resources)
    told = price_sample(menu, DensePairs(value[:1_000], [1.0, 1.0]), 0.1)
    parts = (slice(0, 5_000), slice(5_000, 10_000))
    joined = join_shards(menu, [pick_shard(menu, DensePairs(value[part], [1.0, 1.0]), told) for part in parts], told)
    alone = solve(menu, DensePairs(value, [1.0, 1.0]))
    assert joined.value_eur >= alone.value_eur * (1 - 0.005)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(BadRequest, match="share == "):
        price_sample(Menu(("a",), (0,), ()), DensePairs([[1.0]], [1.0]), share)


def test_no_shards_and_a_value_that_is_none_are_refused():
    menu = Menu(("a",), (0,), ())
    told = price_sample(menu, DensePairs([[1.0]], [1.0]), 1.0)
    with pytest.raises(BadRequest, match="shards is empty"):
        join_shards(menu, [], told)
    with pytest.raises(BadRows, match="value"):
        pick_shard(menu, DensePairs([[float("nan")]], [1.0]), told)
