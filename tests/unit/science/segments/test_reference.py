"""The population of one segment keeps skew and correlation of the customers, and has one peak where they have two."""

import numpy as np
from scipy.stats import skew, spearmanr

from jobs.science.segments.reference import Reference


def test_two_peaks_become_one():
    r = np.random.default_rng(5)
    x = np.concatenate([r.normal(-4, 1, 2_000), r.normal(4, 1, 2_000)])[:, None]
    drawn = Reference.fit(np.hstack([x, r.normal(size=(4_000, 1))])).draw(4_000, r)[:, 0]
    between, own = (np.mean(np.abs(column) < 1.5) for column in (drawn, x))
    assert own < 0.01, "hardly anybody is between the peaks"
    assert between > 0.1, "in a population of one segment many are"


def test_skew_and_rank_correlation_are_those_of_the_customers():
    r = np.random.default_rng(6)
    z = r.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], 5_000)
    x = np.column_stack([np.exp(0.6 * z[:, 0]), z[:, 1]])
    drawn = Reference.fit(x).draw(5_000, r)
    assert abs(spearmanr(drawn).statistic - spearmanr(x).statistic) < 0.05
    assert skew(drawn[:, 0]) > 0.6 * skew(x[:, 0]) > 0.5
    assert abs(np.median(drawn[:, 0]) - np.median(x[:, 0])) < 0.1


def test_copies_of_a_feature_are_no_hindrance():
    column = np.random.default_rng(7).normal(size=(300, 1))
    drawn = Reference.fit(np.hstack([column, column, -column])).draw(300, np.random.default_rng(8))
    assert np.isfinite(drawn).all()
    assert np.corrcoef(drawn[:, 0], drawn[:, 2])[0, 1] < -0.95
