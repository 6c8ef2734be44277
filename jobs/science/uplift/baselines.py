"""The policies that a learner has to beat: nobody, random, response model, constant effect, best single arm."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.science.uplift.policy import affordable_share, choose, one_arm

NOBODY = "nobody"
BEST_ARM = "best single arm"
RANDOM = "random"
RESPONSE = "response model"
CONSTANT = "constant effect"
PERSONALISED = "personalised"


def baseline_policies(
    personalised: NDArray[np.float64],
    response: NDArray[np.float64],
    level_eur: Sequence[float],
    cost_eur: Sequence[float],
    budget_eur: float | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Build every baseline for the rows that judge.

    Parameters
    ----------
    personalised : numpy.ndarray of shape (n_rows, n_arms)
        The learner's policy; random and response model treat as many rows as it does.
    response : numpy.ndarray of shape (n_rows, n_arms)
        Expected outcome under every arm, control first.
    level_eur : sequence of float, length n_arms - 1
        Mean effect of every arm on other rows than these, in euro.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro.
    budget_eur : float, optional
        Most that contacts of these rows may cost, in euro.

    Returns
    -------
    dict of str to numpy.ndarray of shape (n_rows, n_arms)
        "nobody"; "best single arm", for everyone the budget reaches; "random", any arm to anybody; "response model",
        the best arm for those most likely to buy with it; "constant effect", the arms' mean effects for everyone.
    """
    n_rows, n_arms = personalised.shape
    treated = float(np.sum(1.0 - personalised[:, 0]))
    each = None if budget_eur is None else budget_eur / max(n_rows, 1)
    net = [(level - cost) * affordable_share(cost, each) for level, cost in zip(level_eur, cost_eur, strict=True)]
    best_arm = int(np.argmax(net)) + 1
    constant = np.tile(np.asarray(level_eur, np.float64), (n_rows, 1))
    return {
        NOBODY: one_arm(0, n_rows, cost_eur),
        BEST_ARM: one_arm(best_arm, n_rows, cost_eur, budget_eur),
        RANDOM: _uniform(n_rows, n_arms, treated / n_rows, cost_eur, budget_eur),
        RESPONSE: _top(response[:, best_arm], best_arm, n_arms, treated, cost_eur, budget_eur),
        CONSTANT: choose(constant, cost_eur, budget_eur),
    }


def _uniform(
    n_rows: int, n_arms: int, share: float, cost_eur: Sequence[float], budget_eur: float | None
) -> NDArray[np.float64]:
    mean_cost = float(np.mean(np.asarray(cost_eur, np.float64)))
    if budget_eur is not None and share * n_rows * mean_cost > budget_eur:
        share = budget_eur / (n_rows * mean_cost)
    policy = np.full((n_rows, n_arms), share / (n_arms - 1))
    policy[:, 0] = 1.0 - share
    return policy


def _top(
    ranking: NDArray[np.float64],
    arm: int,
    n_arms: int,
    treated: float,
    cost_eur: Sequence[float],
    budget_eur: float | None,
) -> NDArray[np.float64]:
    cost = float(cost_eur[arm - 1])
    if budget_eur is not None and treated * cost > budget_eur:
        treated = budget_eur / cost
    chosen = np.argsort(-ranking, kind="stable")[: round(treated)]
    policy = np.zeros((len(ranking), n_arms))
    policy[:, 0] = 1.0
    policy[chosen, 0] = 0.0
    policy[chosen, arm] = 1.0
    return policy
