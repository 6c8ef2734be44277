"""Explorers draw what the logged propensities say, in parts as in the whole, and nothing that is not allowed."""

from itertools import chain, combinations, product

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from jobs.errors import BadRequest
from jobs.science.offers.explore import Exploration, draw, explorers

GROUP = np.array([0, 0, 1, 2, 2])


def ids(n: int) -> pa.Array:
    return pa.array([f"c{i:07}" for i in range(n)])


def surplus(n: int, seed: int = 0, columns: int = 5) -> np.ndarray:
    r = np.random.default_rng(seed)
    return np.where(r.random((n, columns)) < 0.15, -np.inf, r.normal(0.0, 1.0, (n, columns)))


def by_listing(row: np.ndarray, group: np.ndarray, left: int, temperature: float) -> np.ndarray:
    """Probability of each column: every allowed set of offers is written down and weighed."""
    campaigns = group.max() + 1
    weight = np.zeros(len(row))
    total = 0.0
    for taken in chain.from_iterable(combinations(range(campaigns), size) for size in range(left + 1)):
        for columns in product(*(np.flatnonzero(group == c) for c in taken)):
            w = np.exp(sum(row[j] for j in columns) / temperature)
            total += w
            weight[list(columns)] += w
    return weight / total


def chi_square(drawn: list[Exploration]) -> float:
    """p-value of what was drawn against what was logged, over all draws, customers and outcomes."""
    statistic, freedom = 0.0, 0
    first = drawn[0]
    for c in range(first.chosen.shape[1]):
        columns = [-1, *np.flatnonzero(c == GROUP)]
        expected = np.column_stack([first.nothing[:, c], first.propensities[:, columns[1:]]]) * len(drawn)
        seen = np.stack([sum((d.chosen[:, c] == j).astype(int) for d in drawn) for j in columns], axis=1)
        assert not seen[expected == 0].any()
        statistic += float(((seen - expected)[expected > 0] ** 2 / expected[expected > 0]).sum())
        freedom += int((expected > 0).sum() - len(expected))
    return float(chi2.sf(statistic, freedom))


@given(seed=st.integers(0, 10_000), left=st.integers(0, 3), temperature=st.floats(0.05, 5.0))
def test_propensities_are_those_of_all_sets_written_down(seed: int, left: int, temperature: float) -> None:
    rows = surplus(3, seed)
    drawn = draw(ids(3), rows, temperature, "night", campaign=GROUP, contacts_left=[left] * 3)
    for row, propensities in zip(rows, drawn.propensities, strict=True):
        assert propensities == pytest.approx(by_listing(row, GROUP, left, temperature), abs=1e-9)


@pytest.mark.parametrize(
    ("draws", "n"), [(300, 40), pytest.param(2_000, 200, marks=pytest.mark.long)]
)  # fmt: skip
@pytest.mark.parametrize("even_share", [0.0, 0.2])
def test_frequencies_agree_with_the_logged_propensities(draws: int, n: int, even_share: float) -> None:
    rows = np.round(surplus(n, 4), 1)
    left = np.arange(n) % 4
    drawn = [
        draw(ids(n), rows, 0.7, f"night {i}", campaign=GROUP, contacts_left=left, even_share=even_share)
        for i in range(draws)
    ]
    assert chi_square(drawn) > 1e-3


def test_the_check_of_frequencies_finds_propensities_that_are_a_little_off() -> None:
    rows = np.round(surplus(40, 4), 1)
    drawn = [draw(ids(40), rows, 0.7, f"night {i}", campaign=GROUP) for i in range(300)]
    warmer = draw(ids(40), rows, 0.8, "night", campaign=GROUP)
    off = Exploration(drawn[0].chosen, drawn[0].propensity, warmer.propensities, warmer.nothing)
    assert chi_square([off, *drawn[1:]]) < 1e-3


def test_one_campaign_is_drawn_as_the_solver_smooths_it() -> None:
    rows = surplus(50, 2)
    drawn = draw(ids(50), rows, 0.4, "night")
    weight = np.exp(rows / 0.4)
    assert drawn.propensities == pytest.approx(weight / (1 + weight.sum(axis=1, keepdims=True)))
    assert drawn.propensity == pytest.approx(
        np.where(drawn.chosen >= 0, np.take_along_axis(drawn.propensities, drawn.chosen, 1), drawn.nothing)
    )


