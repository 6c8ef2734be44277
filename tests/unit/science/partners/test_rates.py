"""Rates of groups: shrunk towards all or towards their category, by what the groups themselves show."""

import numpy as np
import pytest

from jobs.science.partners.rates import LARGEST_PRIOR, category_rate, prior_strength, shrunk_rate


def test_prior_strength_is_found_where_rates_come_from_a_known_beta_distribution():
    rng = np.random.default_rng(4)
    for strength in (5.0, 60.0):
        truth = rng.beta(0.1 * strength, 0.9 * strength, 20_000)
        count = rng.integers(1, 60, truth.size)
        assert prior_strength(rng.binomial(count, truth), count) == pytest.approx(strength, rel=0.1)


def test_groups_that_differ_by_chance_only_are_shrunk_the_most():
    rng = np.random.default_rng(6)
    count = np.full(3_000, 20)
    assert prior_strength(rng.binomial(count, 0.1), count) > 200
    assert prior_strength(np.zeros(5), np.full(5, 9)) == LARGEST_PRIOR


def test_shrunk_rates_are_nearer_to_the_true_ones_than_raw_ones():
    rng = np.random.default_rng(7)
    truth = rng.beta(1, 19, 5_000)
    count = rng.integers(1, 15, truth.size)
    frauds = rng.binomial(count, truth)
    raw = np.mean((frauds / count - truth) ** 2)
    assert np.mean((shrunk_rate(frauds, count) - truth) ** 2) < raw / 2


def test_a_new_group_is_expected_to_be_like_its_category():
    frauds, count = [0, 0, 30, 0, 0], [500, 500, 500, 500, 0]
    expected = category_rate(frauds, count, ["books", "books", "gifts", "gifts", "gifts"])
    assert expected[4] == expected[2] > 5 * expected[0]
    assert shrunk_rate(frauds, count, expected)[4] == pytest.approx(expected[4])


def test_groups_without_a_category_are_one_category_and_nobody_is_left_out():
    expected = category_rate([1, 2, 3], [10, 10, 10], ["", "", ""])
    assert expected.tolist() == pytest.approx([0.2, 0.2, 0.2])
