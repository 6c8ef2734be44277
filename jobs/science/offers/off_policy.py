"""What another policy would have earned, from offers that were drawn with logged propensities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadRequest, BadTrial
from jobs.science.offers.problem import Floats, Ints
from jobs.science.uplift.estimate import Estimate, mean_estimate
from jobs.science.uplift.policy_value import policy_value
from jobs.science.uplift.trial import draw_share

LEAST_SUPPORT = 0.95
"""Share of a policy's choices that the log must be able to speak of."""

LEAST_EFFECTIVE_ROWS = 50
"""Evenly weighted rows that an estimate must be worth at least."""

_SURELY_OFF = 4.0
"""Standard errors by which the mean weight must be off before the propensities are called wrong."""


@dataclass(frozen=True)
class Logged:
    """Offers as they were drawn.

    Parameters
    ----------
    arm : numpy.ndarray of int64, shape (n_rows,)
        Arm that was drawn.
    outcome : numpy.ndarray of shape (n_rows,)
        What was measured afterwards, euro.
    propensity : numpy.ndarray of shape (n_rows,)
        Probability of the arm that was drawn, in (0, 1].
    cost_eur : numpy.ndarray of shape (n_arms,)
        Cost of contact of every arm, euro, not yet taken off the outcome.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Customer, or group, of each row; rows of one may depend on each other.
    propensities : numpy.ndarray of shape (n_rows, n_arms), optional
        Probability of every arm that could have been drawn, 0 of the others; where it is known, what the log can
        speak of is known too, not estimated.
    """

    arm: Ints
    outcome: Floats
    propensity: Floats
    cost_eur: Floats
    cluster: Ints | None = None
    propensities: Floats | None = None


@dataclass(frozen=True)
class OffPolicyValue:
    """A policy's value for one customer, euro, contact costs taken off, and how much of the log speaks of it.

    Parameters
    ----------
    ips, snips, doubly_robust : Estimate
        Value by inverse propensity, the same normalised by its weights, and doubly robust.
    logged : Estimate
        What the logged offers earned.
    gain : Estimate
        Doubly robust value less what the logged offers earned, paired row by row.
    rows, clusters : int
        Rows, and customers or groups, that the estimates rest on.
    effective_rows : float
        Rows of even weight that would be as sure: (sum of weights)^2 / sum of squared weights.
    supported : Estimate
        Share of the policy's choices that could have been drawn, in [0, 1]; without error where all propensities are
        known.
    support_known : bool
        Whether all propensities are known, so that the supported share is no estimate.
    mean_weight : Estimate
        Mean of the weights before clipping; its expectation is the supported share.
    largest_weight : float
        Largest weight before clipping.
    max_weight : float or None
        Weight at which larger ones were clipped; None: none was.
    clipped_rows : int
        Rows whose weight was clipped.
    clipped_share : float
        Part of the sum of weights that clipping took away, in [0, 1): the estimates are biased by what it held.
    """

    ips: Estimate
    snips: Estimate
    doubly_robust: Estimate
    logged: Estimate
    gain: Estimate
    rows: int
    clusters: int
    effective_rows: float
    supported: Estimate
    support_known: bool
    mean_weight: Estimate
    largest_weight: float
    max_weight: float | None
    clipped_rows: int
    clipped_share: float


def off_policy_value(
    policy: Floats, logged: Logged, response: Floats | None = None, *, max_weight: float | None = None
) -> OffPolicyValue:
    """Estimate what a policy would have earned on the customers of a log.

    Parameters
    ----------
    policy : numpy.ndarray of shape (n_rows, n_arms)
        Probability of every arm under the policy; decided without the rows' own outcomes.
    logged : Logged
        What was drawn, with which probability, and what came of it.
    response : numpy.ndarray of shape (n_rows, n_arms), optional
        Expected outcome under every arm, euro, from models that did not see the row; by default
        :func:`mean_response`. A poor one costs width, never truth.
    max_weight : float, optional
        Larger weights are clipped to it, > 0: surer, and biased. By default none is.

    Returns
    -------
    OffPolicyValue
        Estimates with 95% intervals; clusters stay together in them.

    References
    ----------
    Dudik, Erhan, Langford and Li (2014), Doubly robust policy evaluation and optimization. Statistical Science 29.
    Swaminathan and Joachims (2015), The self-normalized estimator for counterfactual learning. NeurIPS.

    Examples
    --------
    >>> half = Logged(np.array([0, 1, 1, 0]), np.array([1.0, 3.0, 5.0, 1.0]), np.full(4, 0.5), np.zeros(2))
    >>> found = off_policy_value(np.tile([0.0, 1.0], (4, 1)), half)
    >>> found.snips.value, found.logged.value, found.effective_rows
    (4.0, 2.5, 2.0)
    """
    rows = np.arange(len(logged.arm))
    weight = policy[rows, logged.arm] / logged.propensity
    if max_weight is None:
        propensity, used = logged.propensity, weight
    elif max_weight > 0:
        # A larger propensity where the weight would be too large: all three estimates then clip alike.
        propensity = np.maximum(logged.propensity, policy[rows, logged.arm] / max_weight)
        used = np.minimum(weight, max_weight)
    else:
        raise BadRequest(f"max_weight == {max_weight:g}, must be above 0: leave it out to clip nothing.")
    expected = mean_response(logged, policy.shape[1]) if response is None else response
    scores = expected.astype(np.float64, copy=True)
    scores[rows, logged.arm] += (logged.outcome - expected[rows, logged.arm]) / propensity
    value = policy_value(
        "evaluated",
        policy,
        arm=logged.arm,
        outcome=logged.outcome,
        propensity=propensity,
        scores=scores,
        cost_eur=logged.cost_eur,
        cluster=logged.cluster,
    )
    earned = logged.outcome - logged.cost_eur[logged.arm]
    terms = np.sum(policy * (scores - logged.cost_eur), axis=1)
    total, squares = float(used.sum()), float((used**2).sum())
    mean_weight = mean_estimate(weight, logged.cluster)
    return OffPolicyValue(
        ips=value.ips,
        snips=value.snips,
        doubly_robust=value.doubly_robust,
        logged=mean_estimate(earned, logged.cluster),
        gain=mean_estimate(terms - earned, logged.cluster),
        rows=len(rows),
        clusters=len(rows) if logged.cluster is None else len(np.unique(logged.cluster)),
        effective_rows=total**2 / squares if squares else 0.0,
        supported=_supported(policy, logged, mean_weight),
        support_known=logged.propensities is not None,
        mean_weight=mean_weight,
        largest_weight=float(weight.max(initial=0.0)),
        max_weight=max_weight,
        clipped_rows=int((weight > used).sum()),
        clipped_share=1.0 - total / float(weight.sum()) if total else 0.0,
    )


