"""Who gets which arm: policies as probabilities, within a budget."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_HALVINGS = 60


def choose(
    effect_eur: NDArray[np.float64], cost_eur: Sequence[float], budget_eur: float | None = None
) -> NDArray[np.float64]:
    """Give every customer the arm that adds most net of cost, or none, within a budget.

    The budget's price is found by halving: an arm is worth its effect less its cost and less the price of the
    euros it takes. Customers whom the last halving cannot tell apart are treated with a probability, so that the
    budget is met exactly and ties favour nobody.

    Parameters
    ----------
    effect_eur : numpy.ndarray of shape (n_customers, n_arms - 1)
        Expected effect of every arm against the control, in euro.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro, at least 0.
    budget_eur : float, optional
        Most that contacts may cost in all, in euro; no limit by default.

    Returns
    -------
    numpy.ndarray of shape (n_customers, n_arms)
        Probability of every arm, the control first; a row sums to 1.

    Examples
    --------
    >>> choose(np.array([[3.0], [2.0], [-1.0]]), [1.0]).tolist()
    [[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]
    >>> choose(np.array([[3.0], [2.0], [-1.0]]), [1.0], budget_eur=1.5).round(6).tolist()
    [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]
    """
    cost = np.asarray(cost_eur, np.float64)
    free = _best(effect_eur, cost, 0.0)
    if budget_eur is None or spend(free, cost_eur) <= budget_eur:
        return free
    low, high = 0.0, 1.0
    while spend(within := _best(effect_eur, cost, high), cost_eur) > budget_eur:
        low, high = high, 2.0 * high
    beyond = _best(effect_eur, cost, low)
    for _ in range(_HALVINGS):
        price = 0.5 * (low + high)
        tried = _best(effect_eur, cost, price)
        if spend(tried, cost_eur) > budget_eur:
            low, beyond = price, tried
        else:
            high, within = price, tried
    more, less = spend(beyond, cost_eur), spend(within, cost_eur)
    share = (budget_eur - less) / (more - less)
    return share * beyond + (1.0 - share) * within


def one_arm(
    arm: int, n_customers: int, cost_eur: Sequence[float], budget_eur: float | None = None
) -> NDArray[np.float64]:
    """Give everyone one arm, or as many as the budget pays for, drawn at random.

    Parameters
    ----------
    arm : int
        Code of the arm, 0 for the control: nobody is treated.
    n_customers : int
        Customers there are.
    cost_eur : sequence of float, length n_arms - 1
        Cost of contact of every arm, in euro.
    budget_eur : float, optional
        Most that contacts may cost in all, in euro.

    Returns
    -------
    numpy.ndarray of shape (n_customers, n_arms)
        Probability of every arm, the control first.

    Examples
    --------
    >>> one_arm(1, 2, [2.0], budget_eur=1.0).tolist()
    [[0.75, 0.25], [0.75, 0.25]]
    """
    policy = np.zeros((n_customers, len(cost_eur) + 1))
    if arm == 0 or n_customers == 0:
        policy[:, 0] = 1.0
        return policy
    share = affordable_share(cost_eur[arm - 1], None if budget_eur is None else budget_eur / n_customers)
    policy[:, arm] = share
    policy[:, 0] = 1.0 - share
    return policy


def affordable_share(cost_eur: float, budget_each_eur: float | None) -> float:
    """Return the share of customers that a budget pays an arm for, in [0, 1].

    Examples
    --------
    >>> affordable_share(2.0, budget_each_eur=0.5), affordable_share(0.0, 0.5), affordable_share(2.0, None)
    (0.25, 1.0, 1.0)
    """
    if budget_each_eur is None or cost_eur <= budget_each_eur:
        return 1.0
    return budget_each_eur / cost_eur


def spend(policy: NDArray[np.float64], cost_eur: Sequence[float]) -> float:
    """Return what the contacts of a policy cost in all, in euro."""
    return float(np.sum(policy[:, 1:], axis=0) @ np.asarray(cost_eur, np.float64))


def treated_share(policy: NDArray[np.float64]) -> float:
    """Return the share of customers that a policy treats, in [0, 1]."""
    return float(1.0 - np.mean(policy[:, 0]))


def _best(effect_eur: NDArray[np.float64], cost: NDArray[np.float64], price: float) -> NDArray[np.float64]:
    net = effect_eur - (1.0 + price) * cost
    arm = np.argmax(net, axis=1)
    rows = np.arange(len(net))
    arm = np.where(net[rows, arm] > 0.0, arm + 1, 0)
    policy = np.zeros((len(net), effect_eur.shape[1] + 1))
    policy[rows, arm] = 1.0
    return policy
