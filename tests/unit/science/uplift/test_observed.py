"""Where nobody logged the draw, propensities are estimated from other rows and the loss is told."""

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from jobs.errors import BadTrial
from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.intake import Intake
from jobs.science.uplift.learners.fit import PORTABLE, fit_learner
from jobs.science.uplift.learners.fitted import Learning
from jobs.science.uplift.learners.propensity import estimate_propensity
from jobs.science.uplift.observed import take_in_observed, with_estimated_propensity
from jobs.science.uplift.readable import must_be_readable
from jobs.science.uplift.trial import Trial


def confounded(rows: int, seed: int, steep: float = 1.5) -> tuple[Trial, NDArray[np.float64]]:
    """Draw customers of whom those who spend more were called more often; the true effect of a call is 1."""
    generator = np.random.default_rng(seed)
    spent, age = generator.normal(size=rows), generator.normal(size=rows)
    chance = 1.0 / (1.0 + np.exp(-np.clip(steep * spent, -30, 30)))
    called = generator.random(rows) < chance
    outcome = 2.0 * spent + called + generator.normal(size=rows)
    table = pa.table({"spent": spent, "age": age})
    features = {"spent": "number", "age": "number"}
    arm = np.where(called, "call", "none")
    return Trial.checked(table, features, arm=arm, control="none", outcome=outcome), chance


def test_estimates_follow_the_chance_and_each_rows_sum_is_one() -> None:
    trial, chance = confounded(3000, 0)
    matrix = FeatureEncoder.fit(trial.rows, trial.features).transform(trial.rows)
    estimated = estimate_propensity(matrix, trial.arm, arms=2)
    assert estimated.sum(axis=1) == pytest.approx(1.0)
    assert np.mean(np.abs(estimated[:, 1] - chance)) < 0.06


def test_a_row_does_not_tell_its_own_propensity_nor_its_clusters() -> None:
    # Pairs of equal rows in an arm drawn at random: whoever saw a row's twin would know its arm.
    generator = np.random.default_rng(1)
    matrix = np.repeat(generator.normal(size=(600, 2)), 2, axis=0).astype(np.float32)
    pair = np.repeat(np.arange(600), 2)
    arm = np.repeat(generator.integers(0, 2, 600), 2)
    estimated = estimate_propensity(matrix, arm, arms=2, cluster=pair)
    assert abs(np.corrcoef(estimated[:, 1], arm)[0, 1]) < 0.1


@pytest.mark.parametrize("name", PORTABLE)
def test_the_effect_is_found_though_the_arms_hold_different_customers(name: str) -> None:
    trial, _ = confounded(6000, 2)
    naive = trial.outcome[trial.arm == 1].mean() - trial.outcome[trial.arm == 0].mean()
    observed = with_estimated_propensity(trial).trial
    matrix = FeatureEncoder.fit(observed.rows, observed.features).transform(observed.rows)
    fitted = fit_learner(name, Learning(matrix, observed.arm, observed.outcome, observed.propensity, arms=2))
    assert naive > 2.5
    assert fitted.effect(matrix).mean() == pytest.approx(1.0, abs=0.2)


def test_rows_without_a_counterpart_are_left_out_and_counted() -> None:
    trial, _ = confounded(3000, 3, steep=6.0)
    observed = with_estimated_propensity(trial)
    assert observed.overlap.trimmed_rows > 300
    assert len(observed.trial) == 3000 - observed.overlap.trimmed_rows
    assert f"{observed.overlap.trimmed_rows:,} rows were left out" in observed.overlap.sentence
    assert [a.rows for a in observed.overlap.arms] == np.bincount(observed.trial.arm).tolist()


def test_arms_with_no_customer_in_common_are_refused() -> None:
    trial, _ = confounded(2000, 4, steep=300.0)
    with pytest.raises(BadTrial, match="cannot be compared"):
        with_estimated_propensity(trial)


def test_rows_that_were_trimmed_are_set_aside_and_the_reader_is_warned() -> None:
    trial, _ = confounded(3000, 3, steep=6.0)
    ids = pa.array(np.arange(3000)).cast(pa.string())
    taken = take_in_observed(Intake(trial, ids, 3010, {"no id": 10}, (1500, 1500), False, {}))
    assert len(taken.trial) == len(taken.unit) < 2700
    assert len(taken.trial) + sum(taken.set_aside.values()) == taken.rows_in
    assert "Nobody drew these arms" in taken.warnings[0]
    spent = taken.trial.rows["spent"].to_numpy()
    assert (trial.rows["spent"].to_numpy()[taken.unit.cast(pa.int64()).to_numpy()] == spent).all()


def test_arms_that_nobody_drew_may_differ_in_size_and_features() -> None:
    trial, _ = confounded(3000, 5, steep=0.8)
    ids = pa.array(np.arange(3000)).cast(pa.string())
    intake = Intake(trial, ids, 3000, {}, tuple(np.bincount(trial.arm).tolist()), False, {})
    with pytest.raises(BadTrial, match=r"'spent'.*predicts the arm"):
        must_be_readable(intake, file="t.csv")
    readable = must_be_readable(take_in_observed(intake), drawn=False, file="t.csv")
    assert readable.design == "the estimated propensities"
    assert readable.sample_ratio_p is None
    assert set(readable.trial.features) == {"spent", "age"}