def mean_response(logged: Logged, arms: int, seed: int = 0) -> NDArray[np.float64]:
    """Return each arm's mean outcome on the other half of the rows, weighted so that it speaks of all customers.

    Parameters
    ----------
    logged : Logged
        The log; clusters lie in one half.
    arms : int
        Number of arms.
    seed : int
        Seed of the halves.

    Returns
    -------
    numpy.ndarray of shape (n_rows, n_arms)
        Euro; the mean of all arms where one has no row.
    """
    response = np.zeros((len(logged.arm), arms))
    cluster = None if logged.cluster is None else np.unique(logged.cluster, return_inverse=True)[1].astype(np.int64)
    first = draw_share(logged.arm, cluster, 0.5, seed)
    for half in (first, ~first):
        arm, weight = logged.arm[~half], 1.0 / logged.propensity[~half]
        of_all = float(np.average(logged.outcome[~half], weights=weight)) if len(arm) else 0.0
        total = np.bincount(arm, weights=weight, minlength=arms)
        summed = np.bincount(arm, weights=weight * logged.outcome[~half], minlength=arms)
        response[half] = np.where(total > 0, summed / np.where(total > 0, total, 1.0), of_all)
    return response


def must_overlap(
    value: OffPolicyValue,
    *,
    least_support: float = LEAST_SUPPORT,
    least_effective_rows: float = LEAST_EFFECTIVE_ROWS,
    changed_share: float = 0.0,
) -> None:
    """Refuse estimates that the log cannot carry.

    Parameters
    ----------
    value : OffPolicyValue
        The estimates.
    least_support : float
        Share of the policy's choices that could have been drawn, at least, in [0, 1].
    least_effective_rows : float
        Effective rows, at least.
    changed_share : float
        Share of the draws that limits changed and that are left out, in [0, 1): what is left may not be what was drawn.

    Raises
    ------
    BadTrial
        If the overlap is too thin, or the weights show that the propensities are not those of the draw.
    """
    if value.supported.high < least_support:
        raise BadTrial(
            f"overlap is too thin: {1 - value.supported.value:.1%} of what the policy chooses could not have been "
            f"drawn, at most {1 - least_support:.0%} may be: judge a policy nearer to the logged one, or explore more."
        )
    if value.effective_rows < least_effective_rows:
        raise BadTrial(
            f"overlap is too thin: {value.rows:,} rows are worth {value.effective_rows:.1f} of even weight, at least "
            f"{least_effective_rows:g} are needed: log more rows, explore more, or clip the weights."
        )
    expected = value.supported.value if value.support_known else 1.0
    off = value.mean_weight.value - expected
    if (abs(off) if value.support_known else off) > max(1e-6, _SURELY_OFF * value.mean_weight.standard_error):
        why = (
            f"limits changed {changed_share:.1%} of the draws, so that those left are not what was drawn: explore a "
            "smaller share, or less warmly."
            if changed_share > 0
            else "the propensities are not those that the arms were drawn with, log them at the decision."
        )
        bound = "they must" if value.support_known else "they can at most"
        raise BadTrial(f"the weights average {value.mean_weight.value:.3g} where {bound} average {expected:.3g}: {why}")


def _supported(policy: Floats, logged: Logged, mean_weight: Estimate) -> Estimate:
    if logged.propensities is not None:
        return Estimate(float(np.mean(np.sum(policy * (logged.propensities > 0), axis=1))), 0.0)
    drawn = np.bincount(logged.arm, minlength=policy.shape[1]) > 0
    if not drawn[policy.max(axis=0, initial=0.0) > 0].all():
        # An arm of which the log has no row: nothing is known of its share.
        known = float(np.mean(policy[:, drawn].sum(axis=1)))
        if known < mean_weight.value:
            return Estimate(known, 0.0)
    return Estimate(min(1.0, mean_weight.value), mean_weight.standard_error)
