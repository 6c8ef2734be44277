"""A second ranking is kept only where it adds more than few partners can add by accident."""

import numpy as np
import pytest

from jobs.science.partners.text_gain import gain

DAYS, PARTNERS = 5, 300


def world(seed, second):
    """Days, partners, truth, a score that knows a little, and a second one that knows `second` more."""
    r = np.random.default_rng(seed)
    ill = r.random(PARTNERS) < 0.1
    first = r.normal(0, 1, PARTNERS) + 1.5 * ill
    other = first + second * ill + r.normal(0, 0.5, PARTNERS)
    names = np.array([f"p{n}" for n in range(PARTNERS)])
    return np.repeat(np.arange(DAYS), PARTNERS), *(np.tile(a, DAYS) for a in (names, ill, first, other))


def test_what_tells_is_kept_and_what_is_noise_is_left_in_most_worlds():
    assert sum(gain(*world(seed, 2.0)).is_kept for seed in range(10)) == 10
    assert sum(gain(*world(seed, 0.0)).is_kept for seed in range(30)) <= 3


def test_the_standard_error_is_that_of_other_partners_and_not_of_more_days_of_the_same():
    gains = [gain(*world(seed, 0.5)) for seed in range(40)]
    truly = np.std([g.average_precision for g in gains], ddof=1)
    assert np.mean([g.standard_error for g in gains]) == pytest.approx(truly, rel=0.35)


def test_equal_rankings_add_nothing_and_one_risky_partner_proves_nothing():
    day, partner, ill, first, _ = world(1, 1.0)
    assert gain(day, partner, ill, first, first).is_kept is False
    found = gain(day, partner, partner == "p7", first, first + 9.0 * (partner == "p7"))
    assert found.average_precision > 0.5
    assert found.standard_error is None
    assert found.is_kept is False
