"""Candidates are the best of all offers, counted by hand, and an arm's effect keeps its mean over its offers."""

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest
from jobs.science.offers.affinity import Affinity, AffinityPlan, Candidates
from tests.unit.science.offers.purchases import END_S, FIRST_S, Purchases


def _ids(customers: int) -> pa.Array:
    return pa.array([f"k{c}" for c in range(customers)])


def _plan(**values: float) -> AffinityPlan:
    return AffinityPlan(FIRST_S, END_S, **values)  # type: ignore[arg-type]


def _asked(world: Purchases, plan: AffinityPlan, customers: int, **engine: object) -> Candidates:
    with world.engine(**engine) as connection:  # type: ignore[arg-type]
        return Affinity(connection, world.offers, world.categories, plan).candidates(_ids(customers))


@pytest.mark.parametrize("seed", range(6))
def test_few_are_looked_at_and_yet_the_list_is_that_of_all_offers(seed: int) -> None:
    """One of each arm, the best of it; then the offers of most affinity; whoever has bought nothing is in there too."""
    world = Purchases.drawn(seed)
    found = _asked(world, _plan(most=8), 43)
    affinity, _ = world.affinity(43, 10.0)
    for customer in range(43):
        listed = found.offer[customer]
        assert len(set(listed.tolist())) == 8
        best = [affinity[customer, world.arm == arm].max() for arm in range(3)]
        assert [affinity[customer, listed[world.arm[listed] == arm]].max() for arm in range(3)] == pytest.approx(best)
        # What is left out is no better than anything that is in, but for the one that each arm needs.
        of_arm = np.argsort(-affinity[customer], kind="stable")
        needed = [int(of_arm[world.arm[of_arm] == arm][0]) for arm in range(3)]
        rest = [o for o in of_arm.tolist() if o not in needed][:5]
        assert sorted(affinity[customer, listed]) == pytest.approx(sorted(affinity[customer, needed + rest]))


def test_purchases_are_told_as_they_were() -> None:
    world = Purchases.drawn(3)
    found = _asked(world, _plan(most=20), 40)
    times = np.zeros((40, 25))
    np.add.at(times, (world.customer, world.partner), 1)
    at = world.of_partner[found.offer]
    assert (found.partner_times == np.take_along_axis(times, at, axis=1)).all()
    of_category = np.stack([times[:, world.category_of == c].sum(1) for c in range(6)], axis=1)
    assert (found.category_times == np.take_along_axis(of_category, world.category_of[at], axis=1)).all()


@pytest.mark.parametrize("strength", [1.0, 0.3, -0.5])
def test_the_effect_of_an_arm_keeps_its_mean_over_its_offers_as_the_trial_drew_them(strength: float) -> None:
    world = Purchases.drawn(1)
    found = _asked(world, _plan(most=60, strength=strength, most_times=1e9), 43)
    assert found.times is not None
    affinity, popularity = world.affinity(43, 10.0)
    times, weight = np.zeros((43, 60)), np.zeros((43, 60))
    np.put_along_axis(times, found.offer, found.times, axis=1)
    np.put_along_axis(weight, found.offer, world.weight[found.offer], axis=1)
    for arm in range(3):
        mine = world.arm == arm
        assert (times * weight)[:, mine].sum(1) / weight[:, mine].sum(1) == pytest.approx(1.0, abs=1e-5)
        relative = (affinity / popularity)[:, mine] ** strength
        expected = relative / np.average(relative, axis=1, weights=world.weight[mine])[:, None]
        assert times[:, mine] == pytest.approx(expected, rel=1e-5)


def test_an_effect_is_never_raised_beyond_the_most() -> None:
    world = Purchases.drawn(2)
    free = _asked(world, _plan(strength=1.0, most_times=1e9), 40).times
    held = _asked(world, _plan(strength=1.0, most_times=1.5), 40).times
    assert free is not None
    assert held is not None
    assert free.max() > 1.5
    assert held == pytest.approx(np.minimum(free, 1.5))


def test_nothing_counts_from_the_night_on_nor_what_is_known_to_be_fraud() -> None:
    """A purchase in the first second after the window changes nothing, and one that was reported is taken out."""
    world = Purchases.drawn(4)
    size = len(world.customer)
    when = np.full(size, FIRST_S + 5)
    when[:30] = END_S
    fraud = tuple(range(30, 60))
    found = _asked(world, _plan(), 40, when=when, fraud=fraud)
    cut = Purchases(
        world.customer[60:], world.partner[60:], world.arm, world.of_partner, world.category_of, world.weight
    )
    without = _asked(cut, _plan(), 40)
    assert (found.offer == without.offer).all()
    assert (found.partner_times == without.partner_times).all()


def test_what_cannot_be_is_one_sentence() -> None:
    world = Purchases.drawn(5)
    with world.engine() as connection:
        with pytest.raises(BadRequest, match=r"most == 2, must be at least the 3 arms"):
            Affinity(connection, world.offers, {}, _plan(most=2))
        with pytest.raises(BadRequest, match="the catalogue is empty"):
            Affinity(connection, world.offers.slice(0, 0), {}, _plan())
        two = world.offers.set_column(2, "category", pa.array([f"c{i}" for i in range(60)]))
        with pytest.raises(BadRequest, match=r"partner 'p\d+' has two categories"):
            Affinity(connection, two, {}, _plan(), name="two")
    for name, value in {"strength": 2.0, "most_times": 0.5, "prior_purchases": 0.0}.items():
        with pytest.raises(BadRequest, match=f"{name} == {value}, must be"):
            _plan(**{name: value})
