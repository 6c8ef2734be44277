"""An export that does not predict what was fitted is refused."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from jobs.errors import ExportRefused
from jobs.science.uplift.calibration import ArmCalibration
from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.export import FittedUplift, export_scorer, max_diff_sd
from jobs.science.uplift.learners.fit import fit_learner
from jobs.science.uplift.learners.fitted import Learning
from jobs.science.uplift.learners.x_learner import FittedXLearner, fit_x_learner
from jobs.science.uplift.portable import BoostedEffect
from tests.unit.science.uplift.worlds import make_world

NAMES = ("none", "arm 1")
UNCHANGED = (ArmCalibration(0.0, 0.0, 1.0),)


def fit(name: str = "XLearner") -> tuple[FittedUplift, np.ndarray]:
    trial = make_world(600, level=(1.0,)).trial
    encoder = FeatureEncoder.fit(trial.rows, trial.features)
    matrix = encoder.transform(trial.rows)
    learner = fit_learner(name, Learning(matrix, trial.arm, trial.outcome, trial.propensity, arms=2))
    return FittedUplift(NAMES, encoder, learner, UNCHANGED), matrix


@dataclass(frozen=True)
class OffByAHair(FittedXLearner):
    """A learner whose effects are not quite those of its boosters."""

    by: float = 0.0

    def effect(self, matrix: np.ndarray) -> np.ndarray:
        effect = super().effect(matrix)
        effect[3] += self.by * effect.std()
        return effect


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("XLearner", {"arm_1_1.txt", "arm_1_2.txt"}),
        ("DRLearner", {"arm_1_1.txt"}),
        ("LinearDML", {"arm_1_line.json"}),
    ],
)
def test_a_faithful_export_says_how_faithful(name: str, files: set[str]) -> None:
    fitted, matrix = fit(name)
    export = export_scorer(fitted, matrix)
    assert export.max_diff_sd <= 1e-9
    assert set(export.files) == {"scorer.json", *files}


def test_a_learner_that_only_judges_is_not_exported() -> None:
    fitted, matrix = fit("CausalForestDML")
    with pytest.raises(ExportRefused, match="CausalForestDML only judges"):
        export_scorer(fitted, matrix)


@dataclass(frozen=True)
class WrongWeight(FittedXLearner):
    """A learner that hands its boosters on with the wrong weights."""

    def portable(self) -> tuple[BoostedEffect, ...]:
        return tuple(replace(arm, weights=(arm.weights[0] + 0.01, arm.weights[1])) for arm in super().portable())


def test_boosters_that_were_put_together_wrongly_are_refused() -> None:
    fitted, matrix = fit()
    wrong = WrongWeight(fitted.learner.model, 2, fitted.learner.weighted)  # type: ignore[attr-defined]
    with pytest.raises(ExportRefused, match="arm 1"):
        export_scorer(replace(fitted, learner=wrong), matrix)


@pytest.mark.parametrize(("by", "refused"), [(5e-6, False), (2e-5, True), (float("nan"), True)])
def test_one_row_off_by_more_than_the_limit_is_enough(by: float, refused: bool) -> None:
    fitted, matrix = fit()
    learner = OffByAHair(fitted.learner.model, fitted.learner.arms, fitted.learner.weighted, by=by)
    changed = replace(fitted, learner=learner)
    if refused:
        with pytest.raises(ExportRefused, match="standard deviations"):
            export_scorer(changed, matrix)
    else:
        assert export_scorer(changed, matrix).max_diff_sd == pytest.approx(by, rel=1e-3)


def test_propensities_that_vary_export_as_well() -> None:
    generator = np.random.default_rng(0)
    chance = generator.uniform(0.2, 0.8, 800)
    arm = (generator.random(800) < chance).astype(np.int64)
    matrix = generator.normal(size=(800, 3)).astype(np.float32)
    outcome = matrix[:, 0] * arm + generator.normal(size=800)
    learner = fit_x_learner(Learning(matrix, arm, outcome, np.where(arm == 1, chance, 1 - chance), arms=2))
    trial = make_world(600).trial
    encoder = FeatureEncoder.fit(trial.rows, {"age": "number"})
    fitted = FittedUplift(("none", "mail"), encoder, learner, (ArmCalibration(0.0, 0.0, 1.0),))
    assert export_scorer(fitted, matrix).max_diff_sd <= 1e-9


def test_an_effect_that_does_not_vary_is_measured_in_its_own_units() -> None:
    assert max_diff_sd(np.full((5, 1), 2.0), np.full((5, 1), 2.0 + 3e-6)) == pytest.approx(1e-6)
    assert max_diff_sd(np.array([[0.0], [2.0]]), np.array([[0.0], [2.5]])) == pytest.approx(0.5)
