"""Sums over subsets by polynomials are those of writing every subset down."""

from itertools import combinations

import numpy as np
import pytest

from jobs.science.offers.subsets import draw, excess, subsets


def by_writing_down(log_weight, size):
    """Logarithm of the total, chance of each campaign, chance of each two."""
    n = len(log_weight)
    every = [s for m in range(min(size, n) + 1) for s in combinations(range(n), m)]
    logs = np.array([sum(log_weight[list(s)], 0.0) for s in every])
    top = logs.max()
    weight = np.exp(logs - top)
    one, two = np.zeros(n), np.zeros((n, n))
    for s, w in zip(every, weight / weight.sum(), strict=True):
        one[list(s)] += w
        for g, h in combinations(s, 2):
            two[g, h] += w
    return top + np.log(weight.sum()), one, two


@pytest.mark.parametrize("spread", [0.1, 1.0, 30.0, 500.0])
@pytest.mark.parametrize("campaigns", [1, 2, 3, 5])
def test_totals_and_chances_are_exact_at_any_temperature(campaigns, spread):
    r = np.random.default_rng(campaigns)
    log_weight, contacts = r.normal(0, spread, (40, campaigns)), r.integers(0, campaigns + 2, 40)
    found = subsets(log_weight, contacts)
    for i in range(40):
        total, one, two = by_writing_down(log_weight[i], int(contacts[i]))
        assert found.log_total[i] == pytest.approx(total, rel=1e-9, abs=1e-9)
        assert found.chance[i] == pytest.approx(one, abs=1e-9)
        for g, h in combinations(range(campaigns), 2):
            together = excess(log_weight[i : i + 1], contacts[i : i + 1], found.chance[i : i + 1], g, h)[0]
            if one[g] * one[h] > 1e-9:
                assert (1 + together) * one[g] * one[h] == pytest.approx(two[g, h], abs=1e-8)


def test_a_campaign_without_an_arm_never_reaches_anybody():
    found = subsets(np.array([[-1e32, 0.0, 1.0]]), np.array([1]))
    assert found.chance[0, 0] < 1e-200
    assert found.chance[0].sum() == pytest.approx((1 + np.e) / (2 + np.e))


def test_draws_have_these_chances_and_never_too_many():
    """60,000 draws of two at most out of four: each frequency, of one and of both, within four standard errors."""
    log_weight = np.repeat([[0.3, -1.0, 2.0, 0.5]], 60_000, axis=0)
    contacts = np.full(len(log_weight), 2)
    drawn = draw(log_weight, contacts, np.random.default_rng(4).random(log_weight.shape))
    assert drawn.sum(axis=1).max() == 2
    _, one, two = by_writing_down(log_weight[0], 2)
    assert (np.abs(drawn.mean(axis=0) - one) < 4 * np.sqrt(one * (1 - one) / len(drawn))).all()
    for g, h in combinations(range(4), 2):
        both = (drawn[:, g] & drawn[:, h]).mean()
        assert abs(both - two[g, h]) < 4 * np.sqrt(two[g, h] / len(drawn))
