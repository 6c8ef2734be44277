import numpy as np
from sklearn.isotonic import IsotonicRegression

from jobs.science.fraud.isotonic import fit_isotonic


def simulated(rows, seed):
    """Margins, true probabilities that are a bent function of them, labels."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(-3, 2, rows)
    truth = 0.9 / (1 + np.exp(-1.5 * margin))
    return margin, truth, rng.random(rows) < truth


def test_calibrated_probabilities_are_near_the_true_ones():
    margin, _, labels = simulated(60_000, 1)
    fresh, truth, _ = simulated(20_000, 2)
    found = fit_isotonic(margin, labels).apply(fresh)
    assert np.abs(found - truth).mean() < 0.01
    assert abs(found.mean() / truth.mean() - 1) < 0.03


def test_probability_never_falls_and_is_never_certain():
    margin, _, labels = simulated(3_000, 3)
    fitted = fit_isotonic(margin, labels)
    curve = fitted.apply(np.linspace(-20, 20, 5_000))
    assert (np.diff(curve) >= 0).all()
    assert 0 < curve[0] < curve[-1] < 1


def test_arrays_give_what_scikit_learn_gives_between_the_ends():
    margin, _, labels = simulated(5_000, 4)
    inner = np.quantile(margin, np.linspace(0.1, 0.9, 50))
    plain = IsotonicRegression(out_of_bounds="clip").fit(margin, labels).predict(inner)
    np.testing.assert_allclose(fit_isotonic(margin, labels).apply(inner), plain, atol=2e-3)
