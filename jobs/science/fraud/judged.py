"""Rows that a fraud model is judged on: what was decided, and what was true."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jobs.errors import BadRows
from jobs.science.fraud.decision import DECLINE, REVIEW, Costs, DecisionPolicy


@dataclass(frozen=True)
class Judged:
    """Transactions that neither the model nor its calibration has seen; arrays of shape (n_transactions,).

    Parameters
    ----------
    day : ndarray of int
        Number of the day.
    card : ndarray of int
        Number of the customer, from 0.
    is_fraud : ndarray of bool
        The truth.
    amount_eur : ndarray of float
        Amounts, euro.
    margin : ndarray of float
        Log odds as the model gives them; higher is more suspect.
    probability : ndarray of float
        Calibrated, in (0, 1).
    outcome : ndarray of str
        What the policy does with them.
    costs : Costs
        What that costs.
    """

    day: NDArray[np.int64]
    card: NDArray[np.int64]
    is_fraud: NDArray[np.bool_]
    amount_eur: NDArray[np.float64]
    margin: NDArray[np.float64]
    probability: NDArray[np.float64]
    outcome: NDArray[np.str_]
    costs: Costs

    @property
    def looked_at(self) -> NDArray[np.bool_]:
        """Rows above the review threshold: reviewed, or declined at once."""
        return np.isin(self.outcome, (REVIEW, DECLINE))

    def part(self, rows: NDArray[np.bool_]) -> "Judged":
        """Return some of the rows."""
        return Judged(
            self.day[rows],
            self.card[rows],
            self.is_fraud[rows],
            self.amount_eur[rows],
            self.margin[rows],
            self.probability[rows],
            self.outcome[rows],
            self.costs,
        )


def judged_rows(
    day: ArrayLike,
    customer: ArrayLike,
    is_fraud: ArrayLike,
    amount_eur: ArrayLike,
    margin: ArrayLike,
    probability: ArrayLike,
    policy: DecisionPolicy,
) -> Judged:
    """Bring rows into the form that is judged, and decide on them.

    Parameters
    ----------
    day, customer, is_fraud, amount_eur, margin, probability : array-like of shape (n_transactions,)
        Day's number, customer id of any type, label (0 or 1), euro, log odds, calibrated probability.
    policy : DecisionPolicy
        Decides the outcomes.

    Returns
    -------
    Judged
        The rows.

    Raises
    ------
    BadRows
        If the rows do not hold both fraud and genuine transactions.
    """
    y = np.asarray(is_fraud).astype(bool)
    if not 0 < y.sum() < y.size:
        raise BadRows(
            f"judged rows: {int(y.sum())} of {y.size} are fraud, and both kinds are needed; judge more days of labels."
        )
    amount, p = np.asarray(amount_eur, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    return Judged(
        day=np.asarray(day, dtype=np.int64),
        card=np.unique(np.asarray(customer), return_inverse=True)[1].astype(np.int64),
        is_fraud=y,
        amount_eur=amount,
        margin=np.asarray(margin, dtype=np.float64),
        probability=p,
        outcome=policy.decide(p, amount),
        costs=policy.costs,
    )
