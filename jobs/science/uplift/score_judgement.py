"""Every metric of a learner's predicted effects on rows that it never saw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadTrial
from jobs.science.uplift.calibration import calibration_slope, pooled_slope
from jobs.science.uplift.estimate import Estimate
from jobs.science.uplift.half_samples import RESAMPLES
from jobs.science.uplift.policy import choose
from jobs.science.uplift.policy_value import PolicyValue, policy_value
from jobs.science.uplift.ranking_scores import RankingScores, score_ranking
from jobs.science.uplift.rate import heterogeneity_p
from jobs.science.uplift.spend_curve import SpendCurve, spend_curve
from jobs.science.uplift.top_share import value_of_top

TOP_SHARE = 0.3
"""The share behind `top30_value`."""


@dataclass(frozen=True)
class ScoreJudgement:
    """What the untouched rows say of a learner's predicted effects.

    With one arm these are the metrics of its predicted effect. **With many arms** every row stands for its own best
    arm, the one of the highest predicted effect net of cost, whether or not that is above 0:

    - the *priority* of a row is that highest net effect; AUTOC and QINI (RATE) and the top 30% rank by it and measure
      the doubly robust gain of that same arm, cost taken off; deciles and negative share do so before cost;
    - Qini, AUUC and uplift at k, which know two groups, take the rows that were drawn into their own best arm as
      treated and those drawn into the control as control, and leave out the others;
    - the calibration slope pools all arms, each with a mean of its own;
    - the spend curve and `value` choose among all arms.

    Each arm's own metrics are in `arms`, and the test of heterogeneity rests on those alone.

    Parameters
    ----------
    qini_sklift, auuc_causalml : float
        As of `overall`.
    autoc, autoc_se, qini_rate, qini_rate_se : float
        As of `overall`, in euro.
    top30_value, top30_value_se : float
        Doubly robust value for one customer, in euro, costs taken off, of giving the 30% of the highest priority their
        own best arm and the others nothing.
    blp_slope, blp_slope_se : float
        Calibration slope.
    negative_share, negative_beyond_doubt : float
        Shares of the rows, in [0, 1]: own best arm's effect, before cost, predicted below 0; in a tenth that is
        measured to be harmed, Holm over the tenths at 5% together.
    heterogeneity_p : float
        The one declared test that effects differ between customers: one-sided AUTOC of every arm, times the arms.
    top30_gain : Estimate
        `top30_value` less the value of treating nobody, paired row by row.
    value : PolicyValue
        Value of the best policy within the budget, by IPS, SNIPS and doubly robust scores.
    spend_curve : SpendCurve
        Gain of the best policy at every budget, with a band.
    overall : RankingScores
        All metrics of the ranking by own best arm.
    arms : tuple of RankingScores
        All metrics of every arm but the control against the control, by its predicted effect; in the order of the arms.
    """

    qini_sklift: float
    auuc_causalml: float
    autoc: float
    autoc_se: float
    qini_rate: float
    qini_rate_se: float
    top30_value: float
    top30_value_se: float
    blp_slope: float
    blp_slope_se: float
    negative_share: float
    negative_beyond_doubt: float
    heterogeneity_p: float
    top30_gain: Estimate
    value: PolicyValue
    spend_curve: SpendCurve
    overall: RankingScores
    arms: tuple[RankingScores, ...]


def judge_scores(
    effect_eur: NDArray[np.float64],
    *,
    arm: NDArray[np.int64],
    outcome: NDArray[np.float64],
    propensity: NDArray[np.float64],
    scores: NDArray[np.float64],
    cost_eur: Sequence[float],
    cluster: NDArray[np.int64] | None = None,
    budget_eur: float | None = None,
    standard_error_eur: NDArray[np.float64] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> ScoreJudgement:
    """Judge predicted effects on rows that no learner saw.

    Parameters
    ----------
    effect_eur : numpy.ndarray of shape (n_rows, n_arms - 1)
        Predicted effect of every arm against the control, in euro, before cost; not shrunk.
    arm : numpy.ndarray of int64, shape (n_rows,)
        Arm that was drawn, 0 for the control.
    outcome : numpy.ndarray of shape (n_rows,)
        Outcome, in euro.
    propensity : numpy.ndarray of shape (n_rows, n_arms)
        Probability of every arm, the control first; only that of the arm that was drawn is read.
    scores : numpy.ndarray of shape (n_rows, n_arms)
        Doubly robust scores, in euro, from models that did not see the row.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro, at least 0.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.
    budget_eur : float, optional
        Most that contacts of these rows may cost in all, in euro.
    standard_error_eur : numpy.ndarray of shape (n_rows, n_arms - 1), optional
        Standard error of every predicted effect, from a learner that gives one.
    seed : int
        Seed of the half samples: the same for learners that are to be compared.
    resamples : int
        Half samples behind each standard error.

    Returns
    -------
    ScoreJudgement
        Headline figures under the names that a report gives them, and all behind them.

    Raises
    ------
    BadTrial
        If an arm or the control has no rows among these, or there are too few to have an error.
    """
    cost = np.asarray(cost_eur, np.float64)
    rows, arms = np.arange(len(arm)), effect_eur.shape[1]
    drawn = np.bincount(arm, minlength=arms + 1)
    if not drawn.all():
        raise BadTrial(f"arm number {int(np.argmin(drawn))} has no rows among those that judge: hold out more rows")
    lift = scores[:, 1:] - scores[:, :1]
    each = tuple(
        score_ranking(
            effect_eur[:, a],
            effect_eur[:, a],
            lift[:, a],
            standard_error=None if standard_error_eur is None else standard_error_eur[:, a],
            in_group=(arm == 0) | (arm == a + 1),
            treatment=(arm != 0).astype(np.int64),
            outcome=outcome,
            blp=calibration_slope(effect_eur[:, a], lift[:, a], cluster),
            cluster=cluster,
            seed=seed,
            resamples=resamples,
        )
        for a in range(arms)
    )
    best = np.argmax(effect_eur - cost, axis=1)
    own_effect, own_lift = effect_eur[rows, best], lift[rows, best]
    priority, gain = own_effect - cost[best], own_lift - cost[best]
    overall = (
        each[0]
        if arms == 1
        else score_ranking(
            priority,
            own_effect,
            own_lift,
            gain=gain,
            standard_error=None if standard_error_eur is None else standard_error_eur[rows, best],
            in_group=(arm == 0) | (arm == best + 1),
            treatment=(arm != 0).astype(np.int64),
            outcome=outcome,
            blp=pooled_slope(effect_eur, lift, cluster),
            cluster=cluster,
            seed=seed,
            resamples=resamples,
        )
    )
    top_value, top_gain = value_of_top(
        priority, scores[:, 0], gain, TOP_SHARE, cluster=cluster, resamples=resamples, seed=seed
    )
    return ScoreJudgement(
        qini_sklift=overall.qini_sklift,
        auuc_causalml=overall.auuc_causalml,
        autoc=overall.rate.autoc.value,
        autoc_se=overall.rate.autoc.standard_error,
        qini_rate=overall.rate.qini.value,
        qini_rate_se=overall.rate.qini.standard_error,
        top30_value=top_value.value,
        top30_value_se=top_value.standard_error,
        blp_slope=overall.blp.value,
        blp_slope_se=overall.blp.standard_error,
        negative_share=overall.negative.predicted,
        negative_beyond_doubt=overall.negative.beyond_doubt,
        heterogeneity_p=heterogeneity_p([one.rate.autoc for one in each]),
        top30_gain=top_gain,
        value=policy_value(
            "best policy",
            choose(effect_eur, cost_eur, budget_eur),
            arm=arm,
            outcome=outcome,
            propensity=propensity[rows, arm],
            scores=scores,
            cost_eur=np.r_[0.0, cost],
            cluster=cluster,
        ),
        spend_curve=spend_curve(effect_eur, lift, cost_eur, cluster=cluster, resamples=resamples, seed=seed),
        overall=overall,
        arms=each,
    )
