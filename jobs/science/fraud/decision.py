"""What to do with a payment: approve it, have somebody look at it, decline it; whichever costs least.

A payment of `a` euro that is fraud with probability `p` is expected to cost

- ``p a loss_share`` if it is approved: the loss of a fraud that goes through;
- ``review_eur`` if somebody looks at it and finds the truth;
- ``(1 - p) insult_eur`` if it is declined: what a good customer who is turned away costs.

Where reviewers are fewer than the payments worth a review, a review must save more than nothing: its
price is chosen so that as many remain as can be looked at.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jobs.errors import BadRequest

Outcome = Literal["approve", "review", "decline", "not_assessed"]
APPROVE: Outcome = "approve"
REVIEW: Outcome = "review"
DECLINE: Outcome = "decline"
NOT_ASSESSED: Outcome = "not_assessed"
OUTCOMES: tuple[Outcome, ...] = (APPROVE, REVIEW, DECLINE, NOT_ASSESSED)


@dataclass(frozen=True)
class Costs:
    """What the three outcomes cost.

    Parameters
    ----------
    review_eur : float
        One review, in euro, above 0.
    loss_share : float
        Share of the amount that is lost when a fraud goes through, in (0, 1].
    insult_eur : float
        A good customer whose payment is declined, in euro, at least 0.
    """

    review_eur: float = 5.0
    loss_share: float = 1.0
    insult_eur: float = 20.0

    def __post_init__(self) -> None:
        """Refuse costs that cannot be."""
        if not 0 < self.review_eur < np.inf:
            raise BadRequest(f"review_eur is {self.review_eur:g} euro; give what one review costs, above 0.")
        if not 0 < self.loss_share <= 1:
            raise BadRequest(f"loss_share is {self.loss_share:g}; give the lost share of the amount, in (0, 1].")
        if not 0 <= self.insult_eur < np.inf:
            raise BadRequest(f"insult_eur is {self.insult_eur:g} euro; give what a wrong decline costs, at least 0.")


@dataclass(frozen=True)
class DecisionPolicy:
    """Which outcome a payment gets.

    Parameters
    ----------
    costs : Costs
        What the outcomes cost.
    review_price_eur : float
        What a review must save beyond its own cost, in euro, at least 0: 0 where all that are worth a
        review can be looked at, more where reviewers are few.

    Examples
    --------
    >>> policy = DecisionPolicy(Costs(review_eur=5, insult_eur=50))
    >>> policy.decide([0.001, 0.2, 0.99, float("nan")], [40, 60, 800, 10]).tolist()
    ['approve', 'review', 'decline', 'not_assessed']
    """

    costs: Costs = Costs()
    review_price_eur: float = 0.0

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change whenever the policy does."""
        said = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    def decide(self, probability: ArrayLike, amount_eur: ArrayLike) -> NDArray[np.str_]:
        """Return the outcome of each payment.

        Parameters
        ----------
        probability : array-like of shape (n_transactions,)
            Calibrated probabilities of fraud, in [0, 1]; NaN where there is none.
        amount_eur : array-like of shape (n_transactions,)
            Amounts, euro, at least 0; NaN where there is none.

        Returns
        -------
        ndarray of shape (n_transactions,)
            One of `OUTCOMES`; ``not_assessed`` where a value is missing or cannot be.
        """
        p, a = np.asarray(probability, dtype=np.float64), np.asarray(amount_eur, dtype=np.float64)
        passed, declined = self._unreviewed(p, a)
        with np.errstate(invalid="ignore"):
            known = (p >= 0) & (p <= 1) & (a >= 0) & (a < np.inf)
            worth = np.minimum(passed, declined) - self.costs.review_eur >= self.review_price_eur
            chosen = np.where(worth, REVIEW, np.where(declined < passed, DECLINE, APPROVE))
        return np.where(known, chosen, NOT_ASSESSED)

    def saving_eur(self, probability: ArrayLike, amount_eur: ArrayLike) -> NDArray[np.float64]:
        """Return what a review is expected to save against the better of approving and declining, in euro."""
        p, a = np.asarray(probability, dtype=np.float64), np.asarray(amount_eur, dtype=np.float64)
        return np.minimum(*self._unreviewed(p, a)) - self.costs.review_eur

    def loss_eur(self, probability: ArrayLike, amount_eur: ArrayLike) -> NDArray[np.float64]:
        """Return what approving is expected to lose, in euro."""
        p, a = np.asarray(probability, dtype=np.float64), np.asarray(amount_eur, dtype=np.float64)
        lost: NDArray[np.float64] = p * a * self.costs.loss_share
        return lost

    def to_dict(self) -> dict[str, float]:
        """Return the policy as plain values that `policy_from` reads."""
        said = {**asdict(self.costs), "review_price_eur": self.review_price_eur}
        return {name: float(value) for name, value in said.items()}

    def _unreviewed(
        self, p: NDArray[np.float64], a: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return p * a * self.costs.loss_share, (1 - p) * self.costs.insult_eur


def policy_from(values: Mapping[str, Any]) -> DecisionPolicy:
    """Read a policy from the plain values of `DecisionPolicy.to_dict`.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a value is missing or is no number.
    """
    costs = Costs(**{field.name: float(values[field.name]) for field in fields(Costs)})
    return DecisionPolicy(costs, float(values["review_price_eur"]))


def policy_within(
    probability: ArrayLike, amount_eur: ArrayLike, costs: Costs, most_reviews: int | None
) -> DecisionPolicy:
    """Choose the price of a review so that reviewers suffice for these payments.

    Parameters
    ----------
    probability, amount_eur : array-like of shape (n_transactions,)
        Calibrated probabilities in [0, 1] and amounts in euro of days like those to come.
    costs : Costs
        What the outcomes cost.
    most_reviews : int or None
        Payments among these that can be looked at, at least 0; None: as many as are worth it.

    Returns
    -------
    DecisionPolicy
        Reviews at most so many of these payments.

    Examples
    --------
    >>> policy = policy_within([0.5, 0.5, 0.5], [20, 30, 40], Costs(insult_eur=100), most_reviews=1)
    >>> policy.decide([0.5, 0.5, 0.5], [20, 30, 40]).tolist()
    ['approve', 'approve', 'review']
    """
    free = DecisionPolicy(costs)
    if most_reviews is None:
        return free
    if most_reviews < 0:
        raise BadRequest(f"most_reviews is {most_reviews}; give the payments that can be looked at, at least 0.")
    saving = np.sort(free.saving_eur(probability, amount_eur))[::-1]
    if (saving >= 0).sum() <= most_reviews:
        return free
    # The first that must stay out sets the price; equal ones stay out with it.
    return DecisionPolicy(costs, float(np.nextafter(saving[most_reviews], np.inf)))


@dataclass(frozen=True)
class Money:
    """What decisions cost where the truth is known.

    Parameters
    ----------
    cost_eur : float
        Reviews, frauds that went through and good customers turned away, in euro.
    nothing_eur : float
        Cost of approving everything, in euro.
    reviews, declines : int
        Payments looked at, and declined.
    """

    cost_eur: float
    nothing_eur: float
    reviews: int
    declines: int

    @property
    def share(self) -> float:
        """Cost over that of doing nothing; NaN where nothing was lost."""
        return self.cost_eur / self.nothing_eur if self.nothing_eur else float("nan")


def money(outcome: ArrayLike, is_fraud: ArrayLike, amount_eur: ArrayLike, costs: Costs) -> Money:
    """Add up what decisions cost.

    Parameters
    ----------
    outcome : array-like of shape (n_transactions,)
        One of `OUTCOMES`; what is not assessed goes through.
    is_fraud : array-like of shape (n_transactions,)
        The truth, 0 or 1.
    amount_eur : array-like of shape (n_transactions,)
        Amounts, euro.
    costs : Costs
        What the outcomes cost.

    Returns
    -------
    Money
        The sums.

    Examples
    --------
    >>> money(["approve", "review", "decline"], [1, 1, 0], [30, 100, 10], Costs())
    Money(cost_eur=55.0, nothing_eur=130.0, reviews=1, declines=1)
    """
    done = np.asarray(outcome)
    cost, nothing = row_costs(done, is_fraud, amount_eur, costs)
    return Money(float(cost.sum()), float(nothing.sum()), int((done == REVIEW).sum()), int((done == DECLINE).sum()))


def row_costs(
    outcome: ArrayLike, is_fraud: ArrayLike, amount_eur: ArrayLike, costs: Costs
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each decision costs, and what approving would; see `money`.

    Returns
    -------
    tuple of ndarray of shape (n_transactions,)
        Both in euro.

    Examples
    --------
    >>> row_costs(["approve", "review"], [1, 0], [30, 100], Costs())
    (array([30.,  5.]), array([30.,  0.]))
    """
    done, fraud = np.asarray(outcome), np.asarray(is_fraud).astype(bool)
    nothing = np.where(fraud, np.asarray(amount_eur, dtype=np.float64) * costs.loss_share, 0.0)
    declined = np.where(fraud, 0.0, costs.insult_eur)
    return np.select([done == REVIEW, done == DECLINE], [costs.review_eur, declined], nothing), nothing
