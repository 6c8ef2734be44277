"""Small nights of every awkward kind, by the thousand: the exact optimum lies between the answer and its bound."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from jobs.errors import BadRequest
from jobs.science.offers.menu import Resource
from jobs.science.offers.solve import solve
from tests.unit.science.offers.nights import Asked, assert_within_limits, best_by_highs, night, value_of

Draw = Callable[[np.random.Generator], Asked]


def drawn(generator: np.random.Generator, kind: str = "plain", **fixed: float) -> Asked:
    """Return a night of at most ten customers and four arms; what is fixed stays so."""
    asked: dict[str, float] = {
        "n": int(generator.integers(1, 11)),
        "k": int(generator.integers(1, 5)),
        "seed": int(generator.integers(2**32)),
        "campaigns": int(generator.integers(1, 3)),
        "budget_share": float(generator.choice([0.05, 0.3, 0.7, 2.0])),
        "cap_share": float(generator.choice([0.05, 0.3, 5.0])),
        "least_share": float(generator.choice([0.0, 0.3])),
        "short": bool(generator.random() < 0.3),
        "masked": bool(generator.random() < 0.3),
    }
    return night(kind, **(asked | fixed))


def beyond(generator: np.random.Generator) -> Asked:
    """A night whose first arm must go to one customer more than there are."""
    asked = drawn(generator)
    most = float(len(asked.value) + 1)
    forced = Resource("too many", "customers", (0,), most, most)
    return replace(asked, menu=replace(asked.menu, resources=(*asked.menu.resources, forced)))


CASES: dict[str, Draw] = {
    "empty": lambda g: drawn(g, n=0),
    "one customer": lambda g: drawn(g, n=1),
    "one arm": lambda g: drawn(g, k=1, campaigns=1),
    "zero budget": lambda g: drawn(g, budget_share=0.0),
    "all negative": lambda g: drawn(g, "negative"),
    "ties": lambda g: drawn(g, "ties"),
    "all tied": lambda g: drawn(g, "all tied"),
    "one dominant arm": lambda g: drawn(g, "dominant"),
    "free offers": lambda g: drawn(g, "free"),
    "a minimum that cannot be met": beyond,
}


def hold(asked: Asked, case: str) -> None:
    """Hold an answer and its bound to the exact optimum, and a refusal to there being none."""
    best = best_by_highs(asked) if len(asked.value) else 0.0
    try:
        found = solve(asked.menu, asked.pairs(), seed=1)
    except BadRequest as refused:
        said = str(refused)
    else:
        said = ""
    if said:
        assert "lower the minimum by" in said
        assert best is None or not len(asked.value)
        return
    assert case != "a minimum that cannot be met"
    assert best is not None
    assert_within_limits(asked, found.arm)
    assert found.feasible
    assert found.value_eur == pytest.approx(value_of(asked, found.arm))
    slack = 2e-4 * abs(best) + 1e-6  # what HiGHS is asked to leave open
    assert found.value_eur <= best + slack
    assert best <= found.dual_bound_eur + slack
    if not any(resource.least for resource in asked.menu.resources):
        assert found.value_eur >= 0.0


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("number", [12, pytest.param(500, marks=pytest.mark.long)])
def test_the_answer_is_below_the_optimum_and_the_bound_above_it(case: str, number: int) -> None:
    generator = np.random.default_rng([number, *case.encode()])
    for _ in range(number):
        hold(CASES[case](generator), case)
