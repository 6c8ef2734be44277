"""The choice among learners rests on training rows alone, and says why."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.errors import BadRequest
from jobs.science.uplift.choice import Choice, choose_learner
from jobs.science.uplift.doubly_robust import cross_fitted_response, doubly_robust_scores
from jobs.science.uplift.judge import fit_and_judge
from jobs.science.uplift.learners.fitted import Learning
from tests.unit.science.uplift.effect_shapes import draw_shape
from tests.unit.science.uplift.worlds import make_world

TWO = ("XLearner", "LinearDML")


def lift_of(rows: Learning) -> NDArray[np.float64]:
    response = cross_fitted_response(rows.matrix, rows.arm, rows.outcome, arms=rows.arms, seed=rows.seed)
    scores = doubly_robust_scores(rows.arm, rows.outcome, rows.propensity, response)
    return scores[:, 1:] - scores[:, :1]


def test_the_chosen_one_is_the_nearest_of_those_left_and_differences_are_to_it() -> None:
    rows = draw_shape("line", 0, rows=4000, customers=1).learning
    choice = choose_learner(TWO, rows, lift_of(rows), [0.1, 0.1])
    assert choice.learner == "LinearDML"
    assert choice.reason.startswith("LinearDML")
    of = {c.learner: c for c in choice.candidates}
    assert list(of) == list(TWO)
    assert of["LinearDML"].excess_loss.value == of["LinearDML"].value_eur.value == 0.0
    assert of["XLearner"].excess_loss.value > 0.0


def test_a_learner_that_earns_beyond_doubt_less_is_said_to() -> None:
    """A line sees nothing in an interaction: it gives everyone the same, where trees choose."""
    rows = draw_shape("interaction", 0, rows=3000, customers=1).learning
    sure = replace(rows, outcome=rows.outcome + 5.0 * np.sign(rows.matrix[:, 0] * rows.matrix[:, 1]) * (rows.arm == 1))
    choice = choose_learner(("LinearDML", "XLearner"), sure, lift_of(sure), [1.0, 1.0])
    line = next(c for c in choice.candidates if c.learner == "LinearDML")
    assert choice.learner == "XLearner"
    assert line.value_eur.high < 0.0
    assert line.excess_loss.low > 0.0
    assert choice.reason.startswith("XLearner earned beyond doubt more than any other learner")


def chosen_with(outcomes_of_held_out: float) -> Choice:
    trial = make_world(1200, level=(0.3,), heterogeneity=1.0, seed=3).trial
    drawn = trial.split(0.5, 7)
    outcome = np.where(drawn, trial.outcome, trial.outcome * outcomes_of_held_out)
    judged = fit_and_judge(replace(trial, outcome=outcome), cost_eur=[0.1], learners=TWO, seed=7, resamples=2)
    return judged.choice


def test_rows_that_judge_have_no_say_in_the_choice() -> None:
    assert chosen_with(1.0) == chosen_with(-3.0)


def test_one_learner_alone_is_taken_without_a_contest() -> None:
    rows = draw_shape("line", 0, rows=300, customers=1).learning
    choice = choose_learner(["XLearner"], rows, np.zeros((300, 2)), [0.0, 0.0])
    assert choice.learner == "XLearner"
    assert "only learner" in choice.reason


def test_clusters_that_cannot_be_cut_in_two_leave_the_first_named() -> None:
    rows = draw_shape("line", 0, rows=300, customers=1).learning
    whole = replace(rows, cluster=rows.arm)
    choice = choose_learner(TWO, whole, np.zeros((300, 2)), [0.0, 0.0])
    assert choice.learner == "XLearner"
    assert "clusters of the training rows are too few" in choice.reason


def test_the_same_rows_and_seed_choose_alike() -> None:
    rows = draw_shape("steps", 2, rows=500, customers=1).learning
    first, second = (choose_learner(TWO, rows, lift_of(rows), [0.1, 0.1], 0.05) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("learners", "says"),
    [
        (("XLearner", "Oracle"), "no learner is called 'Oracle'"),
        (("XLearner", "XLearner"), "name each once"),
        (("CausalForestDML",), "none can be put to work"),
    ],
)
def test_learners_that_cannot_be_are_refused(learners: tuple[str, ...], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        fit_and_judge(make_world(600).trial, cost_eur=[0.0, 0.0], learners=learners)
