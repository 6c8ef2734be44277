"""All of a learner's metrics hold against truth: intervals cover it, no effect is seldom called one."""

import numpy as np
import pytest

from jobs.errors import BadTrial
from jobs.science.uplift.auuc import auuc_causalml, uplift_auc_score
from jobs.science.uplift.doubly_robust import doubly_robust_scores
from jobs.science.uplift.qini import qini_auc_score
from jobs.science.uplift.rate import heterogeneity_p, rate
from jobs.science.uplift.score_judgement import ScoreJudgement, judge_scores
from tests.unit.science.uplift.simulated_trials import coverage, trials


def test_intervals_cover_the_truth_in_some_trials() -> None:
    assert all(0.89 <= share <= 0.99 for share in coverage(200, resamples=60).values())


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("clustered", [False, True], ids=["rows", "clusters"])
def test_intervals_cover_the_truth_in_2000_trials(clustered: bool) -> None:
    shares = coverage(2000, clustered=clustered)
    assert {name: share for name, share in shares.items() if not 0.935 <= share <= 0.965} == {}


def false_claims(count: int, resamples: int = 200, arms: int = 1) -> float:
    """Share of trials with one effect for everyone in which the declared test claims that effects differ."""
    generator = np.random.default_rng(11)
    claims = 0
    for seed, trial in enumerate(trials(count, effect=0.0)):
        lift = [trial.lift, *(trial.lift + generator.normal(size=len(trial.x)) for _ in range(arms - 1))]
        ranking = [trial.x, *(generator.random(len(trial.x)) for _ in range(arms - 1))]
        found = [rate(r, s, resamples=resamples, seed=seed).autoc for r, s in zip(ranking, lift, strict=True)]
        claims += heterogeneity_p(found) < 0.05
    return claims / count


def test_no_heterogeneity_is_seldom_called_one() -> None:
    assert false_claims(200, resamples=60) <= 0.09


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("arms", [1, 3])
def test_no_heterogeneity_is_called_one_in_at_most_one_of_fifteen_of_2000_trials(arms: int) -> None:
    assert false_claims(2000, arms=arms) <= 0.065


def judged(
    arms: int, rows: int = 4000, *, seed: int = 0, budget_eur: float | None = None
) -> tuple[ScoreJudgement, dict[str, np.ndarray]]:
    """Judge true effects of `arms` arms in one drawn trial; return what it was drawn from beside it."""
    generator = np.random.default_rng(seed)
    effect = generator.normal(0.5, 1.0, (rows, arms))
    arm = generator.integers(0, arms + 1, rows)
    means = np.column_stack([np.zeros(rows), effect])
    outcome = means[np.arange(rows), arm] + generator.normal(size=rows)
    propensity = np.full((rows, arms + 1), 1.0 / (arms + 1))
    scores = doubly_robust_scores(arm, outcome, propensity[:, 0], np.zeros((rows, arms + 1)))
    drawn = {"effect": effect, "arm": arm, "outcome": outcome, "propensity": propensity, "scores": scores}
    given = {name: drawn[name] for name in ("arm", "outcome", "propensity", "scores")}
    found = judge_scores(effect, **given, cost_eur=[0.2] * arms, budget_eur=budget_eur, resamples=50)
    return found, drawn


def test_one_arm_has_the_packages_figures_and_its_own_details() -> None:
    found, drawn = judged(1)
    given = (drawn["outcome"], drawn["effect"][:, 0], drawn["arm"])
    assert found.qini_sklift == qini_auc_score(*given)
    assert found.auuc_causalml == auuc_causalml(*given)
    assert found.overall == found.arms[0]
    assert (found.autoc, found.autoc_se) == (found.overall.rate.autoc.value, found.overall.rate.autoc.standard_error)
    assert found.blp_slope == pytest.approx(1.0, abs=0.2)
    assert found.negative_share == pytest.approx(np.mean(drawn["effect"] < 0))
    assert found.negative_beyond_doubt > 0.05
    assert found.heterogeneity_p < 1e-6


