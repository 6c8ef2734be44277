"""Minimums are met by swaps that break nothing else."""

import numpy as np

from jobs.science.offers.menu import Menu, Resource
from jobs.science.offers.minimums import meet_minimums
from jobs.science.offers.night import ask
from jobs.science.offers.night_rounding import offers_of
from jobs.science.offers.pairs import DensePairs


def met(menu, value, cost, slot, contacts=None):
    night = ask(menu, DensePairs(value, cost, contacts_left=contacts))
    found, short = meet_minimums(night, np.zeros(len(menu.resources)), np.array(slot, np.int16))
    return found.tolist(), short.tolist(), night.use(*[getattr(offers_of(night, found), n) for n in ("arm", "cost")])


def test_who_loses_least_swaps():
    menu = Menu(("a", "b"), (0, 0), (Resource("b", "customers", (1,), 9, 1),))
    found, short, _ = met(menu, [[5.0, 1.0], [5.0, 4.0], [5.0, 2.0]], [0.0, 0.0], [[0], [0], [0]])
    assert found == [[0], [1], [0]]
    assert short == [0]


def test_a_full_budget_gives_way_by_the_offer_worth_least_for_its_cost():
    resources = (Resource("budget", "eur", (0, 1), 2.0), Resource("b", "customers", (1,), 9, 1))
    menu = Menu(("a", "b"), (0, 0), resources)
    found, short, used = met(menu, [[5.0, -9.0], [2.0, -9.0], [-9.0, 1.0]], [1.0, 1.0], [[0], [0], [-1]])
    assert found == [[0], [-1], [1]]
    assert short == [0, 0]
    assert used.tolist() == [2.0, 1.0]


def test_a_customer_without_contacts_left_gives_up_the_offer_worth_least():
    menu = Menu(("a", "b", "c"), (0, 1, 2), (Resource("c", "customers", (2,), 9, 1),))
    found, short, _ = met(menu, [[5.0, 2.0, 1.0]], [0.0, 0.0, 0.0], [[0, 1, -1]], contacts=[2])
    assert found == [[0, -1, 2]]
    assert short == [0]


def test_one_minimum_is_not_met_at_the_cost_of_another():
    resources = tuple(Resource(name, "customers", (j,), 9, 1) for j, name in enumerate("ab"))
    found, short, _ = met(Menu(("a", "b"), (0, 0), resources), [[5.0, 4.0]], [0.0, 0.0], [[0]])
    assert found == [[0]]
    assert short == [0, 1]
