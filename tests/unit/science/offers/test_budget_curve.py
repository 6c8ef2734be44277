"""The budget curve rises, passes through the night's own answer, and a sample tells about all."""

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.offers.allocate import allocate
from jobs.science.offers.budget_curve import SAMPLE_ROWS, budget_curve
from tests.unit.science.offers.instances import make


def test_more_budget_is_never_worth_less_and_brings_less_and_less():
    instance = make("plain", 3_000, 4, seed=1)
    budgets = instance.budget_eur * np.array([2.0, 0.0, 0.5, 1.0, 1.5])
    curve = budget_curve(instance.value, instance.cost, budgets, instance.caps)
    assert (np.diff(curve.budget_eur) > 0).all()
    assert (np.diff(curve.value_eur) >= 0).all()
    assert (np.diff(curve.value_eur, 2) <= 1e-3 * curve.value_eur[-1]).all()
    assert (curve.spend_eur <= curve.budget_eur * (1 + 1e-9)).all()
    assert curve.customers == 3_000


def test_the_curve_passes_through_the_answer_at_the_same_budget():
    instance = make("plain", 2_000, 4, seed=2)
    curve = budget_curve(instance.value, instance.cost, [instance.budget_eur], instance.caps, seed=3)
    found = allocate(instance.value, instance.cost, instance.budget_eur, instance.caps, seed=3)
    assert curve.value_eur.tolist() == [found.value_eur]


def test_a_sample_of_many_customers_tells_the_value_within_three_percent():
    instance = make("plain", 3 * SAMPLE_ROWS, 4, seed=3)
    curve = budget_curve(instance.value, instance.cost, [instance.budget_eur], instance.caps)
    found = allocate(instance.value, instance.cost, instance.budget_eur, instance.caps)
    assert curve.customers == SAMPLE_ROWS
    assert curve.value_eur[0] == pytest.approx(found.value_eur, rel=0.03)


@pytest.mark.parametrize("budgets", [[], [-1.0]])
def test_no_budget_or_a_negative_one_is_refused(budgets):
    with pytest.raises(BadRequest, match="budget"):
        budget_curve(np.ones((2, 1), np.float32), [1.0], budgets)
