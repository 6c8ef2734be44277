"""IPS, SNIPS and DR tell what another policy would have earned, and say when the log cannot tell."""

from dataclasses import replace

import numpy as np
import pytest

from jobs.errors import BadRequest, BadTrial
from jobs.science.offers.off_policy import Logged, OffPolicyValue, mean_response, must_overlap, off_policy_value

COST = np.array([0.0, 0.3, 0.1])
ESTIMATES = ("ips", "snips", "doubly_robust")


def means(x: np.ndarray) -> np.ndarray:
    """Expected outcome of each arm, euro."""
    return np.column_stack([1.0 + x, 1.0 + 2.0 * x, 2.0 - 0.5 * x])


def smoothed(surplus: np.ndarray, temperature: float) -> np.ndarray:
    weight = np.exp(surplus / temperature)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def logging_policy(x: np.ndarray) -> np.ndarray:
    """What was drawn from: smoothed scores that are not quite the truth, an even tenth mixed in."""
    return 0.9 * smoothed(means(1.0 - x) - COST, 0.7) + 0.1 / 3


def target_policy(x: np.ndarray) -> np.ndarray:
    return smoothed(means(x) - COST, 0.25)


def truth(policy=target_policy) -> float:
    """Value over the distribution of x, uniform on [0, 1]."""
    x = (np.arange(20_000) + 0.5) / 20_000
    return float(np.mean(np.sum(policy(x) * (means(x) - COST), axis=1)))


def drawn(r: np.random.Generator, customers: int = 400, nights: int = 2) -> tuple[np.ndarray, Logged]:
    """Each customer is drawn for on several nights; a customer's outcomes share a part."""
    x = np.repeat(r.uniform(size=customers), nights)
    own = np.repeat(r.normal(0.0, 0.7, customers), nights)
    p = logging_policy(x)
    arm = (r.random(len(x))[:, None] >= np.cumsum(p, axis=1)).sum(axis=1).clip(0, 2)
    rows = np.arange(len(x))
    outcome = means(x)[rows, arm] + own + r.normal(size=len(x))
    who = np.repeat(np.arange(customers), nights)
    return x, Logged(arm, outcome, p[rows, arm], COST, who, p)


def coverage(draws: int) -> dict[str, float]:
    r, value = np.random.default_rng(7), truth()
    inside = dict.fromkeys(ESTIMATES, 0)
    for _ in range(draws):
        x, logged = drawn(r)
        found = off_policy_value(target_policy(x), logged)
        for name in inside:
            interval = getattr(found, name)
            inside[name] += interval.low <= value <= interval.high
    return {name: hits / draws for name, hits in inside.items()}


def test_intervals_cover_the_synthetic_truth() -> None:
    """400 draws of an exact 95% interval lie in this range all but once in ten thousand times."""
    for share in coverage(400).values():
        assert 0.905 <= share <= 0.985


@pytest.mark.long
def test_intervals_cover_the_synthetic_truth_in_many_draws() -> None:
    for share in coverage(2_000).values():
        assert 0.935 <= share <= 0.965


def test_forgetting_that_rows_are_of_one_customer_makes_intervals_too_narrow() -> None:
    x, logged = drawn(np.random.default_rng(1), customers=500, nights=8)
    together = off_policy_value(target_policy(x), logged)
    apart = off_policy_value(target_policy(x), replace(logged, cluster=None))
    assert together.doubly_robust.standard_error > 1.2 * apart.doubly_robust.standard_error
    assert (together.clusters, apart.clusters) == (500, 4_000)


def test_the_logged_policy_itself_is_worth_what_was_earned() -> None:
    _, logged = drawn(np.random.default_rng(2), customers=4_000)
    assert logged.propensities is not None
    found = off_policy_value(logged.propensities, logged)
    assert found.ips.value == pytest.approx(found.logged.value)
    assert found.effective_rows == pytest.approx(found.rows)
    assert found.gain.low < 0.0 < found.gain.high


def test_a_better_policy_is_found_to_gain_and_the_gain_is_surer_than_the_values() -> None:
    x, logged = drawn(np.random.default_rng(3), customers=20_000)
    found = off_policy_value(target_policy(x), logged, means(x))
    assert found.gain.low <= truth() - truth(logging_policy) <= found.gain.high
    assert found.gain.low > 0.0
    assert found.gain.standard_error < found.doubly_robust.standard_error
    assert found.doubly_robust.standard_error < min(found.ips.standard_error, found.snips.standard_error)


def test_clipping_says_what_it_took_and_narrows() -> None:
    x, logged = drawn(np.random.default_rng(4), customers=3_000)
    whole = off_policy_value(target_policy(x), logged)
    clipped = off_policy_value(target_policy(x), logged, max_weight=2.0)
    assert whole.clipped_rows == 0
    assert whole.clipped_share == 0.0
    assert clipped.clipped_rows > 0
    assert 0.0 < clipped.clipped_share < 1.0
    assert clipped.ips.standard_error < whole.ips.standard_error
    assert clipped.effective_rows > whole.effective_rows
    assert (clipped.largest_weight, clipped.max_weight) == (whole.largest_weight, 2.0)


