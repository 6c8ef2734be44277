"""A night's answer breaks no limit, meets every minimum, beats greedy, and certifies how near the optimum it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import BadRequest, BadRows
from jobs.science.offers.menu import Menu, Resource
from jobs.science.offers.pairs import DensePairs, SparsePairs
from jobs.science.offers.solve import solve
from tests.unit.science.offers.instances import KINDS
from tests.unit.science.offers.nights import (
    assert_within_limits,
    best_by_highs,
    greedy_by_walking,
    night,
    nights,
    uses,
    value_of,
)

GAINING = [kind for kind in KINDS if kind != "negative"]


def hold_to_everything(asked, listed, seed):
    """Limits, greedy and bound; or a refusal, which HiGHS must confirm."""
    try:
        found = solve(asked.menu, asked.pairs(listed), seed=seed)
    except BadRequest as error:
        found, refused = None, str(error)
    if found is None:
        assert "lower the minimum by" in refused
        assert not len(asked.value) or best_by_highs(asked) is None
        return
    assert_within_limits(asked, found.arm)
    assert found.feasible
    assert found.value_eur == pytest.approx(value_of(asked, found.arm))
    assert [s.used for s in found.resources] == pytest.approx([used for _, used in uses(asked, found.arm)])
    assert found.value_eur <= found.dual_bound_eur + 1e-9 * abs(found.dual_bound_eur) + 1e-9
    rival = greedy_by_walking(asked)
    if all(used >= resource.least for resource, used in uses(asked, rival)):
        assert found.value_eur >= value_of(asked, rival) * (1 - 1e-9)


@given(asked=nights(), listed=st.booleans(), seed=st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_every_answer_is_feasible_no_worse_than_greedy_and_under_its_bound(asked, listed, seed):
    hold_to_everything(asked, listed, seed)


@pytest.mark.long
@pytest.mark.timeout(1800)
@given(asked=nights(most_customers=400, most_arms=10), listed=st.booleans(), seed=st.integers(0, 5))
@settings(max_examples=2_000, deadline=None)
def test_thousands_of_nights_are_feasible_and_no_worse_than_greedy(asked, listed, seed):
    hold_to_everything(asked, listed, seed)


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=() if k in {"plain", "ties"} else pytest.mark.long) for k in GAINING]
)
@pytest.mark.parametrize("campaigns", [1, 3])
def test_200_customers_come_within_a_hundredth_of_the_exact_optimum(kind, campaigns):
    asked = night(kind, 200, 6, 1, campaigns, least_share=0.05, short=campaigns > 1)
    found = solve(asked.menu, asked.pairs())
    assert_within_limits(asked, found.arm)
    assert found.value_eur >= 0.99 * best_by_highs(asked)


@pytest.mark.long
@pytest.mark.timeout(1800)
@given(
    kind=st.sampled_from(GAINING),
    seed=st.integers(0, 10_000),
    k=st.integers(1, 8),
    campaigns=st.integers(1, 4),
    budget_share=st.sampled_from([0.05, 0.3, 0.8]),
    cap_share=st.sampled_from([0.05, 0.15, 0.5]),
    masked=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_200_customers_of_any_kind_come_within_a_hundredth(kind, seed, k, campaigns, budget_share, cap_share, masked):
    asked = night(kind, 200, k, seed, campaigns, budget_share, cap_share, short=campaigns > 1, masked=masked)
    found = solve(asked.menu, asked.pairs())
    assert_within_limits(asked, found.arm)
    assert found.value_eur >= 0.99 * best_by_highs(asked)


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=() if k in {"plain", "ties"} else pytest.mark.long) for k in GAINING]
)
@pytest.mark.parametrize("campaigns", [1, 3])
def test_the_gap_at_5000_customers_is_a_thousandth_at_most(kind, campaigns):
    asked = night(kind, 5_000, 8, 4, campaigns, least_share=0.02, short=campaigns > 1)
    found = solve(asked.menu, asked.pairs())
    assert_within_limits(asked, found.arm)
    assert found.gap <= 1e-3


def test_the_bound_is_the_linear_optimum():
    """With two campaigns, short contacts, minimums and windows the bound exceeds HiGHS's by less than .05%."""
    asked = night("plain", 600, 5, 2, 2, least_share=0.1, short=True)
    linear = best_by_highs(asked, whole=False)
    assert linear * (1 - 1e-6) <= solve(asked.menu, asked.pairs()).dual_bound_eur <= linear * (1 + 5e-4)


