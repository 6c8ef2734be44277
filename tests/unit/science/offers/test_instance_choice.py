"""Whatever the file holds, the choice keeps every limit, its bound holds, and it is no worse than greedy."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from jobs.errors import BadRequest
from jobs.science.offers.instance import Instance, take_instance
from jobs.science.offers.instance_choice import choose, holds
from jobs.science.offers.instance_limits import Limits
from tests.unit.science.offers.instances import Instance as Dense
from tests.unit.science.offers.instances import greedy_by_sorting, instances, make, value_of


def of(dense: Dense) -> Instance | None:
    """The same question as rows; None where nobody may get anything."""
    i, j = np.nonzero(np.ones_like(dense.value, bool) if dense.eligible is None else dense.eligible)
    if not len(i):
        return None
    rows = {
        "customer_id": pa.array(i).cast(pa.string()),
        "offer_id": pa.array(j).cast(pa.string()),
        "value": dense.value[i, j].astype(np.float64),
        "cost": dense.cost[i, j],
    }
    return take_instance(pa.table(rows), file="x", today=dt.date(2026, 11, 22))


def limits_of(dense: Dense, instance: Instance) -> Limits:
    caps = dense.caps[[int(offer) for offer in instance.offers]]
    return Limits(dense.budget_eur, caps, np.zeros(len(caps)))


def check(dense: Dense) -> None:
    instance = of(dense)
    if instance is None:
        return
    limits = limits_of(dense, instance)
    found = choose(instance, limits)
    assert found.feasible
    assert found.spend_eur <= limits.budget_eur * (1 + 1e-9)
    assert (np.bincount(instance.offer[found.pair], minlength=len(limits.caps)) <= limits.caps).all()
    assert (np.bincount(instance.customer[found.pair]) <= 1).all()
    assert found.value_eur <= found.dual_bound_eur * (1 + 1e-9) + 1e-9
    assert found.value_eur >= value_of(dense, greedy_by_sorting(dense)) * (1 - 1e-6) - 1e-6
    assert 0.0 <= found.gap <= 1.0


@given(instances(most_customers=25))
@settings(max_examples=30, deadline=None)
def test_every_choice_keeps_the_limits_and_is_no_worse_than_greedy(dense: Dense) -> None:
    check(dense)


@pytest.mark.long
@given(instances())
@settings(max_examples=1_000, deadline=None)
def test_every_choice_keeps_the_limits_and_is_no_worse_than_greedy_in_many(dense: Dense) -> None:
    check(dense)


def test_minimums_are_kept_also_where_they_cost_money() -> None:
    dense = make("negative", 30, 3, seed=1)
    instance = of(dense)
    assert instance is not None
    limits = Limits(40.0, np.full(3, 30.0), np.array([5.0, 0.0, 2.0]))
    found = choose(instance, limits)
    assert found.feasible
    assert found.counts.tolist() == [5, 0, 2]
    assert found.value_eur < 0
    assert found.dual_bound_eur >= found.value_eur


def test_a_recount_finds_what_is_broken() -> None:
    instance = of(make("plain", 4, 2, seed=0))
    assert instance is not None
    free = Limits(1e9, np.full(2, 4.0), np.zeros(2))
    assert holds(instance, free, np.array([0, 2, 4, 6]))
    assert not holds(instance, free, np.array([0, 1]))
    assert not holds(instance, free, np.array([0, 0]))
    assert not holds(instance, Limits(0.0, free.caps, free.minimums), np.array([0]))
    assert not holds(instance, Limits(1e9, np.array([1.0, 4]), free.minimums), np.array([0, 2]))
    assert not holds(instance, Limits(1e9, free.caps, np.array([3.0, 0])), np.array([0, 2]))


def test_a_clash_that_only_the_solver_sees_is_named_too() -> None:
    """One customer has both offers that must go to somebody; each has another holder who is too dear."""
    rows = {"customer_id": ["a", "a", "b", "c"], "offer_id": ["x", "y", "x", "y"], "value": [1.0] * 4,
            "cost": [1.0, 1.0, 9.0, 9.0]}  # fmt: skip
    instance = take_instance(pa.table(rows), file="x", today=dt.date(2026, 11, 22))
    with pytest.raises(BadRequest, match="must go to at least 1 customers"):
        choose(instance, Limits(5.0, np.full(2, 9.0), np.ones(2)))
