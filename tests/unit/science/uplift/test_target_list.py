"""The list does what the verdict says, within the budget, and earns what it promises."""

import numpy as np
import pytest

from jobs.science.uplift.judge import fit_and_judge
from jobs.science.uplift.target_list import make_list
from tests.unit.science.uplift.worlds import make_world


def test_one_arm_for_everyone_promises_everyone_the_verdicts_euros() -> None:
    world = make_world(4000, level=(1.0, 0.5), heterogeneity=0.0, seed=2)
    judged = fit_and_judge(world.trial, cost_eur=[0.2, 0.2])
    made = make_list(judged, world.trial.rows, cost_eur=[0.2, 0.2])
    assert judged.verdict.arm == "arm 1"
    assert set(made.arm.tolist()) == {0}
    assert np.ptp(made.expected_net_eur) == 0.0
    assert made.net_eur.value == pytest.approx(judged.verdict.net_eur.value, rel=1e-5)
    assert made.net_eur.standard_error == pytest.approx(judged.verdict.net_eur.standard_error, rel=1e-5)


def test_a_budget_draws_who_gets_the_one_arm_by_lot_not_by_their_place_in_the_file() -> None:
    world = make_world(4000, level=(1.0, 0.5), heterogeneity=0.0, seed=2)
    judged = fit_and_judge(world.trial, cost_eur=[0.2, 0.2], budget_eur=200.0)
    made = make_list(judged, world.trial.rows, cost_eur=[0.2, 0.2], budget_eur=200.0, seed=3)
    assert int((made.arm >= 0).sum()) == 1000
    assert made.allocation.spend_eur <= 200.0
    assert np.flatnonzero(made.arm >= 0).mean() == pytest.approx(2000, abs=120)
    assert made.net_eur.value == pytest.approx(judged.verdict.net_eur.value, rel=1e-3)
    assert (
        make_list(judged, world.trial.rows, cost_eur=[0.2, 0.2], budget_eur=200.0, seed=3).arm.tolist()
        == made.arm.tolist()
    )


def test_nobody_is_an_empty_list_that_promises_nothing() -> None:
    world = make_world(3000, level=(0.1, 0.1), heterogeneity=0.0, seed=3)
    judged = fit_and_judge(world.trial, cost_eur=[0.5, 0.5])
    made = make_list(judged, world.trial.rows, cost_eur=[0.5, 0.5])
    assert not (made.arm >= 0).any()
    assert (made.net_eur.value, made.net_eur.standard_error, made.curve) == (0.0, 0.0, None)


def test_a_budget_below_one_contact_promises_nothing() -> None:
    world = make_world(3000, level=(3.0,), heterogeneity=0.0, seed=3)
    judged = fit_and_judge(world.trial, cost_eur=[0.5], budget_eur=0.3)
    made = make_list(judged, world.trial.rows, cost_eur=[0.5], budget_eur=0.3)
    assert made.net_eur.value == 0.0


def test_the_list_sums_to_its_promise_and_the_curve_goes_through_it() -> None:
    world = make_world(6000, level=(0.5, 0.2), heterogeneity=2.0, seed=1)
    judged = fit_and_judge(world.trial, cost_eur=[0.1, 0.1], budget_eur=200.0)
    made = make_list(judged, world.trial.rows, cost_eur=[0.1, 0.1], budget_eur=200.0)
    assert judged.verdict.kind == "personalise"
    assert made.net_eur.value == pytest.approx(float(made.expected_net_eur.sum()))
    assert made.net_eur.value == pytest.approx(judged.verdict.net_eur.value, rel=0.05)
    assert made.allocation.spend_eur <= 200.0
    assert made.allocation.gap < 1e-3
    assert made.curve is not None
    at = np.interp(made.allocation.spend_eur, made.curve.spend_eur, made.curve.value_eur)
    assert at == pytest.approx(made.net_eur.value, rel=0.05)


def kept(worlds: int, budget_each: float | None) -> float:
    """Share of the lists that personalise whose interval holds what these very customers are moved by."""
    held = []
    for seed in range(worlds):
        world = make_world(2500, level=(0.3, 0.2), heterogeneity=1.0, seed=seed)
        budget = None if budget_each is None else budget_each * 2500
        judged = fit_and_judge(world.trial, cost_eur=[0.2, 0.2], budget_eur=budget, seed=seed)
        if judged.verdict.kind != "personalise":
            continue
        made = make_list(judged, world.trial.rows, cost_eur=[0.2, 0.2], budget_eur=budget)
        net = world.effect[np.arange(2500), np.maximum(made.arm, 0)] - 0.2
        held.append(made.net_eur.low <= float(net[made.arm >= 0].sum()) <= made.net_eur.high)
    assert len(held) >= 0.7 * worlds
    return float(np.mean(held))


def test_what_a_list_promises_is_what_it_earns() -> None:
    assert kept(12, 0.04) >= 0.75


@pytest.mark.long
@pytest.mark.parametrize("budget", [None, 0.04])
def test_what_a_list_promises_is_what_it_earns_in_many_worlds(budget: float | None) -> None:
    assert kept(100, budget) >= 0.88