def test_candidates_and_all_pairs_have_the_same_answer():
    asked = night("plain", 250, 5, 5, 2, short=True, masked=True)
    dense, listed = (solve(asked.menu, asked.pairs(listed)) for listed in (False, True))
    assert listed.dual_bound_eur == pytest.approx(dense.dual_bound_eur, rel=1e-3)
    assert listed.value_eur == pytest.approx(dense.value_eur, rel=1e-3)


def test_prices_say_in_words_what_one_more_unit_brings():
    """A tenth of a percent more budget raises the value by its price, within a twentieth; a minimum has a price too."""
    r = np.random.default_rng(3)
    value, cost = r.normal(1, 2, (8_000, 3)), r.uniform(0.1, 3, (8_000, 3))
    value[:, 2] -= 3

    def answer(budget):
        resources = (
            Resource("the budget", "eur", (0, 1, 2), budget),
            Resource("tea", "customers", (2,), 8_000, 600),
            Resource("the window", "customers", (0, 1), 8_000),
        )
        return solve(Menu(("coffee", "cake", "tea"), (0, 0, 0), resources), DensePairs(value, cost))

    one, two = answer(2_000.0), answer(2_002.0)
    budget, tea, window = one.resources
    assert two.value_eur - one.value_eur == pytest.approx(budget.price_eur * 2.0, rel=0.05)
    assert budget.in_words() == f"One more euro of the budget is worth {budget.price_eur:.2f} euro."
    assert tea.price_eur < 0
    assert tea.used == 600
    assert tea.in_words() == f"One customer less in the minimum of tea is worth {-tea.price_eur:.2f} euro."
    assert window.in_words() == "What there is of the window suffices: more of it would bring nothing."


def test_few_contacts_go_to_the_campaigns_worth_most():
    menu = Menu(("a", "b", "c"), (0, 1, 2), ())
    found = solve(menu, DensePairs([[3.0, 1.0, 2.0]] * 4, [0.0] * 3, contacts_left=[0, 1, 2, 3]))
    assert found.arm.tolist() == [[-1, -1, -1], [0, -1, -1], [0, -1, 2], [0, 1, 2]]
    assert found.gap == 0


def test_an_answer_for_one_campaign_gives_nobody_two_arms():
    found = solve(Menu(("a", "b"), (0, 0), ()), DensePairs([[3.0, 4.0]], [1.0, 1.0]))
    assert found.arm.tolist() == [[1]]


def test_a_minimum_is_met_at_a_loss_and_by_those_who_lose_least():
    menu = Menu(("a",), (0,), (Resource("a", "customers", (0,), 10, 2),))
    found = solve(menu, DensePairs([[-3.0], [-1.0], [-2.0]], [0.0]))
    assert found.arm.tolist() == [[-1], [0], [0]]
    assert found.value_eur == -3.0


@pytest.mark.parametrize(
    ("least", "budget", "sentence"),
    [
        (4, 100.0, "tea must go to at least 4 customers, but only 3 may get it: lower the minimum by 1"),
        (3, 2.5, "3 customers, who take 3.00 euro at least, but budget is 2.50 euro: lower the minimum by 1 or raise"),
    ],
)
def test_a_minimum_that_cannot_be_met_is_named_with_by_how_much(least, budget, sentence):
    resources = (Resource("tea", "customers", (0,), 9, least), Resource("budget", "eur", (0,), budget))
    with pytest.raises(BadRequest, match=sentence):
        solve(Menu(("tea",), (0,), resources), DensePairs(np.ones((3, 1)), [1.0]))