def test_clipped_estimates_are_those_of_clipped_weights_by_hand() -> None:
    x, logged = drawn(np.random.default_rng(5))
    policy, response = target_policy(x), means(x)
    rows = np.arange(len(x))
    weight = np.minimum(policy[rows, logged.arm] / logged.propensity, 1.5)
    net = logged.outcome - COST[logged.arm]
    residual = logged.outcome - response[rows, logged.arm]
    found = off_policy_value(policy, logged, response, max_weight=1.5)
    assert found.ips.value == pytest.approx(np.mean(weight * net))
    assert found.snips.value == pytest.approx(np.sum(weight * net) / np.sum(weight))
    assert found.doubly_robust.value == pytest.approx(
        np.mean(np.sum(policy * (response - COST), axis=1) + weight * residual)
    )


def test_mean_responses_see_no_row_of_the_same_customer() -> None:
    _, logged = drawn(np.random.default_rng(6), customers=50, nights=3)
    before = mean_response(logged, 3)
    shifted = logged.outcome + np.where(logged.cluster == 0, 1e6, 0.0)
    after = mean_response(replace(logged, outcome=shifted), 3)
    assert np.array_equal(before[logged.cluster == 0], after[logged.cluster == 0])
    assert not np.array_equal(before, after)


def hopeless(policy: np.ndarray, *, known: bool) -> OffPolicyValue:
    """Evaluate on a log in which arm 2 was never drawn."""
    r = np.random.default_rng(8)
    arm = r.integers(0, 2, 2_000)
    p = np.tile([0.5, 0.5, 0.0], (2_000, 1))
    log = Logged(arm, r.normal(size=2_000), np.full(2_000, 0.5), np.zeros(3), propensities=p if known else None)
    return off_policy_value(policy, log)


@pytest.mark.parametrize("known", [True, False])
def test_choices_that_could_not_have_been_drawn_are_refused_beyond_what_is_allowed(known: bool) -> None:
    never = hopeless(np.tile([0.4, 0.4, 0.2], (2_000, 1)), known=known)
    assert never.supported.value == pytest.approx(0.8)
    with pytest.raises(BadTrial, match=r"overlap is too thin: 20\.0% of what the policy chooses could not have been"):
        must_overlap(never)
    must_overlap(never, least_support=0.7)
    must_overlap(hopeless(np.tile([0.49, 0.49, 0.02], (2_000, 1)), known=known))


def test_mass_that_was_never_drawn_shows_in_the_weights_where_only_drawn_propensities_are_known() -> None:
    """Half the customers could draw arm 0 only; the policy wants arm 1 for all."""
    r = np.random.default_rng(9)
    free = np.arange(4_000) % 2 == 0
    arm = np.where(free, r.integers(0, 2, 4_000), 0)
    log = Logged(arm, r.normal(size=4_000), np.where(free, 0.5, 1.0), np.zeros(2))
    found = off_policy_value(np.tile([0.0, 1.0], (4_000, 1)), log)
    assert found.supported.value == pytest.approx(0.5, abs=4 * found.supported.standard_error)
    with pytest.raises(BadTrial, match="overlap is too thin"):
        must_overlap(found)


def test_few_heavy_rows_are_refused() -> None:
    r = np.random.default_rng(10)
    arm = np.zeros(1_000, np.int64)
    arm[:10] = 1
    p = np.tile([0.99, 0.01], (1_000, 1))
    log = Logged(arm, r.normal(size=1_000), p[np.arange(1_000), arm], np.zeros(2), propensities=p)
    with pytest.raises(BadTrial, match=r"1,000 rows are worth 10\.0 of even weight, at least 50"):
        must_overlap(off_policy_value(np.tile([0.0, 1.0], (1_000, 1)), log))


def test_propensities_that_are_not_those_of_the_draw_are_found_out() -> None:
    x, logged = drawn(np.random.default_rng(11), customers=2_000)
    wrong = replace(logged, propensity=logged.propensity / 2, propensities=None)
    with pytest.raises(BadTrial, match=r"the weights average (1\.9|2).* not those that the arms were drawn with"):
        must_overlap(off_policy_value(target_policy(x), wrong))


@pytest.mark.parametrize("arm", [0, 1])
def test_draws_that_limits_took_back_are_found_out_whatever_the_policy_wants(arm: int) -> None:
    """Without every second row of arm 1, those of arm 0 weigh too much and those of arm 1 too little."""
    r = np.random.default_rng(13)
    drawn_arm = r.integers(0, 2, 4_000)
    kept = (drawn_arm == 0) | (r.random(4_000) < 0.5)
    n = int(kept.sum())
    log = Logged(drawn_arm[kept], r.normal(size=n), np.full(n, 0.5), np.zeros(2), propensities=np.full((n, 2), 0.5))
    value = off_policy_value(np.eye(2)[np.full(n, arm)], log)
    with pytest.raises(BadTrial, match=r"they must average 1: limits changed 25\.0% of the draws"):
        must_overlap(value, changed_share=0.25)


@pytest.mark.parametrize("known", [True, False])
def test_a_policy_that_no_row_followed_is_refused_not_divided_by_zero(known: bool) -> None:
    every = np.tile([0.99, 0.01], (100, 1)) if known else None
    log = Logged(np.zeros(100, np.int64), np.ones(100), np.full(100, 0.99), np.zeros(2), propensities=every)
    with pytest.raises(BadTrial, match="overlap is too thin: 100"):
        must_overlap(off_policy_value(np.tile([0.0, 1.0], (100, 1)), log))


def test_a_weight_to_clip_at_is_above_zero() -> None:
    x, logged = drawn(np.random.default_rng(12))
    with pytest.raises(BadRequest, match="max_weight == 0, must be above 0"):
        off_policy_value(target_policy(x), logged, max_weight=0.0)
