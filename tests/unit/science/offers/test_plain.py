"""A plain night answered the quicker way is the same night."""

import numpy as np
import pytest

from jobs.science.offers.menu import Menu, Resource
from jobs.science.offers.night import ask
from jobs.science.offers.pairs import DensePairs
from jobs.science.offers.plain import LEAST_CUSTOMERS, answer_plain, is_plain
from jobs.science.offers.solve import solve, solve_night
from tests.unit.science.offers.instances import make

BUDGET = Resource("budget", "eur", (0, 1, 2), 900.0)
CAP = Resource("cap", "customers", (1,), 700)


def menu(*resources, campaign=(0, 0, 0)):
    return Menu(("a", "b", "c"), campaign, resources)


@pytest.mark.parametrize("contacts", [False, True])
def test_value_bound_prices_and_use_are_those_of_the_general_way(contacts):
    drawn = make("plain", LEAST_CUSTOMERS + 1_000, 3, 6)
    left = np.arange(len(drawn.value)) % 3 if contacts else None
    pairs = DensePairs(drawn.value, drawn.cost, contacts_left=left)
    asked = menu(Resource("wide cap", "customers", (1,), 900), BUDGET, CAP)
    quick, general = solve(asked, pairs), solve_night(ask(asked, pairs))
    assert quick.feasible
    assert quick.value_eur == pytest.approx(general.value_eur, rel=1e-4)
    assert quick.dual_bound_eur == pytest.approx(general.dual_bound_eur, rel=1e-4)
    assert quick.price_eur[1] == pytest.approx(general.price_eur[1], rel=0.02)
    row = np.flatnonzero(quick.arm[:, 0] >= 0)
    given = quick.arm[row, 0]
    assert quick.resources[1].used == pytest.approx(drawn.cost[row, given].sum())
    assert quick.resources[0].used == quick.resources[2].used == (given == 1).sum()
    if left is not None:
        assert (left[row] > 0).all()


@pytest.mark.parametrize(
    "asked",
    [
        menu(BUDGET, CAP, campaign=(0, 1, 0)),
        menu(BUDGET, Resource("cap", "customers", (1,), 700, 10)),
        menu(BUDGET, Resource("window", "customers", (1, 2), 700)),
        menu(BUDGET, Resource("partner", "eur", (1,), 70.0)),
        menu(Resource("partner", "eur", (1,), 70.0)),
    ],
    ids=["campaigns", "minimum", "window", "two budgets", "part budget"],
)
def test_whatever_else_is_scarce_goes_the_general_way(asked):
    pairs = DensePairs(np.ones((LEAST_CUSTOMERS + 1, 3)), [1.0] * 3)
    assert is_plain(menu(BUDGET, CAP), pairs)
    assert not is_plain(asked, pairs)
    assert answer_plain(asked, pairs, 0) is None
