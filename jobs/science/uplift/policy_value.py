"""What a policy would have earned, from a trial that drew its arms with known probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.estimate import Estimate, mean_estimate, sum_error


@dataclass(frozen=True)
class PolicyValue:
    """A policy's value for one customer, in the outcome's unit (euro), contact costs taken off.

    Parameters
    ----------
    name : str
        Name of the policy.
    ips, snips, doubly_robust : Estimate
        Value by inverse propensity, the same normalised by its weights, and by doubly robust scores.
    gain : Estimate
        Doubly robust value less that of treating nobody, paired row by row.
    treated_share : float
        Share of customers treated, in [0, 1].
    """

    name: str
    ips: Estimate
    snips: Estimate
    doubly_robust: Estimate
    gain: Estimate
    treated_share: float


@dataclass(frozen=True)
class Contrast:
    """A paired difference of two policies, in euro for one customer.

    Parameters
    ----------
    policy, against : str
        Names of the two.
    difference : Estimate
        Doubly robust value of `policy` less that of `against`.
    """

    policy: str
    against: str
    difference: Estimate


def doubly_robust_terms(
    policy: NDArray[np.float64], scores: NDArray[np.float64], cost_eur: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what each row says a policy earns; the mean is its value, differences of rows are paired.

    Parameters
    ----------
    policy : numpy.ndarray of shape (n_rows, n_arms)
        Probability of every arm, control first, decided without the row's own outcome.
    scores : numpy.ndarray of shape (n_rows, n_arms)
        Doubly robust scores, in euro.
    cost_eur : numpy.ndarray of shape (n_arms,)
        Cost of contact of every arm, in euro; 0 for the control.
    """
    return np.asarray(np.sum(policy * (scores - cost_eur), axis=1))


def policy_value(
    name: str,
    policy: NDArray[np.float64],
    *,
    arm: NDArray[np.int64],
    outcome: NDArray[np.float64],
    propensity: NDArray[np.float64],
    scores: NDArray[np.float64],
    cost_eur: NDArray[np.float64],
    cluster: NDArray[np.int64] | None = None,
) -> PolicyValue:
    """Estimate a policy's value in three ways.

    Parameters
    ----------
    name : str
        Name of the policy.
    policy : numpy.ndarray of shape (n_rows, n_arms)
        Probability of every arm, control first, decided without the row's own outcome.
    arm : numpy.ndarray of int64, shape (n_rows,)
        Arm that was drawn.
    outcome : numpy.ndarray of shape (n_rows,)
        Outcome, in euro.
    propensity : numpy.ndarray of shape (n_rows,)
        Probability of the arm that was drawn.
    scores : numpy.ndarray of shape (n_rows, n_arms)
        Doubly robust scores, in euro.
    cost_eur : numpy.ndarray of shape (n_arms,)
        Cost of contact of every arm, in euro; 0 for the control.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.

    Returns
    -------
    PolicyValue
        Estimates with 95% intervals.
    """
    rows = np.arange(len(arm))
    weight = policy[rows, arm] / propensity
    earned = outcome - cost_eur[arm]
    terms = doubly_robust_terms(policy, scores, cost_eur)
    return PolicyValue(
        name,
        ips=mean_estimate(weight * earned, cluster),
        snips=_self_normalised(weight, earned, cluster),
        doubly_robust=mean_estimate(terms, cluster),
        gain=mean_estimate(terms - scores[:, 0], cluster),
        treated_share=float(1.0 - np.mean(policy[:, 0])),
    )


def contrast(
    policy: tuple[str, NDArray[np.float64]],
    against: tuple[str, NDArray[np.float64]],
    scores: NDArray[np.float64],
    cost_eur: NDArray[np.float64],
    cluster: NDArray[np.int64] | None = None,
) -> Contrast:
    """Set two policies against each other on the same rows.

    Parameters
    ----------
    policy, against : tuple of (str, numpy.ndarray of shape (n_rows, n_arms))
        Name and probabilities of each.
    scores : numpy.ndarray of shape (n_rows, n_arms)
        Doubly robust scores, in euro.
    cost_eur : numpy.ndarray of shape (n_arms,)
        Cost of contact of every arm, in euro; 0 for the control.
    cluster : numpy.ndarray of int64, shape (n_rows,), optional
        Group of each row.

    Examples
    --------
    >>> treat, leave = np.array([[0.0, 1.0]] * 2), np.array([[1.0, 0.0]] * 2)
    >>> scores = np.array([[0.0, 2.0], [0.0, 4.0]])
    >>> contrast(("all", treat), ("nobody", leave), scores, np.array([0.0, 1.0])).difference.value
    2.0
    """
    terms = doubly_robust_terms(policy[1] - against[1], scores, cost_eur)
    return Contrast(policy[0], against[0], mean_estimate(terms, cluster))


def _self_normalised(
    weight: NDArray[np.float64], earned: NDArray[np.float64], cluster: NDArray[np.int64] | None
) -> Estimate:
    total = float(np.sum(weight))
    if total == 0.0:  # no row was drawn into an arm that the policy would choose
        return Estimate(0.0, float("inf"))
    value = float(np.sum(weight * earned)) / total
    return Estimate(value, sum_error(weight * (earned - value), cluster) / total)
