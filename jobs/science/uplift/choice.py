"""Which learner is put to work: chosen inside the training rows, so that the rows that judge it did not choose it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.calibration import calibrate, promised_effects
from jobs.science.uplift.estimate import Estimate, mean_estimate
from jobs.science.uplift.learners.fit import fit_learner
from jobs.science.uplift.learners.fitted import Learning
from jobs.science.uplift.policy import choose
from jobs.science.uplift.policy_value import doubly_robust_terms
from jobs.science.uplift.trial import draw_share

DOUBTLESS = 3.29
"""Standard errors by which a learner must earn less to be out: in 1 of 1,000 pairs that are equal it looks so."""


@dataclass(frozen=True)
class LearnerChoice:
    """What the training rows say of one learner, each half of them judged by a fit to the other half.

    Parameters
    ----------
    learner : str
        Name of the learner.
    excess_loss : Estimate
        Doubly robust squared error of its shrunk effects, less that of the chosen learner, in squared euro; 0 for the
        chosen one. It estimates how much further from the true effects they are.
    value_eur : Estimate
        What choosing customers by it earns more than choosing them by the chosen learner, in euro a customer.
    """

    learner: str
    excess_loss: Estimate
    value_eur: Estimate


@dataclass(frozen=True)
class Choice:
    """The learner that is put to work, and why.

    Parameters
    ----------
    learner : str
        Its name.
    reason : str
        Why, in one sentence.
    candidates : tuple of LearnerChoice
        All that could have been chosen, in the order given. Both figures are 0 where nothing was compared: one learner
        alone, or clusters that cannot be cut in two.
    """

    learner: str
    reason: str
    candidates: tuple[LearnerChoice, ...]


def choose_learner(
    names: Sequence[str],
    learning: Learning,
    lift: NDArray[np.float64],
    cost_eur: Sequence[float],
    budget_each_eur: float | None = None,
) -> Choice:
    """Choose among learners by two-fold cross-fitting on the training rows alone.

    A learner whose choice of customers, made with its shrunk effects, earns beyond doubt less than that of the best
    one (paired contrast, clusters kept together) is out. Of those left, whom policy values can seldom tell apart, the
    one whose shrunk effects have the smallest doubly robust squared error is taken: its expectation is the distance
    from the true effects, plus what no learner can change. For that one figure the shrinkage is measured on all
    training rows: one slope an arm hardly fits their noise, where slopes of half the rows would add noise of their own;
    without any, learners that need many rows would be judged by how wild they are on half of them.

    Parameters
    ----------
    names : sequence of str
        Learners that can be put to work, at least one.
    learning : Learning
        The training rows.
    lift : numpy.ndarray of shape (n_rows, arms - 1)
        Doubly robust scores of these rows against the control, in euro, cross-fitted.
    cost_eur : sequence of float, length arms - 1
        Cost of contact of every arm, in euro.
    budget_each_eur : float, optional
        Budget for one customer, in euro.

    Returns
    -------
    Choice
        The learner, the reason, and the paired differences.
    """
    if len(names) == 1:
        none = Estimate(0.0, 0.0)
        return Choice(names[0], "It was the only learner to choose from.", (LearnerChoice(names[0], none, none),))
    first = draw_share(learning.arm, learning.cluster, 0.5, learning.seed + 2)
    if any(len(np.unique(learning.arm[half])) < learning.arms for half in (first, ~first)):
        none = Estimate(0.0, 0.0)
        return Choice(
            names[0],
            f"{names[0]}, the first named: the clusters of the training rows are too few to hold learners against "
            "each other.",
            tuple(LearnerChoice(n, none, none) for n in names),
        )
    cost = np.array([0.0, *cost_eur])
    scores = np.column_stack([np.zeros(len(lift)), lift])
    loss, earned = {}, {}
    for name in names:
        effect = _out_of_fold(name, learning, first)
        slopes = calibrate(effect, lift, np.mean(lift, axis=0))
        shrunk = np.column_stack([arm.apply(effect[:, i]) for i, arm in enumerate(slopes)])
        loss[name] = np.mean((lift - shrunk) ** 2, axis=1)
        promised = promised_effects(effect, lift, lift[:0], first)
        policy = np.empty((len(lift), learning.arms))
        for here in (first, ~first):
            budget = None if budget_each_eur is None else budget_each_eur * int(here.sum())
            policy[here] = choose(promised[here], cost_eur, budget)
        earned[name] = doubly_robust_terms(policy, scores, cost)
    best = max(names, key=lambda n: float(np.mean(earned[n])))
    left = [n for n in names if not _less_beyond_doubt(mean_estimate(earned[n] - earned[best], learning.cluster))]
    chosen = min(left, key=lambda n: float(np.mean(loss[n])))
    out = [n for n in names if n not in left]
    return Choice(
        chosen,
        _reason(chosen, best, len(left), out),
        tuple(
            LearnerChoice(
                n,
                mean_estimate(loss[n] - loss[chosen], learning.cluster),
                mean_estimate(earned[n] - earned[chosen], learning.cluster),
            )
            for n in names
        ),
    )


def _less_beyond_doubt(difference: Estimate) -> bool:
    return difference.value + DOUBTLESS * difference.standard_error < 0.0


def _out_of_fold(name: str, learning: Learning, first: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return every training row's effects by a fit to the half that it is not in."""
    effect = np.empty((len(first), learning.arms - 1))
    for here in (first, ~first):
        there = ~here
        half = replace(
            learning,
            matrix=learning.matrix[there],
            arm=learning.arm[there],
            outcome=learning.outcome[there],
            propensity=learning.propensity[there],
            weight=None if learning.weight is None else learning.weight[there],
            cluster=None if learning.cluster is None else learning.cluster[there],
        )
        effect[here] = fit_learner(name, half).effect(learning.matrix[here])
    return effect


def _reason(chosen: str, best: str, left: int, out: Sequence[str]) -> str:
    nearest = "its effects come nearest to the doubly robust scores of training rows that it was not fitted to"
    worse = f"; {' and '.join(out)} earned beyond doubt less than {best} there" if out else ""
    if left == 1:
        return f"{chosen} earned beyond doubt more than any other learner on training rows that it was not fitted to."
    return f"{chosen}: {nearest}{worse}."
