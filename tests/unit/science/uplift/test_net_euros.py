"""The net euros to expect, with their interval, against worlds whose truth is known and against Hillstrom."""

from collections.abc import Callable

import numpy as np
import pytest

from jobs.science.uplift.judge import fit_and_judge
from jobs.science.uplift.judgement import Judgement
from jobs.science.uplift.learners.fit import PORTABLE
from jobs.science.uplift.qini import qini_auc_score
from jobs.science.uplift.target_list import make_list
from jobs.science.uplift.trial import Trial
from tests.unit.science.uplift.worlds import make_world

COST = (0.2, 0.2)


def covered(worlds: range, learners: tuple[str, ...]) -> tuple[float, dict[str, int]]:
    """Share of worlds whose interval holds what the list truly earns, and how often each verdict was given.

    Worlds differ in how much customers differ and in what the arms do on average, so that every verdict comes up.
    Nobody to be contacted earns nothing, and that is what is promised: such worlds would count for nothing, so only
    the others are counted.
    """
    held, kinds = [], {"personalise": 0, "one arm for everyone": 0, "nobody": 0}
    for seed in worlds:
        drawn = np.random.default_rng(seed)
        world = make_world(
            1500, seed=seed, level=(drawn.uniform(0.0, 0.8), drawn.uniform(0.0, 0.8)), heterogeneity=drawn.uniform(0, 2)
        )
        judged = fit_and_judge(world.trial, cost_eur=COST, learners=learners, seed=seed, resamples=2)
        kinds[judged.verdict.kind] += 1
        if judged.verdict.kind == "nobody":
            continue
        targets = make_list(judged, world.trial.rows, cost_eur=COST, seed=seed)
        chosen = np.flatnonzero(targets.arm >= 0)
        truth = float(np.sum(world.effect[chosen, targets.arm[chosen]] - 0.2))
        held.append(targets.net_eur.low <= truth <= targets.net_eur.high)
    return float(np.mean(held)), kinds


def test_the_interval_of_the_net_euros_holds_the_truth() -> None:
    share, kinds = covered(range(20), ("XLearner",))
    assert share >= 0.85
    assert kinds["personalise"] > 0
    assert kinds["one arm for everyone"] > 0


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_interval_of_the_net_euros_holds_the_truth_in_200_worlds_whatever_learner_is_chosen() -> None:
    share, kinds = covered(range(200), PORTABLE)
    print(f"net euros covered in {share:.1%} of {kinds}")
    assert 0.90 <= share <= 0.99
    assert min(kinds["personalise"], kinds["one arm for everyone"]) >= 20


def qinis(judged: Judgement, trial: Trial, seed: int) -> tuple[float, float]:
    """Return scikit-uplift's Qini of the chosen learner and of its response model, on the untouched rows."""
    held = trial.part(~trial.split(0.5, seed))
    matrix = judged.fitted.encoder.transform(held.rows)
    control = held.arm == 0
    ranking = judged.fitted.learner.effect(matrix)[:, 0]
    likely = np.asarray(fit_likely(trial.part(trial.split(0.5, seed)), judged, matrix))
    treatment = (~control).astype(np.int64)
    return qini_auc_score(held.outcome, ranking, treatment), qini_auc_score(held.outcome, likely, treatment)


def fit_likely(train: Trial, judged: Judgement, matrix: np.ndarray) -> np.ndarray:
    """Return how likely each row is to answer when treated, by trees on the treated training rows."""
    from jobs.science.uplift.learners.trees import ShallowTrees, TreeSettings

    treated = train.arm == 1
    trees = ShallowTrees(TreeSettings(), 0, 1)
    return trees.fit(judged.fitted.encoder.transform(train.rows)[treated], train.outcome[treated]).predict(matrix)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_hillstroms_visits_after_womens_mail_are_ranked_as_well_as_anybody_has(
    hillstrom: Callable[..., Trial],
) -> None:
    trial = hillstrom("visit", without="Mens E-Mail")
    found = []
    for seed in range(5):
        judged = fit_and_judge(trial, cost_eur=[0.0], learners=PORTABLE, seed=seed, resamples=2)
        chosen, response = qinis(judged, trial, seed)
        assert judged.chosen.scores.qini_sklift == pytest.approx(chosen, abs=1e-6)
        found.append((chosen, response))
        print(seed, judged.choice.learner, f"chosen {chosen:.4f} response model {response:.4f}")
    chosen, response = np.mean(found, axis=0)
    print(f"mean of five seeds: chosen {chosen:.4f}, response model {response:.4f}")
    assert chosen >= 0.056
    assert chosen >= response - 0.005


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_hillstroms_spend_lets_no_learner_beat_one_mail_for_everyone(hillstrom: Callable[..., Trial]) -> None:
    for seed in range(20):
        judged = fit_and_judge(hillstrom("spend"), cost_eur=[0.0, 0.0], learners=PORTABLE, seed=seed, resamples=2)
        assert (judged.verdict.kind, judged.verdict.arm) == ("one arm for everyone", "Mens E-Mail")