def test_two_minimums_that_need_the_same_customers_are_refused():
    resources = tuple(Resource(name, "customers", (j,), 9, 2) for j, name in enumerate(("tea", "cake")))
    with pytest.raises(BadRequest, match="lower the minimum by 1"):
        solve(Menu(("tea", "cake"), (0, 0), resources), DensePairs(np.ones((3, 2)), [1.0, 1.0]))


def test_nobody_to_ask_is_an_empty_answer():
    found = solve(Menu(("a",), (0,), (Resource("cap", "customers", (0,), 5),)), DensePairs(np.empty((0, 1)), [1.0]))
    assert found.arm.shape == (0, 1)
    assert (found.value_eur, found.gap, found.feasible) == (0.0, 0.0, True)


def test_customers_without_candidates_get_nothing():
    found = solve(Menu(("a",), (0,), ()), SparsePairs([0, 0, 1, 1], [0], [2.0], [1.0]))
    assert found.arm.tolist() == [[-1], [0], [-1]]


def test_equals_are_chosen_by_lot_that_the_seed_decides():
    """With everybody alike the seed says who is served, and it is not simply the first in the file."""
    menu = Menu(("a", "b"), (0, 1), (Resource("cap", "customers", (0, 1), 400),))
    one, again, other = (solve(menu, DensePairs(np.full((1_000, 2), 2.0), [0.5, 0.5]), seed=s).arm for s in (1, 1, 2))
    assert np.array_equal(one, again)
    assert (one >= 0).sum() == (other >= 0).sum() == 400
    assert not np.array_equal(one, other)
    assert 100 < (one[:500] >= 0).sum() < 300


def test_moved_marks_those_for_whom_more_than_the_price_decided():
    asked = night("plain", 600, 4, 7)
    found = solve(asked.menu, asked.pairs())
    assert 0 < found.moved.sum() < 60


def test_the_exact_answer_is_at_least_as_good():
    asked = night("one price", 700, 4, 3, least_share=0.1)
    one, exact = solve(asked.menu, asked.pairs()), solve(asked.menu, asked.pairs(), exact_s=2.0)
    assert_within_limits(asked, exact.arm)
    assert exact.value_eur >= one.value_eur


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused_with_its_place(wrong):
    value = np.ones((5, 2))
    value[3, 1] = wrong
    menu = Menu(("a", "b"), (0, 0), ())
    with pytest.raises(BadRows, match="value of customer 3, arm 1"):
        solve(menu, DensePairs(value, [1.0, 1.0]))
    with pytest.raises(BadRows, match="value of customer 3, arm 1"):
        solve(menu, SparsePairs(np.arange(0, 12, 2), np.tile([0, 1], 5), value.ravel(), np.ones(10)))


def test_a_cost_below_zero_an_unknown_arm_and_an_arm_twice_are_refused():
    menu = Menu(("a", "b"), (0, 0), ())
    with pytest.raises(BadRows, match=r"cost of customer 0, arm 1 == -1.0"):
        solve(menu, DensePairs([[1.0, 1.0]], [1.0, -1.0]))
    with pytest.raises(BadRows, match="candidate 1 names arm 2"):
        solve(menu, SparsePairs([0, 2], [0, 2], [1.0, 1.0], [1.0, 1.0]))
    with pytest.raises(BadRows, match="customer 1 has arm 0 twice"):
        solve(menu, SparsePairs([0, 1, 3], [1, 0, 0], [1.0] * 3, [1.0] * 3))
    with pytest.raises(BadRequest, match="menu's 2 arms"):
        solve(menu, DensePairs([[1.0]], [1.0]))
