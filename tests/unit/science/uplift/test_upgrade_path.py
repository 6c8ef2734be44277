"""A path of upgrades is the best policy at every budget: as good as a linear program, and never better."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from jobs.science.uplift.upgrade_path import ranking_path, upgrades


def best_by_linear_program(net: NDArray[np.float64], cost: NDArray[np.float64], budget: float) -> float:
    """Highest net euros for one row when each row gets its arms with probabilities that sum to one at most."""
    rows, arms = net.shape
    one_each = np.kron(np.eye(rows), np.ones(arms))
    found = linprog(
        -net.ravel() / rows,
        A_ub=np.vstack([np.tile(cost, rows) / rows, one_each]),
        b_ub=np.r_[budget, np.ones(rows)],
        bounds=(0, 1),
    )
    return float(-found.fun)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 6).flatmap(
        lambda rows: st.lists(st.lists(st.integers(-4, 8), min_size=3, max_size=3), min_size=rows, max_size=rows)
    ),
    st.lists(st.integers(0, 4), min_size=3, max_size=3),
    st.floats(0.0, 5.0),
)
def test_the_path_earns_what_a_linear_program_earns(net: list[list[int]], cost: list[int], budget: float) -> None:
    predicted, charged = np.array(net, float), np.array(cost, float)
    path = upgrades(predicted, predicted, charged)
    assert path.gain_at(np.array([budget]), None)[0] == pytest.approx(
        best_by_linear_program(predicted, charged, budget), abs=1e-6
    )


def test_upgrades_are_valued_by_what_was_measured_and_ordered_by_what_was_predicted() -> None:
    predicted, measured = np.array([[2.0], [1.0]]), np.array([[-4.0], [8.0]])
    path = upgrades(predicted, measured, np.array([1.0]))
    assert path.gain_at(np.array([0.0, 0.5, 1.0, 9.0]), None).tolist() == [0.0, -2.0, 2.0, 2.0]


def test_a_dearer_arm_earns_only_what_it_adds() -> None:
    path = upgrades(np.array([[3.0, 4.0]]), np.array([[3.0, 4.0]]), np.array([1.0, 2.0]))
    assert path.spend.tolist() == [1.0, 1.0]
    assert path.gain.tolist() == [3.0, 1.0]


def test_rows_left_out_are_no_part_of_the_population() -> None:
    path = upgrades(np.array([[2.0], [1.0]]), np.array([[2.0], [1.0]]), np.array([1.0]))
    assert path.gain_at(np.array([1.0]), np.array([False, True])).tolist() == [1.0]


def test_nobody_worth_treating_makes_a_path_of_nothing() -> None:
    path = upgrades(np.array([[-1.0, 0.0]]), np.array([[5.0, 5.0]]), np.array([1.0, 0.0]))
    assert path.gain_at(np.array([0.0, 3.0]), None).tolist() == [0.0, 0.0]


def test_rows_of_equal_priority_are_drawn_by_lot() -> None:
    path = ranking_path(np.ones(4), np.array([4.0, 0.0, 0.0, 0.0]))
    assert path.gain_at(np.array([0.25, 0.5]), None).tolist() == [0.25, 0.5]
