"""What a list is promised to earn is what it earns, within the interval that goes with it."""

from itertools import pairwise

import numpy as np
import pytest

from jobs.science.uplift.card import judgement_card
from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.export import export_scorer
from jobs.science.uplift.fallback import allowed_by
from jobs.science.uplift.judge import fit_and_judge
from jobs.science.uplift.policy import choose
from jobs.science.uplift.promise import promised_net
from jobs.science.uplift.scorer import PortableScorer
from tests.unit.science.uplift.worlds import make_world

CUSTOMERS = 4000


def kept(worlds: int, night_budget_each_eur: float | None) -> list[bool]:
    """Whether the interval of a night's list holds what the list truly earns, world by world.

    The trial is judged without a budget; the night has its own.
    """
    held = []
    for seed in range(worlds):
        drawn = make_world(1200, level=(0.3,), heterogeneity=1.0, seed=seed)
        judged = fit_and_judge(drawn.trial, cost_eur=[0.2], seed=seed)
        if judged.verdict.kind == "nobody":
            continue
        tonight = make_world(CUSTOMERS, level=(0.3,), heterogeneity=1.0, seed=10_000 + seed)
        fitted = allowed_by(judged.verdict, judged.fitted)
        scorer = PortableScorer.from_files(export_scorer(fitted, fitted.encoder.transform(tonight.trial.rows)).files)
        effect = scorer.effect(tonight.trial.rows)
        budget = None if night_budget_each_eur is None else night_budget_each_eur * CUSTOMERS
        chosen = choose(effect, [0.2], budget)[:, 1]
        promised = promised_net([float(chosen @ (effect[:, 0] - 0.2))], [judged.verdict.net_eur])
        assert promised is not None
        held.append(promised.low <= float(chosen @ (tonight.effect[:, 0] - 0.2)) <= promised.high)
    return held


@pytest.mark.parametrize("budget", [None, 0.04])
def test_a_nights_list_earns_what_its_interval_says(budget: float | None) -> None:
    held = kept(20, budget)
    assert len(held) >= 15
    assert np.mean(held) >= 0.85


@pytest.mark.long
@pytest.mark.parametrize("budget", [None, 0.04])
def test_a_nights_list_earns_what_its_interval_says_in_many_worlds(budget: float | None) -> None:
    assert np.mean(kept(300, budget)) >= 0.93


def test_the_error_is_that_of_the_trial_in_proportion() -> None:
    promised = promised_net([500.0], [Estimate(2.0, 0.4)])
    assert promised == Estimate(500.0, 100.0)


def test_a_list_of_nobody_adds_no_error_and_takes_none_away() -> None:
    assert promised_net([0.0, 500.0], [Estimate(0.0, 0.0), Estimate(2.0, 0.4)]) == Estimate(500.0, 100.0)
    assert promised_net([], []) == Estimate(0.0, 0.0)


def test_money_from_a_list_whose_trial_measured_no_gain_has_no_interval() -> None:
    assert promised_net([500.0, 10.0], [Estimate(2.0, 0.4), Estimate(0.0, 0.0)]) is None


def test_shrunk_effects_promise_what_is_measured_where_raw_ones_boast() -> None:
    """Trees that see noise spread their effects far too wide; the card's deciles hold the shrunk ones to account."""
    judged = fit_and_judge(make_world(6000, level=(0.3,), heterogeneity=0.3, noise=3.0, seed=4).trial, cost_eur=[0.1])
    arm = judged.arms[0]
    assert judged.fitted.calibration[0].slope < 0.5
    assert arm.deciles[0].predicted - arm.deciles[-1].predicted < 2.0
    held = [d.measured.low <= d.predicted <= d.measured.high for d in arm.deciles]
    assert sum(held) >= 8


def test_the_promise_of_a_policy_is_held_against_what_is_measured_of_it() -> None:
    judged = fit_and_judge(make_world(6000, level=(0.3, 0.1), heterogeneity=1.0, seed=5).trial, cost_eur=[0.1, 0.1])
    promise = judged.promise
    personalised = next(p for p in judged.policies if p.name == "personalised")
    assert promise.measured == personalised.gain
    assert promise.measured.low < promise.promised_eur < promise.measured.high
    assert sum(d.rows for d in promise.deciles) == judged.rows_held_out
    assert all(high.predicted >= low.predicted - 1e-9 for high, low in pairwise(promise.deciles))
    card = judgement_card(judged)
    assert card["promise"]["promised_eur"] == promise.promised_eur
    assert [d["promised_eur"] for d in card["promise"]["deciles"]] == [d.predicted for d in promise.deciles]
    assert [d["promised_eur"] for d in card["arms"][0]["deciles"]] == [d.predicted for d in judged.arms[0].deciles]