def test_parts_drawn_apart_are_the_whole_whatever_the_order() -> None:
    names, rows, left = ids(301), surplus(301, 1), np.arange(301) % 3
    whole = draw(names, rows, 0.5, "night", campaign=GROUP, contacts_left=left, even_share=0.1)
    order = np.random.default_rng(0).permutation(301)
    for part in np.array_split(order, 4):
        alone = draw(
            names.take(pa.array(part)), rows[part], 0.5, "night", campaign=GROUP, contacts_left=left[part],
            even_share=0.1,
        )  # fmt: skip
        assert np.array_equal(alone.chosen, whole.chosen[part])
        assert np.array_equal(alone.propensities, whole.propensities[part])
    again = draw(names, rows, 0.5, "another night", campaign=GROUP, contacts_left=left, even_share=0.1)
    assert (again.chosen != whole.chosen).any()


def test_nobody_draws_more_than_the_contacts_left_or_what_is_not_allowed() -> None:
    rows, left = surplus(500, 3) + 20.0, np.arange(500) % 4 - 1
    drawn = draw(ids(500), rows, 0.5, "night", campaign=GROUP, contacts_left=left, even_share=0.5)
    assert ((drawn.chosen >= 0).sum(axis=1) <= np.maximum(left, 0)).all()
    assert (drawn.propensities[left <= 0] == 0).all()
    assert (drawn.propensities[rows == -np.inf] == 0).all()
    i, c = np.nonzero(drawn.chosen >= 0)
    assert (rows[i, drawn.chosen[i, c]] > -np.inf).all()
    assert (drawn.propensity > 0).all()


def test_an_even_share_leaves_no_allowed_offer_without_a_chance() -> None:
    rows = np.array([[50.0, -50.0, 0.0]])
    assert draw(ids(1), rows, 0.1, "night").propensities.min() < 1e-100
    assert draw(ids(1), rows, 0.1, "night", even_share=0.2).propensities.min() == pytest.approx(0.05)


def test_extreme_surplus_neither_overflows_nor_warns() -> None:
    rows = np.array([[1e300, -1e300], [-np.inf, -np.inf], [1e-300, 0.0]])
    drawn = draw(ids(3), rows, 1e-3, "night", campaign=[0, 1], contacts_left=[1, 2, 0])
    assert drawn.chosen.tolist() == [[0, -1], [-1, -1], [-1, -1]]
    assert np.isfinite(drawn.propensities).all()


def test_explorers_are_a_share_of_all_and_independent_of_what_they_draw() -> None:
    names = ids(20_000)
    some = explorers(names, 0.1, "2026-11-22")
    assert some.mean() == pytest.approx(0.1, abs=0.01)
    assert (explorers(names, 0.2, "2026-11-22") >= some).all()
    drawn = draw(names, np.zeros((20_000, 1)), 1.0, "2026-11-22").chosen[:, 0] >= 0
    assert drawn[some].mean() == pytest.approx(0.5, abs=0.05)


def test_nobody_to_draw_for_is_nothing_drawn() -> None:
    assert draw(ids(0), np.empty((0, 5)), 1.0, "night", campaign=GROUP).chosen.shape == (0, 3)
    assert draw(ids(2), np.empty((2, 0)), 1.0, "night").nothing.tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize(
    ("rows", "temperature", "even_share", "says"),
    [
        (np.zeros((1, 2)), 0.0, 0.0, "temperature_eur == 0.0, must be > 0"),
        (np.zeros((1, 2)), 1.0, 1.5, "even_share == 1.5, must be in"),
        (np.array([[0.0, np.nan]]), 1.0, 0.0, r"surplus_eur\[0, 1\] == nan"),
        (np.zeros((2, 2)), 1.0, 0.0, "ids 1: give a row for each id"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(
    rows: np.ndarray, temperature: float, even_share: float, says: str
) -> None:
    with pytest.raises(BadRequest, match=says):
        draw(ids(1), rows, temperature, "night", even_share=even_share)
