"""Every policy that a trial judges: choosing by each learner, the baselines, each arm for everyone."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.baselines import PERSONALISED, baseline_policies
from jobs.science.uplift.policy import choose, one_arm


def everyone(arm: str) -> str:
    """Return the name of the policy that gives everyone an arm.

    Examples
    --------
    >>> everyone("voucher")
    'voucher for everyone'
    """
    return f"{arm} for everyone"


def personalised_by(learner: str) -> str:
    """Return the name of the policy that chooses customers by a learner that was not chosen.

    Examples
    --------
    >>> personalised_by("DRLearner")
    'personalised by DRLearner'
    """
    return f"{PERSONALISED} by {learner}"


def judged_policies(
    promised: Mapping[str, NDArray[np.float64]],
    chosen: str,
    *,
    response: NDArray[np.float64],
    lift: NDArray[np.float64],
    own_lift: NDArray[np.float64],
    first: NDArray[np.bool_],
    arms: Sequence[str],
    cost_eur: Sequence[float],
    budget_each_eur: float | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Build them for the untouched rows, each half by what other rows measured.

    Parameters
    ----------
    promised : mapping of str to ndarray of shape (n_rows, n_arms - 1)
        Shrunk effects by learner, each half of the rows shrunk by the others, in euro.
    chosen : str
        The learner that is put to work.
    response : ndarray of shape (n_rows, n_arms)
        Expected outcome under every arm, control first.
    lift, own_lift : ndarray of shape (n_rows, n_arms - 1) and (n_train, n_arms - 1)
        Doubly robust scores against the control, of these rows and of the training rows.
    first : ndarray of bool, shape (n_rows,)
        Which rows are the first half.
    arms : sequence of str
        Names of the arms, the control first.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro.
    budget_each_eur : float, optional
        Budget for one customer, in euro.

    Returns
    -------
    dict of str to ndarray of shape (n_rows, n_arms)
        Probability of every arm, control first, by the policy's name; the chosen learner's is "personalised".
    """
    policies: dict[str, NDArray[np.float64]] = {}
    for here in (first, ~first):
        level = np.mean(np.concatenate([own_lift, lift[~here]]), axis=0)
        budget = None if budget_each_eur is None else budget_each_eur * int(here.sum())
        personalised = choose(promised[chosen][here], cost_eur, budget)
        built = {
            PERSONALISED: personalised,
            **baseline_policies(personalised, response[here], level.tolist(), cost_eur, budget),
            **{
                personalised_by(name): choose(effect[here], cost_eur, budget)
                for name, effect in promised.items()
                if name != chosen
            },
        }
        for name, policy in built.items():
            policies.setdefault(name, np.empty((len(first), len(arms))))[here] = policy
    budget_all = None if budget_each_eur is None else budget_each_eur * len(first)
    return policies | {everyone(arms[a]): one_arm(a, len(first), cost_eur, budget_all) for a in range(1, len(arms))}
