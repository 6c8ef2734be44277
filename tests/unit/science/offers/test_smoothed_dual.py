"""Gradient and curvature of the smoothed dual are those of small steps, also where campaigns compete for contacts."""

import numpy as np
import pytest

from jobs.science.offers.night import ask
from jobs.science.offers.smoothed_dual import Rows, evaluate
from tests.unit.science.offers.nights import night

STEP = 1e-3


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize(("campaigns", "short"), [(1, False), (3, False), (3, True)])
def test_gradient_and_curvature_are_those_of_small_steps(campaigns, short, listed):
    asked = night("plain", 300, 6, 3, campaigns, budget_share=1.0, least_share=0.2, short=short, masked=True)
    rows = Rows.of(ask(asked.menu, asked.pairs(listed)), None)
    multiplier = np.random.default_rng(1).uniform(0, 0.5, len(rows.multipliers.resource))
    second = "diagonal" if listed else "matrix"
    here = evaluate(rows, multiplier, 0.5, second)
    for number in range(len(multiplier)):
        step = np.zeros_like(multiplier)
        step[number] = STEP
        up, down = (evaluate(rows, multiplier + s, 0.5, "none") for s in (step, -step))
        assert (up.objective - down.objective) / (2 * STEP) == pytest.approx(here.gradient[number], abs=0.05)
        column = (up.gradient - down.gradient) / (2 * STEP)
        if not listed:
            assert column == pytest.approx(here.curvature[number], abs=0.05)
        else:
            # the diagonal leaves out that arms of one resource exclude each other: it is never too small
            assert column[number] <= here.curvature[number] + 0.05


def test_prices_and_multipliers_are_two_ways_to_say_the_same():
    asked = night("plain", 300, 6, 3, least_share=0.3)
    found = Rows.of(ask(asked.menu, asked.pairs()), None).multipliers
    price = found.price(np.arange(1.0, len(found.resource) + 1), len(asked.menu.resources))
    assert found.price(found.from_price(price), len(price)) == pytest.approx(price)
    assert (found.sign < 0).any()
