"""The many-arm Qini against spend: right at every budget, its band honest, its advantage that of targeting."""

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.science.uplift.policy import choose
from jobs.science.uplift.policy_value import policy_value
from jobs.science.uplift.spend_curve import SpendCurve, spend_curve

COST = (0.3, 0.6)


def drawn(rows: int, seed: int = 0, noise: float = 2.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """True effects of two arms, and unbiased scores of them."""
    generator = np.random.default_rng(seed)
    x = generator.random(rows)
    effect = np.column_stack([1.5 * x, 2.5 * x - 0.5])
    return effect, effect + noise * generator.normal(size=(rows, 2))


def test_the_gain_at_a_budget_is_that_of_the_policy_chosen_under_it() -> None:
    effect, lift = drawn(400)
    curve = spend_curve(effect, lift, COST, points=401, resamples=10)
    for each in (0.05, 0.2, 0.35):
        policy = choose(effect, COST, each * 400)
        chosen = policy_value(
            "chosen",
            policy,
            arm=np.zeros(400, np.int64),
            outcome=np.zeros(400),
            propensity=np.full(400, 0.5),
            scores=np.column_stack([np.zeros(400), lift]),
            cost_eur=np.r_[0.0, COST],
        )
        assert curve.at(each).value == pytest.approx(chosen.gain.value, abs=2e-3)


def test_the_error_at_full_spend_is_that_of_the_policy_without_a_limit() -> None:
    effect, lift = drawn(2000)
    curve = spend_curve(effect, lift, COST, resamples=400)
    free = choose(effect, COST)
    gains = np.sum(free[:, 1:] * (lift - np.array(COST)), axis=1)
    assert curve.gain[-1] == pytest.approx(gains.mean())
    assert curve.standard_error[-1] == pytest.approx(gains.std() / np.sqrt(2000), rel=0.1)


def test_it_starts_with_nothing_and_the_band_is_wider_than_one_interval() -> None:
    curve = spend_curve(*drawn(1000), COST)
    assert (curve.spend[0], curve.gain[0], curve.standard_error[0]) == (0.0, 0.0, 0.0)
    assert 1.96 < curve.critical < 4.0
    assert np.all(curve.low <= curve.gain)
    assert np.all(curve.gain <= curve.high)


def test_a_ranking_of_noise_has_no_advantage_over_the_lot() -> None:
    generator = np.random.default_rng(1)
    advantage = spend_curve(1.0 + 0.1 * generator.normal(size=(3000, 1)), drawn(3000)[1][:, :1], COST[:1]).advantage
    assert advantage.low < 0.0 < advantage.high


def test_a_true_ranking_has_an_advantage_beyond_doubt() -> None:
    assert spend_curve(*drawn(3000), COST).advantage.low > 0.0


def test_the_untargeted_policy_spends_on_the_arm_that_is_best_on_average() -> None:
    effect = np.tile([1.0, 2.0], (10, 1))
    curve = spend_curve(effect, effect, (0.5, 1.0), points=3, resamples=5)
    assert curve.untargeted == pytest.approx([0.0, 0.5, 1.0])
    assert curve.advantage.value == pytest.approx(0.0)


def test_free_contacts_are_counted_as_contacts() -> None:
    effect = np.array([[4.0, 1.0], [1.0, 2.0], [-1.0, -2.0], [0.5, 0.0]])
    curve = spend_curve(effect, effect, (0.0, 0.0), points=4, resamples=5)
    assert curve.unit == "contact"
    assert curve.spend.tolist() == [0.0, 0.25, 0.5, 0.75]
    assert curve.gain.tolist() == [0.0, 1.0, 1.5, 1.625]


def test_a_free_arm_beside_a_dear_one_is_given_at_any_budget() -> None:
    effect = np.tile([1.0, 3.0], (4, 1))
    curve = spend_curve(effect, effect, (0.0, 1.0), points=3, resamples=5)
    assert curve.gain.tolist() == curve.untargeted.tolist() == [1.0, 1.5, 2.0]


def test_nobody_worth_treating_is_one_point_at_nothing() -> None:
    curve = spend_curve(np.full((8, 1), -1.0), np.ones((8, 1)), (0.1,), resamples=5)
    assert (curve.spend.tolist(), curve.gain.tolist(), curve.advantage.value) == ([0.0], [0.0], 0.0)


def band_coverage(trials: int, resamples: int) -> float:
    """Share of trials whose band holds the true curve, which the scorer follows exactly, at every budget."""
    fine, _ = drawn(100_000, seed=99)
    truth = spend_curve(fine, fine, COST, points=401, resamples=2)
    inside = 0
    for seed in range(trials):
        found: SpendCurve = spend_curve(*drawn(600, seed), COST, resamples=resamples, seed=seed)
        within = np.interp(found.spend, truth.spend, truth.gain)
        inside += bool(np.all((found.low - 1e-9 <= within) & (within <= found.high + 1e-9)))
    return inside / trials


def test_the_band_holds_the_whole_true_curve() -> None:
    assert band_coverage(60, 60) >= 0.85


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_band_holds_the_whole_true_curve_in_nineteen_of_twenty_trials() -> None:
    assert 0.93 <= band_coverage(1000, 200) <= 0.98
