"""The portable scorer says what the fitted model says, and loads nothing that fitted it."""

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from jobs.errors import BadFile, BadSchema
from jobs.science.uplift.calibration import ArmCalibration
from jobs.science.uplift.encode import FeatureEncoder
from jobs.science.uplift.export import FittedUplift, export_scorer
from jobs.science.uplift.learners.fit import fit_learner
from jobs.science.uplift.learners.fitted import Learning
from jobs.science.uplift.scorer import CARD, PortableScorer
from tests.unit.science.uplift.worlds import make_world


@pytest.fixture(scope="module")
def fitted() -> FittedUplift:
    trial = make_world(1500).trial
    encoder = FeatureEncoder.fit(trial.rows, trial.features)
    learning = Learning(encoder.transform(trial.rows), trial.arm, trial.outcome, trial.propensity, arms=3)
    learner = fit_learner("XLearner", learning)
    return FittedUplift(trial.arms, encoder, learner, (ArmCalibration(1.0, 0.8, 0.5), ArmCalibration(0.0, 0.0, 1.0)))


@pytest.fixture(scope="module")
def files(fitted: FittedUplift) -> dict[str, bytes]:
    rows = make_world(600, seed=9).trial.rows
    return export_scorer(fitted, fitted.encoder.transform(rows)).files


def test_effects_are_econmls_shrunk(fitted: FittedUplift, files: dict[str, bytes]) -> None:
    rows = make_world(700, seed=3).trial.rows
    scorer = PortableScorer.from_files(files)
    learnt = fitted.learner.effect(fitted.encoder.transform(rows))
    assert scorer.learnt_effect(scorer.encoder.transform(rows)) == pytest.approx(learnt, abs=1e-12)
    expected = np.column_stack([0.8 + 0.5 * (learnt[:, 0] - 1.0), learnt[:, 1]])
    assert scorer.effect(rows) == pytest.approx(expected, abs=1e-12)
    assert scorer.arms == ("none", "arm 1", "arm 2")


def test_two_threads_or_parts_of_the_rows_give_the_same_effects(files: dict[str, bytes]) -> None:
    rows = make_world(700, seed=3).trial.rows
    scorer = PortableScorer.from_files(files)
    whole = scorer.effect(rows)
    assert (scorer.effect(rows, num_threads=2) == whole).all()
    assert (np.vstack([scorer.effect(rows.slice(0, 300)), scorer.effect(rows.slice(300))]) == whole).all()


def test_no_rows_give_no_effects(files: dict[str, bytes]) -> None:
    rows = make_world(600).trial.rows.slice(0, 0)
    assert PortableScorer.from_files(files).effect(rows).shape == (0, 2)


def test_missing_and_unseen_values_are_scored(files: dict[str, bytes]) -> None:
    rows = pa.table({"age": [None, 30.0], "spent": [float("inf"), 5.0], "zone": ["moon", None]})
    assert np.isfinite(PortableScorer.from_files(files).effect(rows)).all()


def test_rows_without_a_feature_are_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(BadSchema, match="'zone'"):
        PortableScorer.from_files(files).effect(pa.table({"age": [1.0], "spent": [1.0]}))


def test_a_file_that_is_missing_or_of_another_format_is_named(files: dict[str, bytes]) -> None:
    with pytest.raises(BadFile, match=r"arm_2_2\.txt"):
        PortableScorer.from_files({k: v for k, v in files.items() if k != "arm_2_2.txt"})
    other = json.dumps({**json.loads(files[CARD]), "format": "later"}).encode()
    with pytest.raises(BadFile, match="'later'"):
        PortableScorer.from_files({**files, CARD: other})


def test_the_scorer_asks_for_no_econml_scikit_learn_pandas_or_scipy() -> None:
    # LightGBM's Python package loads scikit-learn and pandas where they are installed: its library alone is used.
    code = (
        "import sys\n"
        "for name in ('econml', 'sklearn', 'pandas', 'scipy', 'lightgbm'): sys.modules[name] = None\n"
        "import jobs.science.uplift.scorer\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_line_says_how_sure_it_is_and_boosters_do_not(fitted: FittedUplift, files: dict[str, bytes]) -> None:
    world = make_world(900, seed=4)
    trial = world.trial
    matrix = fitted.encoder.transform(trial.rows)
    learner = fit_learner("LinearDML", Learning(matrix, trial.arm, trial.outcome, trial.propensity, arms=3))
    line = FittedUplift(trial.arms, fitted.encoder, learner, fitted.calibration)
    scorer = PortableScorer.from_files(export_scorer(line, matrix).files)
    learnt = learner.standard_error(matrix)
    assert learnt is not None
    assert scorer.standard_error(trial.rows) == pytest.approx(learnt * [0.5, 1.0])
    assert np.isnan(PortableScorer.from_files(files).standard_error(trial.rows)).all()
