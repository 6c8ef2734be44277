"""What other budgets would bring: the value of the best offers at each of several budgets."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest
from jobs.science.offers.allocate import allocate
from jobs.science.offers.problem import Bools, Floats

SAMPLE_ROWS = 20_000


@dataclass(frozen=True)
class BudgetCurve:
    """Value and spend at each budget.

    Parameters
    ----------
    budget_eur : ndarray of shape (m,)
        Budgets, rising.
    value_eur : ndarray of shape (m,)
        Value of the best offers found at each, never falling.
    spend_eur : ndarray of shape (m,)
        What they take of the budget.
    customers : int
        Customers that were looked at: all, or a sample scaled up to all.
    """

    budget_eur: Floats
    value_eur: Floats
    spend_eur: Floats
    customers: int


def budget_curve(
    value: npt.NDArray[np.float32],
    cost: npt.ArrayLike,
    budgets_eur: npt.ArrayLike,
    caps: npt.ArrayLike | None = None,
    eligible: Bools | None = None,
    *,
    seed: int = 0,
) -> BudgetCurve:
    """Allocate at each of several budgets.

    Beyond 20,000 customers a random sample of that size is allocated under budgets and caps in proportion, and scaled
    up: the curve is for the eye, the night's own budget has its own exact answer.

    Parameters
    ----------
    value : array-like of shape (n, k)
        Net euro of giving arm j to customer i.
    cost : array-like of shape (n, k) or (k,)
        Euro of budget it takes.
    budgets_eur : array-like of shape (m,)
        Budgets, >= 0, m >= 1; they are sorted.
    caps, eligible, seed
        As for `allocate`.

    Returns
    -------
    BudgetCurve

    Raises
    ------
    BadRequest
        If there is no budget, or one is negative.

    Examples
    --------
    >>> budget_curve(np.array([[3.0], [2.0]], np.float32), [1.0], [0.0, 1.0, 5.0]).value_eur.tolist()
    [0.0, 3.0, 5.0]
    """
    budgets = np.sort(np.asarray(budgets_eur, dtype=np.float64))
    if budgets.ndim != 1 or not len(budgets):
        raise BadRequest(f"budgets_eur has shape {budgets.shape}, must be at least one budget.")
    n = len(value)
    share = min(1.0, SAMPLE_ROWS / n) if n else 1.0
    costs = np.asarray(cost)
    if share < 1:
        some = np.sort(np.random.default_rng(seed).choice(n, SAMPLE_ROWS, replace=False))
        value = value[some]
        costs = costs[some] if costs.ndim == 2 else costs
        eligible = None if eligible is None else eligible[some]
        caps = None if caps is None else np.round(np.asarray(caps, dtype=np.float64) * share)
    answers = [allocate(value, costs, float(b) * share, caps, eligible, seed=seed) for b in budgets]
    # What fits a smaller budget fits a larger one, so that the best found so far is on offer there too.
    return BudgetCurve(
        budget_eur=budgets,
        value_eur=np.maximum.accumulate([a.value_eur / share for a in answers]),
        spend_eur=np.array([a.spend_eur / share for a in answers]),
        customers=len(value),
    )