def test_many_arms_are_ranked_by_what_their_own_best_arm_adds() -> None:
    found, drawn = judged(3)
    best = drawn["effect"].argmax(axis=1)
    own_best = drawn["effect"].max(axis=1)
    drawn_into = (drawn["arm"] == 0) | (drawn["arm"] == best + 1)
    treated = (drawn["arm"] != 0).astype(int)
    assert found.qini_sklift == qini_auc_score(drawn["outcome"][drawn_into], own_best[drawn_into], treated[drawn_into])
    assert found.negative_share == pytest.approx(np.mean(own_best < 0))
    assert len(found.arms) == 3
    assert found.spend_curve.gain[-1] == pytest.approx(found.value.gain.value)


def test_the_top_30_percent_are_worth_what_they_truly_add() -> None:
    found, drawn = judged(2, 20_000)
    own_best = np.sort(drawn["effect"].max(axis=1))[::-1][:6000]
    truth = 0.3 * (own_best.mean() - 0.2)
    assert found.top30_gain.low < truth < found.top30_gain.high
    assert found.top30_value == pytest.approx(truth, abs=4 * found.top30_value_se)
    assert found.top30_gain.standard_error < 0.03


def test_a_budget_binds_the_policy() -> None:
    found, _ = judged(2, budget_eur=80.0)
    assert found.value.treated_share == pytest.approx(80.0 / 0.2 / 4000)
    assert found.spend_curve.at(80.0 / 4000).value == pytest.approx(found.value.gain.value, abs=0.01)


def test_a_learner_without_an_idea_of_differences_claims_none() -> None:
    _, drawn = judged(2)
    given = {name: drawn[name] for name in ("arm", "outcome", "propensity", "scores")}
    found = judge_scores(np.tile([0.4, 0.6], (4000, 1)), **given, cost_eur=[0.1, 0.1], resamples=20)
    assert (found.autoc, found.qini_rate, found.blp_slope, found.heterogeneity_p) == (0.0, 0.0, 0.0, 1.0)
    assert found.qini_sklift == pytest.approx(0.0, abs=1e-12)


def test_standard_errors_of_a_learner_tell_the_rows_that_are_harmed_beyond_doubt() -> None:
    _, drawn = judged(2)
    given = {name: drawn[name] for name in ("arm", "outcome", "propensity", "scores")}
    errors = np.column_stack([np.full(4000, 0.1), np.full(4000, 100.0)])
    found = judge_scores(drawn["effect"], **given, cost_eur=[0.1, 0.1], standard_error_eur=errors, resamples=10)
    assert found.arms[0].negative.rows_beyond_doubt == pytest.approx(np.mean(drawn["effect"][:, 0] < -0.43), abs=0.02)
    assert found.arms[1].negative.rows_beyond_doubt == 0.0


def test_an_outcome_of_zeros_and_ones_has_scikit_uplifts_area_too() -> None:
    money, drawn = judged(1)
    assert money.overall.uplift_auc_sklift is None
    bought = (drawn["outcome"] > 1.0).astype(float)
    given = {name: drawn[name] for name in ("arm", "propensity", "scores")}
    found = judge_scores(drawn["effect"], **given, outcome=bought, cost_eur=[0.1], resamples=10)
    assert found.overall.uplift_auc_sklift == uplift_auc_score(bought, drawn["effect"][:, 0], drawn["arm"])


def test_an_arm_without_rows_is_refused() -> None:
    _, drawn = judged(2)
    with pytest.raises(BadTrial, match="arm number 2 has no rows"):
        judge_scores(
            drawn["effect"],
            arm=np.minimum(drawn["arm"], 1),
            outcome=drawn["outcome"],
            propensity=drawn["propensity"],
            scores=drawn["scores"],
            cost_eur=[0.1, 0.1],
        )
