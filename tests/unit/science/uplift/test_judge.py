"""The judgement finds what is true in worlds whose truth is known, and what is known of Hillstrom."""

from collections.abc import Callable

import numpy as np
import pytest

from jobs.errors import BadTrial
from jobs.science.uplift.export import export_scorer
from jobs.science.uplift.judge import fit_and_judge
from jobs.science.uplift.policy import choose
from jobs.science.uplift.scorer import PortableScorer
from jobs.science.uplift.trial import Trial
from tests.unit.science.uplift.worlds import make_world


def test_where_customers_differ_it_says_personalise_and_its_interval_holds_the_truth() -> None:
    world = make_world(6000, level=(0.5, 0.2), heterogeneity=2.0, seed=1)
    judged = fit_and_judge(world.trial, cost_eur=[0.1, 0.1])
    assert judged.verdict.kind == "personalise"
    first = judged.arms[0]
    assert first.qini > 0.1
    assert first.slope.low < 1.2
    assert first.slope.high > 0.8
    # The best there is: each customer gets the better arm or none.
    best = np.maximum(world.effect.max(axis=1) - 0.1, 0.0).sum()
    assert judged.verdict.net_eur.low < best
    assert judged.verdict.net_eur.value > 0.8 * best


def test_where_all_are_alike_it_says_one_arm_for_everyone() -> None:
    world = make_world(4000, level=(1.0, 0.5), heterogeneity=0.0, seed=2)
    judged = fit_and_judge(world.trial, cost_eur=[0.2, 0.2])
    assert (judged.verdict.kind, judged.verdict.arm) == ("one arm for everyone", "arm 1")
    assert judged.verdict.net_eur.low < 0.8 * 4000 < judged.verdict.net_eur.high


def test_where_contact_costs_more_than_it_brings_it_says_nobody() -> None:
    world = make_world(4000, level=(0.1, 0.1), heterogeneity=0.0, seed=3)
    judged = fit_and_judge(world.trial, cost_eur=[0.5, 0.5])
    assert judged.verdict.kind == "nobody"
    assert judged.verdict.net_eur.value == 0.0


def test_a_budget_limits_how_many_are_treated_and_what_is_promised() -> None:
    world = make_world(6000, level=(0.5, 0.2), heterogeneity=2.0, seed=1)
    free = fit_and_judge(world.trial, cost_eur=[0.1, 0.1])
    tight = fit_and_judge(world.trial, cost_eur=[0.1, 0.1], budget_eur=60.0)
    for policy in tight.policies:
        assert policy.treated_share <= 0.1 + 1e-9
    assert tight.verdict.net_eur.value < free.verdict.net_eur.value
    per_euro_tight = tight.verdict.net_eur.value / tight.verdict.treated_share
    per_euro_free = free.verdict.net_eur.value / free.verdict.treated_share
    assert per_euro_tight > per_euro_free, "the budget goes to those whom contact moves most"


def test_euros_are_reckoned_for_the_customers_asked_for() -> None:
    trial = make_world(2000, level=(1.0,), heterogeneity=0.0).trial
    own, ten = fit_and_judge(trial, cost_eur=[0.1]), fit_and_judge(trial, cost_eur=[0.1], customers=20_000)
    assert ten.verdict.net_eur.value == pytest.approx(10 * own.verdict.net_eur.value)


def test_it_reports_every_baseline_and_every_arm() -> None:
    judged = fit_and_judge(make_world(1500).trial, cost_eur=[0.0, 0.0])
    baselines = {"nobody", "best single arm", "random", "response model", "constant effect"}
    singles = {"arm 1 for everyone", "arm 2 for everyone"}
    assert {p.name for p in judged.policies} == {"personalised"} | baselines | singles
    assert {c.against for c in judged.contrasts} == baselines | singles
    assert [a.arm for a in judged.arms] == ["arm 1", "arm 2"]
    assert judged.rows_train + judged.rows_held_out == 1500
    assert all(0.0 <= c.slope <= 1.0 for c in judged.fitted.calibration)
    assert all(len(a.deciles) == 10 for a in judged.arms)


def test_the_same_seed_gives_the_same_verdict() -> None:
    trial = make_world(1000).trial
    first, second = (fit_and_judge(trial, cost_eur=[0.1, 0.1], seed=5) for _ in range(2))
    assert first.verdict == second.verdict


def test_copies_of_a_customer_in_one_cluster_make_nothing_surer() -> None:
    world = make_world(800, level=(0.3,), heterogeneity=0.0)
    twice = np.repeat(np.arange(800), 3)
    t = world.trial
    copied = Trial.checked(
        t.rows.take(twice),
        t.features,
        arm=np.array(t.arms)[t.arm][twice],
        control="none",
        outcome=t.outcome[twice],
        cluster=[f"customer {i}" for i in twice],
    )
    honest = fit_and_judge(copied, cost_eur=[0.0]).best_arm.gain.standard_error
    alone = fit_and_judge(t, cost_eur=[0.0]).best_arm.gain.standard_error
    assert honest > 0.8 * alone


