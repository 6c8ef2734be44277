"""A beta calibration finds the log odds that made the labels, and never falls."""

import numpy as np
import pytest

from jobs.science.fraud.beta import BEYOND, fit_beta


def test_it_finds_the_truth_where_the_truth_is_a_beta_curve():
    rng = np.random.default_rng(2)
    margin = rng.normal(-2, 2, 60_000)
    s = 1 / (1 + np.exp(-margin))
    odds = 0.8 * np.log(s) - 1.5 * np.log(1 - s) + 0.2
    fitted = fit_beta(margin, rng.random(margin.size) < 1 / (1 + np.exp(-odds)))
    at = np.linspace(-4, 2, 13)
    s = 1 / (1 + np.exp(-at))
    truth = 1 / (1 + np.exp(-(0.8 * np.log(s) - 1.5 * np.log(1 - s) + 0.2)))
    np.testing.assert_allclose(fitted.apply(at), truth, atol=0.015)


@pytest.mark.parametrize("seed", range(5))
def test_it_never_falls_and_stays_within_0_and_1_even_on_noise(seed):
    rng = np.random.default_rng(seed)
    margin = rng.normal(0, 3, 300)
    found = fit_beta(margin, rng.random(300) < 0.3).apply(np.linspace(margin.min() - 9, margin.max() + 9, 400))
    assert (np.diff(found) >= 0).all()
    assert found.min() > 0
    assert found.max() < 1


def test_it_goes_on_rising_a_little_beyond_what_it_saw():
    rng = np.random.default_rng(1)
    margin = rng.normal(-1, 1, 5_000)
    fitted = fit_beta(margin, rng.random(5_000) < 1 / (1 + np.exp(-margin)))
    top = margin.max()
    assert fitted.apply([top + BEYOND])[0] > fitted.apply([top])[0]
    assert fitted.apply([top + 50])[0] == fitted.apply([top + BEYOND])[0]
