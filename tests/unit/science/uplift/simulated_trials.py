"""Trials by the thousand with a fixed scorer and cheap nuisances, and the truth of every metric."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.calibration import calibration_slope
from jobs.science.uplift.doubly_robust import doubly_robust_scores
from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.policy_value import policy_value
from jobs.science.uplift.rate import rate
from jobs.science.uplift.spend_curve import spend_curve
from jobs.science.uplift.top_share import value_of_top
from jobs.science.uplift.uplift_at_k import uplift_at_shares

ROWS = 1000
SHARES = np.array([0.4, 0.6])
COST = np.array([0.0, 0.5])


@dataclass(frozen=True)
class SimulatedTrial:
    """One arm against a control; the scorer ranks by x, the effect is 2 x plus a part that the scorer cannot see."""

    x: NDArray[np.float64]
    arm: NDArray[np.int64]
    outcome: NDArray[np.float64]
    scores: NDArray[np.float64]
    propensity: NDArray[np.float64]
    cluster: NDArray[np.int64] | None

    @property
    def lift(self) -> NDArray[np.float64]:
        return self.scores[:, 1] - self.scores[:, 0]


def trials(count: int, *, effect: float = 2.0, clustered: bool = False, seed: int = 7) -> Iterator[SimulatedTrial]:
    """Draw trials; the response model that the doubly robust scores lean on is a line, and wrong."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        cluster = np.repeat(np.arange(ROWS // 4), 4) if clustered else None
        x = generator.random(ROWS // 4).repeat(4) if clustered else generator.random(ROWS)
        arm = (generator.random(ROWS) < SHARES[1]).astype(np.int64)
        unseen = generator.choice([-1.0, 1.0], ROWS)
        shared = generator.normal(size=ROWS // 4).repeat(4) if clustered else np.zeros(ROWS)
        own = 1.0 + np.sin(6.0 * x) + arm * (effect * x + 0.5 * unseen) + (1.0 + arm) * shared
        outcome = own + generator.normal(size=ROWS)
        propensity = SHARES[arm]
        response = np.column_stack([np.full(ROWS, 1.0), 1.0 + x])
        yield SimulatedTrial(
            x, arm, outcome, doubly_robust_scores(arm, outcome, propensity, response), propensity, cluster
        )


TRUTH = {
    "autoc": 2.0 / 4.0,
    "qini": 2.0 / 12.0,
    "blp slope": 2.0,
    "uplift at 10%": 2.0 * 0.95,
    "uplift at 30%": 2.0 * 0.85,
    "uplift at 30% by group": 2.0 * 0.85,
    # Mean outcome without treatment is 1 + the mean of sin(6 x); those above .4 gain 2 x - .5.
    "value by doubly robust scores": 1.0 + (1.0 - np.cos(6.0)) / 6.0 + (1.0 - 0.16) - 0.5 * 0.6,
    "value by ips": 1.0 + (1.0 - np.cos(6.0)) / 6.0 + (1.0 - 0.16) - 0.5 * 0.6,
    "value by snips": 1.0 + (1.0 - np.cos(6.0)) / 6.0 + (1.0 - 0.16) - 0.5 * 0.6,
    "value of the top 30%": 1.0 + (1.0 - np.cos(6.0)) / 6.0 + 0.3 * (2.0 * 0.85 - 0.5),
    "gain of the top 30%": 0.3 * (2.0 * 0.85 - 0.5),
    # A budget of .15 a customer buys the top 30%.
    "gain at a budget": 0.3 * (2.0 * 0.85 - 0.5),
}


def estimates(trial: SimulatedTrial, resamples: int, seed: int) -> dict[str, Estimate]:
    """Estimate every metric of TRUTH in one trial."""
    given = {"cluster": trial.cluster, "resamples": resamples, "seed": seed}
    ranked = rate(trial.x, trial.lift, **given)
    ten, thirty = uplift_at_shares(trial.outcome, trial.x, trial.arm, (0.1, 0.3), **given)
    treated = (trial.x > 0.4).astype(float)
    value = policy_value(
        "above .4",
        np.column_stack([1.0 - treated, treated]),
        arm=trial.arm,
        outcome=trial.outcome,
        propensity=trial.propensity,
        scores=trial.scores,
        cost_eur=COST,
        cluster=trial.cluster,
    )
    top_value, top_gain = value_of_top(trial.x, trial.scores[:, 0], trial.lift - COST[1], 0.3, **given)
    # The scorer's effects are right in their order only: it would treat everyone above one half.
    curve = spend_curve(trial.x[:, None], trial.lift[:, None], [COST[1]], points=11, **given)
    return {
        "autoc": ranked.autoc,
        "qini": ranked.qini,
        "blp slope": calibration_slope(trial.x, trial.lift, trial.cluster),
        "uplift at 10%": ten.overall,
        "uplift at 30%": thirty.overall,
        "uplift at 30% by group": thirty.by_group,
        "value by doubly robust scores": value.doubly_robust,
        "value by ips": value.ips,
        "value by snips": value.snips,
        "value of the top 30%": top_value,
        "gain of the top 30%": top_gain,
        "gain at a budget": curve.at(0.15),
    }


def coverage(count: int, *, resamples: int = 200, clustered: bool = False) -> dict[str, float]:
    """Share of the trials whose 95% intervals hold the truth, metric by metric."""
    inside = dict.fromkeys(TRUTH, 0)
    for seed, trial in enumerate(trials(count, clustered=clustered)):
        for name, estimate in estimates(trial, resamples, seed).items():
            inside[name] += estimate.low <= TRUTH[name] <= estimate.high
    return {name: hits / count for name, hits in inside.items()}