@pytest.mark.parametrize(
    ("cost", "budget", "says"),
    [
        ([0.1], None, "1 contact costs were given for 2 arms"),
        ([0.1, -1.0], None, "-1.0 euro"),
        ([0.1, 0.1], -5.0, "-5.0 euro"),
    ],
)
def test_costs_and_budgets_that_make_no_sense_are_refused(cost: list[float], budget: float | None, says: str) -> None:
    with pytest.raises(BadTrial, match=says):
        fit_and_judge(make_world(600).trial, cost_eur=cost, budget_eur=budget)


def null_verdicts(worlds: int) -> list[str]:
    """Verdicts in worlds where nobody is moved at all."""
    kinds: list[str] = []
    for seed in range(worlds):
        trial = make_world(600, level=(0.0, 0.0), heterogeneity=0.0, seed=seed).trial
        kinds.append(fit_and_judge(trial, cost_eur=[0.0, 0.0], seed=seed, resamples=2).verdict.kind)
    return kinds


def test_where_nothing_works_it_seldom_says_that_something_does() -> None:
    kinds = null_verdicts(40)
    assert kinds.count("nobody") >= 36
    assert kinds.count("personalise") <= 1


@pytest.mark.long
def test_where_nothing_works_it_seldom_says_that_something_does_in_many_worlds() -> None:
    kinds = null_verdicts(600)
    assert kinds.count("nobody") >= 0.94 * 600
    assert kinds.count("personalise") <= 0.02 * 600


def wrong_personalise(worlds: int) -> int:
    """Count worlds of equal customers and two working arms in which it says personalise."""
    said = 0
    for seed in range(worlds):
        trial = make_world(900, level=(0.3, 0.3), heterogeneity=0.0, seed=seed).trial
        said += fit_and_judge(trial, cost_eur=[0.0, 0.0], seed=seed, resamples=2).verdict.kind == "personalise"
    return said


def test_equal_customers_and_equal_arms_are_seldom_told_apart() -> None:
    assert wrong_personalise(30) <= 2


@pytest.mark.long
def test_equal_customers_and_equal_arms_are_seldom_told_apart_in_many_worlds() -> None:
    assert wrong_personalise(400) <= 0.025 * 400


def promise_kept(worlds: int) -> float:
    """Share of worlds whose interval holds what the exported scorer truly earns from customers never seen."""
    kept = 0
    for seed in range(worlds):
        drawn = make_world(1200, level=(0.3,), heterogeneity=1.0, seed=seed)
        judged = fit_and_judge(drawn.trial, cost_eur=[0.2], seed=seed, resamples=2)
        fresh = make_world(4000, level=(0.3,), heterogeneity=1.0, seed=10_000 + seed)
        scorer = PortableScorer.from_files(
            export_scorer(judged.fitted, judged.fitted.encoder.transform(fresh.trial.rows)).files
        )
        policy = choose(scorer.effect(fresh.trial.rows), [0.2])
        truth = float(np.mean(policy[:, 1] * (fresh.effect[:, 0] - 0.2)))
        promised = next(p for p in judged.policies if p.name == "personalised").gain
        kept += promised.low <= truth <= promised.high
    return kept / worlds


def test_what_was_promised_is_what_the_scorer_earns() -> None:
    assert promise_kept(20) >= 0.85


@pytest.mark.long
def test_what_was_promised_is_what_the_scorer_earns_in_many_worlds() -> None:
    assert 0.92 <= promise_kept(600) <= 0.98


@pytest.mark.parametrize("seed", [0, 1])
def test_hillstroms_spend_says_mens_mail_for_everyone(hillstrom: Callable[..., Trial], seed: int) -> None:
    judged = fit_and_judge(hillstrom("spend"), cost_eur=[0.0, 0.0], seed=seed, resamples=2)
    assert (judged.verdict.kind, judged.verdict.arm) == ("one arm for everyone", "Mens E-Mail")
    assert judged.verdict.net_eur.low > 0.0


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_hillstroms_spend_says_mens_mail_for_everyone_whatever_the_split(
    hillstrom: Callable[..., Trial], seed: int
) -> None:
    judged = fit_and_judge(hillstrom("spend"), cost_eur=[0.0, 0.0], seed=seed, resamples=2)
    assert (judged.verdict.kind, judged.verdict.arm) == ("one arm for everyone", "Mens E-Mail")
