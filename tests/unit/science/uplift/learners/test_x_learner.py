"""The learner finds known effects, uses known propensities, and never takes more threads than it is given."""

from collections.abc import Callable

import numpy as np
import pytest

from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.learners.fitted import Learning
from jobs.science.uplift.learners.response import fit_response
from jobs.science.uplift.learners.trees import TreeSettings
from jobs.science.uplift.learners.x_learner import FittedXLearner, fit_x_learner
from jobs.science.uplift.qini import qini_auc_score
from jobs.science.uplift.trial import Trial
from tests.unit.science.uplift.worlds import World, make_world


def learning(trial: Trial, matrix: np.ndarray, seed: int = 1) -> Learning:
    return Learning(matrix, trial.arm, trial.outcome, trial.propensity, arms=len(trial.arms), seed=seed)


def fit(trial: Trial) -> tuple[FittedXLearner, np.ndarray]:
    matrix = FeatureEncoder.fit(trial.rows, trial.features).transform(trial.rows)
    fitted = fit_x_learner(learning(trial, matrix))
    return fitted, matrix


@pytest.mark.parametrize("binary", [False, True])
def test_effects_follow_the_truth(binary: bool) -> None:
    world: World = make_world(8000, binary=binary, seed=2)
    fitted, matrix = fit(world.trial)
    effect = fitted.effect(matrix)
    assert effect.shape == (8000, 2)
    assert np.corrcoef(effect[:, 0], world.effect[:, 0])[0, 1] > (0.6 if binary else 0.95)
    assert effect.mean(axis=0) == pytest.approx(world.effect.mean(axis=0), abs=0.12)


def test_the_response_of_every_arm_is_its_mean_outcome() -> None:
    world = make_world(6000)
    matrix = FeatureEncoder.fit(world.trial.rows, world.trial.features).transform(world.trial.rows)
    response = fit_response(learning(world.trial, matrix)).response(matrix).mean(axis=0)
    means = [world.trial.outcome[world.trial.arm == a].mean() for a in range(3)]
    assert response == pytest.approx(means, abs=0.1)


def test_the_same_seed_gives_the_same_effects() -> None:
    world = make_world(1500)
    (first, matrix), (second, _) = fit(world.trial), fit(world.trial)
    assert (first.effect(matrix) == second.effect(matrix)).all()


def test_the_weight_of_the_two_effect_models_is_the_designs_share() -> None:
    generator = np.random.default_rng(0)
    arm = generator.choice(3, 3000, p=[0.6, 0.3, 0.1])
    propensity = np.array([0.6, 0.3, 0.1])[arm]
    matrix = generator.normal(size=(3000, 2)).astype(np.float32)
    fitted = fit_x_learner(Learning(matrix, arm, generator.normal(size=3000), propensity, arms=3))
    assert [arm.weights[0] for arm in fitted.portable()] == pytest.approx([1 / 3, 1 / 7])


def test_propensities_that_follow_what_is_no_feature_do_not_bias_the_effect() -> None:
    # Rich customers buy more and were drawn more often; wealth is not among the features, the true effect is 1.
    generator = np.random.default_rng(0)
    rich = generator.random(8000) < 0.5
    chance = np.where(rich, 0.8, 0.2)
    arm = (generator.random(8000) < chance).astype(np.int64)
    outcome = 3.0 * rich + arm + 0.5 * generator.normal(size=8000)
    matrix = generator.normal(size=(8000, 2)).astype(np.float32)
    fitted = fit_x_learner(Learning(matrix, arm, outcome, np.where(arm == 1, chance, 1 - chance), arms=2))
    naive = outcome[arm == 1].mean() - outcome[arm == 0].mean()
    assert naive > 2.5
    assert fitted.effect(matrix).mean() == pytest.approx(1.0, abs=0.15)


def test_leaves_are_never_smaller_than_the_settings_say() -> None:
    world = make_world(2000)
    fitted, _ = fit(world.trial)
    trees = fitted.portable()[0].boosters[1].trees_to_dataframe()
    rows = int((world.trial.arm == 1).sum())
    assert trees.loc[trees["split_feature"].isna(), "count"].min() >= max(20, int(TreeSettings().leaf_share * rows))


def test_boosters_run_on_the_threads_they_were_given() -> None:
    fitted, _ = fit(make_world(500).trial)
    assert all(b.params["num_threads"] == 1 for b in fitted.portable()[0].boosters)


def test_hillstrom_womens_mail_is_ranked_as_well_as_published(hillstrom: Callable[..., Trial]) -> None:
    trial = hillstrom("visit", without="Mens E-Mail")
    qini = []
    for seed in range(5):
        drawn = trial.split(0.5, seed)
        train, held = trial.part(drawn), trial.part(~drawn)
        encoder = FeatureEncoder.fit(train.rows, trial.features)
        fitted = fit_x_learner(learning(train, encoder.transform(train.rows), seed))
        effect = fitted.effect(encoder.transform(held.rows))[:, 0]
        qini.append(qini_auc_score(held.outcome, effect, held.arm))
    assert np.mean(qini) >= 0.050
