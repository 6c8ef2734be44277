"""Every learner keeps the same promises."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadRequest, BadTrial
from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.learners.fit import DEFAULT, LEARNERS, PORTABLE, fit_learner
from jobs.science.uplift.learners.fitted import Learning
from jobs.science.uplift.learners.trees import TreeSettings
from jobs.science.uplift.trial import Trial
from tests.unit.science.uplift.worlds import World, make_world


def learning(trial: Trial) -> Learning:
    matrix = FeatureEncoder.fit(trial.rows, trial.features).transform(trial.rows)
    return Learning(matrix, trial.arm, trial.outcome, trial.propensity, arms=len(trial.arms), seed=1)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(2400, seed=2)


@pytest.mark.parametrize("name", LEARNERS)
def test_effects_of_many_arms_follow_the_truth(name: str, world: World) -> None:
    rows = learning(world.trial)
    fitted = fit_learner(name, rows)
    effect = fitted.effect(rows.matrix)
    assert fitted.name == name
    assert effect.shape == (2400, 2)
    assert np.corrcoef(effect[:, 0], world.effect[:, 0])[0, 1] > 0.9
    assert effect.mean(axis=0) == pytest.approx(world.effect.mean(axis=0), abs=0.2)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_binary_outcome_gives_effects_on_its_chance(name: str) -> None:
    world = make_world(6000, seed=3, binary=True, heterogeneity=4.0, level=(1.0,))
    rows = learning(world.trial)
    effect = fit_learner(name, rows).effect(rows.matrix)
    assert np.corrcoef(effect[:, 0], world.effect[:, 0])[0, 1] > 0.8
    assert effect.mean() == pytest.approx(world.effect.mean(), abs=0.03)


@pytest.mark.parametrize("name", LEARNERS)
def test_propensities_that_follow_what_is_no_feature_do_not_bias(name: str) -> None:
    # Rich customers buy more and were drawn more often; wealth is not among the features, the true effect is 1.
    generator = np.random.default_rng(0)
    rich = generator.random(3000) < 0.5
    chance = np.where(rich, 0.8, 0.2)
    arm = (generator.random(3000) < chance).astype(np.int64)
    outcome = 3.0 * rich + arm + 0.5 * generator.normal(size=3000)
    matrix = generator.normal(size=(3000, 2)).astype(np.float32)
    rows = Learning(matrix, arm, outcome, np.where(arm == 1, chance, 1 - chance), arms=2)
    assert outcome[arm == 1].mean() - outcome[arm == 0].mean() > 2.5  # what arms alone say
    assert fit_learner(name, rows).effect(matrix).mean() == pytest.approx(1.0, abs=0.35)


@pytest.mark.parametrize("name", LEARNERS)
def test_rows_that_stand_for_nearly_nobody_count_for_nearly_nothing(name: str, world: World) -> None:
    rows = learning(world.trial)
    strays = np.random.default_rng(4).random(2400) < 0.3
    outcome = np.where(strays, 30.0 * rows.arm, rows.outcome)
    fitted = fit_learner(name, replace(rows, outcome=outcome, weight=np.where(strays, 1e-6, 1.0)))
    assert fitted.effect(rows.matrix).mean(axis=0) == pytest.approx(world.effect.mean(axis=0), abs=0.3)


@pytest.mark.parametrize("name", LEARNERS)
def test_missing_and_constant_features_are_handled(name: str, world: World) -> None:
    age = world.trial.rows["age"].to_numpy().copy()
    age[::7] = np.nan
    rows = world.trial.rows.set_column(0, "age", pa.array(age)).append_column("land", pa.array([1.0] * 2400))
    matrix = FeatureEncoder.fit(rows, {**world.trial.features, "land": "number"}).transform(rows)
    effect = fit_learner(name, replace(learning(world.trial), matrix=matrix)).effect(matrix)
    assert np.isfinite(effect).all()
    known = np.isfinite(age)
    assert np.corrcoef(effect[known, 0], world.effect[known, 0])[0, 1] > 0.85


@pytest.mark.parametrize("name", LEARNERS)
def test_features_that_never_vary_leave_the_mean_effect(name: str, world: World) -> None:
    matrix = np.ones((2400, 2), np.float32)
    effect = fit_learner(name, replace(learning(world.trial), matrix=matrix)).effect(matrix)
    assert np.ptp(effect, axis=0) == pytest.approx(0.0, abs=1e-9)
    assert effect[0] == pytest.approx(world.effect.mean(axis=0), abs=0.2)


@pytest.mark.parametrize("name", LEARNERS)
def test_the_same_seed_gives_the_same_effects(name: str) -> None:
    rows = learning(make_world(600, seed=5).trial)
    assert (fit_learner(name, rows).effect(rows.matrix) == fit_learner(name, rows).effect(rows.matrix)).all()


@pytest.mark.parametrize("name", [name for name in LEARNERS if name != "XLearner"])
def test_cross_fitting_keeps_clusters_together(name: str) -> None:
    # Every row is there twice and its outcome is noise: trees that remember it predict its twin, if they saw it.
    generator = np.random.default_rng(6)
    half = generator.normal(size=(300, 3)).astype(np.float32)
    rows = Learning(
        matrix=np.repeat(half, 2, axis=0),
        arm=np.repeat(generator.integers(0, 2, 300), 2),
        outcome=np.repeat(generator.normal(size=300), 2),
        propensity=np.full(600, 0.5),
        arms=2,
        settings=TreeSettings(leaves=200, rounds=20, learning_rate=0.5, leaf_share=0.0, leaf_rows=1),
    )

    def score(fitted_to: Learning) -> float:
        model = fit_learner(name, fitted_to).model  # type: ignore[attr-defined]
        return float(np.mean(model.nuisance_scores_regression if "DR" in name else model.nuisance_scores_y))

    assert score(rows) > 0.1
    assert score(replace(rows, cluster=np.repeat(np.arange(300), 2))) < 0.0


@pytest.mark.parametrize("name", LEARNERS)
def test_errors_are_there_where_the_learner_has_them(name: str) -> None:
    rows = learning(make_world(900, seed=7).trial)
    error = fit_learner(name, rows).standard_error(rows.matrix)
    if name in {"XLearner", "DRLearner"}:
        assert error is None
    else:
        assert error is not None
        assert error.shape == (900, 2)
        assert 0.05 < np.median(error) < 1.0


@pytest.mark.parametrize("name", LEARNERS)
def test_those_that_can_be_put_to_work_have_a_portable_form(name: str) -> None:
    rows = learning(make_world(600).trial)
    assert (fit_learner(name, rows).portable() is not None) == (name in PORTABLE)
    assert DEFAULT in PORTABLE


def test_a_learner_that_is_not_there_is_named() -> None:
    with pytest.raises(BadRequest, match=r"'SLearner'.*XLearner"):
        fit_learner("SLearner", learning(make_world(600).trial))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"arms": 4}, "arm number 3"),
        ({"propensity": np.zeros(600)}, r"propensity of row 0 is 0\.0"),
        ({"weight": np.zeros(600)}, "weight"),
        ({"matrix": np.full((600, 1), np.nan, np.float32)}, "missing or infinite"),
    ],
)
def test_rows_that_no_learner_can_read_are_refused_in_a_sentence(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadTrial, match=sentence):
        fit_learner("XLearner", replace(learning(make_world(600).trial), **change))
