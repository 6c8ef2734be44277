"""The line finds a linear truth, says how sure it is, and asks no questions of columns that say nothing."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.science.uplift.learners.fitted import Learning
from jobs.science.uplift.learners.linear_dml import FittedLinearDML, fit_linear_dml
from jobs.science.uplift.learners.trees import TreeSettings

QUICK = TreeSettings(leaves=4, rounds=20, learning_rate=0.2)


def draw(rows: int, seed: int, clusters: int | None = None) -> tuple[Learning, NDArray[np.float64]]:
    """Draw a trial whose effects are a line; with clusters the level of the effect differs between them."""
    generator = np.random.default_rng(seed)
    matrix = generator.normal(size=(rows, 3)).astype(np.float32)
    arm = generator.integers(0, 3, rows)
    effect = np.column_stack([1.0 + matrix[:, 0], 0.5 - matrix[:, 1]])
    cluster = None if clusters is None else generator.integers(0, clusters, rows)
    shared = 0.0 if clusters is None else generator.normal(size=clusters)[cluster] * (arm > 0)
    drawn = np.column_stack([np.zeros(rows), effect])[np.arange(rows), arm]
    outcome = matrix[:, 2] + drawn + shared + generator.normal(size=rows)
    return Learning(matrix, arm, outcome, np.full(rows, 1 / 3), arms=3, cluster=cluster, settings=QUICK), effect


def test_errors_are_econmls_where_there_are_no_clusters() -> None:
    learning, _ = draw(800, 0)
    fitted = fit_linear_dml(learning)
    seen = fitted.columns.standardised(learning.matrix)
    fitted.model.fit(learning.outcome, learning.arm, X=seen, inference="statsmodels")
    own = FittedLinearDML(fitted.model, 3, fitted.columns, fitted.covariance)
    expected = fitted.model.const_marginal_effect_inference(seen).stderr
    assert own.standard_error(learning.matrix) == pytest.approx(expected, rel=0.02)


def test_weights_enter_the_errors_as_in_econml() -> None:
    learning, _ = draw(800, 1)
    weight = np.random.default_rng(1).uniform(0.2, 3.0, 800)
    fitted = fit_linear_dml(replace(learning, weight=weight))
    seen = fitted.columns.standardised(learning.matrix)
    expected = fitted.standard_error(learning.matrix)
    fitted.model.fit(learning.outcome, learning.arm, X=seen, sample_weight=weight, inference="statsmodels")
    assert fitted.model.const_marginal_effect_inference(seen).stderr == pytest.approx(expected, rel=0.02)


def test_clusters_that_share_an_effect_make_it_less_sure() -> None:
    learning, _ = draw(1500, 2, clusters=30)
    middle = np.zeros((1, 3), np.float32)
    by_cluster = fit_linear_dml(learning).standard_error(middle)
    by_row = fit_linear_dml(replace(learning, cluster=None)).standard_error(middle)
    assert (by_cluster > 1.5 * by_row).all()


@pytest.mark.long
@pytest.mark.parametrize("clusters", [None, 60])
def test_intervals_cover_the_truth(clusters: int | None) -> None:
    at = np.array([[0.0, 0.0, 0.0], [1.0, -1.0, 0.5]], np.float32)
    truth = np.column_stack([1.0 + at[:, 0], 0.5 - at[:, 1]])
    covered = []
    for seed in range(400):
        fitted = fit_linear_dml(draw(600, 1000 + seed, clusters)[0])
        covered.append(np.abs(fitted.effect(at) - truth) <= 1.96 * fitted.standard_error(at))
    assert 0.92 <= np.mean(covered) <= 0.98


def test_columns_that_sum_to_others_or_differ_in_scale_do_not_disturb() -> None:
    learning, effect = draw(1500, 3)
    level = np.random.default_rng(3).integers(0, 3, 1500)
    wide = np.column_stack(
        [learning.matrix, level == 0, level == 1, level == 2, 1e6 * learning.matrix[:, 2] ** 2, np.full(1500, 7.0)]
    ).astype(np.float32)
    fitted = fit_linear_dml(replace(learning, matrix=wide))
    assert fitted.columns.used.tolist() == [0, 1, 2, 3, 4, 6]
    assert np.sqrt(np.mean((fitted.effect(wide) - effect) ** 2)) < 0.25


def test_a_line_is_not_continued_beyond_what_the_trial_has_seen() -> None:
    learning, _ = draw(600, 4)
    fitted = fit_linear_dml(learning)
    end = learning.matrix.max(axis=0)[None, :]
    assert (fitted.effect(end + 1e30) == fitted.effect(end)).all()
    assert (fitted.portable()[0].effect(end + 1e30, 1) == fitted.portable()[0].effect(end, 1)).all()
