import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import BadRequest, BadRows
from jobs.science.offers.allocate import allocate
from jobs.science.offers.fan_out import pick, repair, sample_prices
from tests.unit.science.offers.instances import KINDS, assert_feasible, instances, make, value_of

QUICK = ("plain", "heavy tail")


def fan_out(instance, shards, sampled, seed=0):
    """All steps, each with nothing but its own rows and what it is told."""
    n = len(instance.value)
    rows = np.random.default_rng(seed).permutation(n)[:sampled]

    def of(some):
        eligible = None if instance.eligible is None else instance.eligible[some]
        return instance.value[some], instance.cost[some], eligible

    value, cost, eligible = of(rows)
    share = len(rows) / n if n else 1.0
    told = sample_prices(value, cost, instance.budget_eur, instance.caps, eligible, share=share, seed=seed)
    picks = []
    for part in np.array_split(np.arange(n), shards):
        value, cost, eligible = of(part)
        picks.append(pick(value, cost, told, eligible))
    return picks, repair(picks, told, seed=seed)


@settings(max_examples=120, deadline=None)
@given(instances(), st.integers(1, 5), st.integers(1, 60), st.integers(0, 9))
def test_no_limit_is_ever_broken_however_poor_the_sample(instance, shards, sampled, seed):
    _, repaired = fan_out(instance, shards, sampled, seed)
    arm = np.concatenate(repaired.arms)
    assert len(arm) == len(instance.value)
    assert_feasible(instance, arm)
    assert repaired.value_eur == pytest.approx(value_of(instance, arm), rel=1e-6, abs=1e-6)
    assert repaired.counts.tolist() == np.bincount(arm[arm >= 0], minlength=len(instance.caps)).tolist()
    assert repaired.value_eur <= repaired.dual_bound_eur * (1 + 1e-5) + 1e-4


@settings(max_examples=50, deadline=None)
@given(instances(), st.integers(1, 60))
def test_the_bound_holds_for_the_one_process_answer_too(instance, sampled):
    _, repaired = fan_out(instance, 3, sampled)
    best = allocate(instance.value, instance.cost, instance.budget_eur, instance.caps, instance.eligible)
    assert best.value_eur <= repaired.dual_bound_eur * (1 + 1e-5) + 1e-4


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=() if k in QUICK else pytest.mark.long) for k in KINDS if k != "negative"]
)
def test_eight_shards_reach_the_value_of_one_process(kind):
    """100,000 customers, prices from a fifth of them: within a thousandth."""
    instance = make(kind, 100_000, 10, seed=11)
    _, repaired = fan_out(instance, 8, 20_000)
    alone = allocate(instance.value, instance.cost, instance.budget_eur, instance.caps)
    assert_feasible(instance, np.concatenate(repaired.arms))
    assert repaired.value_eur >= alone.value_eur * (1 - 1e-3)


def test_few_customers_are_left_to_the_repair():
    """What a shard hands over in full is a small part of it, where customers differ."""
    instance = make("plain", 50_000, 10, seed=4)
    picks, repaired = fan_out(instance, 4, 10_000)
    assert sum(len(p.open_row) for p in picks) < 0.12 * 50_000
    assert repaired.gap < 1e-3


def test_the_same_seed_gives_the_same_offers():
    instance = make("all tied", 500, 4, seed=2)
    one, two = (np.concatenate(fan_out(instance, 3, 100, seed=5)[1].arms) for _ in range(2))
    assert (one == two).all()


def test_an_arm_with_hardly_any_room_does_not_draw_everybody():
    """A cap of 3 in 10,000 is no whole customer of the sample: its arm must not be free there."""
    r = np.random.default_rng(1)
    value = np.column_stack([r.uniform(1, 2, 10_000), np.full(10_000, 9.0)]).astype(np.float32)
    sample = slice(0, 1_000)
    told = sample_prices(value[sample], [1.0, 1.0], 5_000.0, [10_000, 3], share=0.1)
    repaired = repair([pick(value[part], [1.0, 1.0], told) for part in (slice(0, 5_000), slice(5_000, 10_000))], told)
    alone = allocate(value, [1.0, 1.0], 5_000.0, [10_000, 3])
    assert repaired.value_eur >= alone.value_eur * (1 - 0.005)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(BadRequest, match="share == "):
        sample_prices([[1.0]], [1.0], 1.0, [1.0], share=share)


def test_no_picks_and_a_value_that_is_none_are_refused():
    told = sample_prices([[1.0]], [1.0], 1.0, [1.0], share=1.0)
    with pytest.raises(BadRequest, match="picks is empty"):
        repair([], told)
    with pytest.raises(BadRows, match="value"):
        pick([[float("nan")]], [1.0], told)
