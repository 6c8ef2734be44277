"""A day's fraud scores and, once known, its labels as whole numbers by score: added up exactly, in any order."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest, BadRows
from jobs.science.fraud.decision import APPROVE, DECLINE, REVIEW

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

BINS = 1024
"""Bins of equal width in log odds: so fine that order within one moves an AUC by less than .001."""

LARGEST_LOG_ODDS = 16.0
NANO, MICRO = 1_000_000_000, 1_000_000


@dataclass(frozen=True, eq=False)
class ScoreTally:
    """Sums over scored payments; those of two shards, or of two days, are added up.

    Parameters
    ----------
    rows, expected, variance : ndarray of int64 of shape (BINS,)
        By bin of the score: payments, sum of p and sum of p (1 - p), the latter two in billionths.
    frauds : ndarray of int64 of shape (BINS,)
        Known frauds; of no meaning before the labels are in.
    flagged, flagged_expected, flagged_frauds : int
        Payments that were reviewed or declined, sum of p (in billionths) and frauds among them.
    reviewed, declined : int
        Payments by outcome.
    declined_genuine : int
        Sum of 1 - p over the declined, in billionths.
    declined_frauds : int
        Known frauds among them.
    approved_loss, approved_lost : int
        Sum of p a over the approved of amount a, and of a over the known frauds among them, in millionths of a euro.
    not_assessed : int
        Payments that had no score; they are in no other figure.
    """

    rows: Whole
    expected: Whole
    variance: Whole
    frauds: Whole
    flagged: int = 0
    flagged_expected: int = 0
    flagged_frauds: int = 0
    reviewed: int = 0
    declined: int = 0
    declined_genuine: int = 0
    declined_frauds: int = 0
    approved_loss: int = 0
    approved_lost: int = 0
    not_assessed: int = 0

    @classmethod
    def empty(cls) -> Self:
        """Return the tally of no payment."""
        rows, expected, variance, frauds = np.zeros((4, BINS), np.int64)
        return cls(rows, expected, variance, frauds)

    @classmethod
    def of(
        cls,
        probability: npt.ArrayLike,
        amount_eur: npt.ArrayLike,
        outcome: npt.ArrayLike,
        is_fraud: npt.ArrayLike | None = None,
    ) -> Self:
        """Tally payments.

        Parameters
        ----------
        probability : array-like of shape (n_payments,)
            Calibrated probability of fraud, in [0, 1]; NaN where there is none.
        amount_eur : array-like of shape (n_payments,)
            Amount, euro, >= 0.
        outcome : array-like of str of shape (n_payments,)
            What was done: approve, review, decline or not_assessed.
        is_fraud : array-like of bool of shape (n_payments,), optional
            Known labels; without them no payment counts as fraud.

        Raises
        ------
        BadRows
            If a probability is outside of [0, 1].
        BadRequest
            If the arrays differ in length.

        Examples
        --------
        >>> tally = ScoreTally.of([0.5, 0.01], [100.0, 20.0], ["review", "approve"], [True, False])
        >>> tally.flagged, tally.flagged_frauds, tally.approved_loss
        (1, 1, 200000)
        """
        p, amount = np.asarray(probability, np.float64), np.nan_to_num(np.asarray(amount_eur, np.float64))
        done = np.asarray(outcome, dtype=np.str_)
        fraud = np.zeros(p.size, bool) if is_fraud is None else np.asarray(is_fraud, bool)
        if not p.size == amount.size == done.size == fraud.size:
            raise BadRequest(
                f"{p.size} probabilities, {amount.size} amounts, {done.size} outcomes, {fraud.size} labels: "
                "give one of each a payment"
            )
        known = np.isfinite(p)
        out = np.flatnonzero(known & ((p < 0) | (p > 1)))
        if out.size:
            raise BadRows(f"probability {p[out[0]]:g} in row {out[0]} is outside of [0, 1]: score these payments again")
        left_out = int(p.size - known.sum())
        p, amount, done, fraud = p[known], amount[known], done[known], fraud[known]
        place, nano = score_bin(p), np.rint(p * NANO).astype(np.int64)
        spread = np.rint(p * (1 - p) * NANO).astype(np.int64)
        approved, declined, reviewed = done == APPROVE, done == DECLINE, done == REVIEW
        flagged = declined | reviewed
        return cls(
            rows=_sums(place, np.ones(p.size, np.int64)),
            expected=_sums(place, nano),
            variance=_sums(place, spread),
            frauds=_sums(place, fraud.astype(np.int64)),
            flagged=int(flagged.sum()),
            flagged_expected=int(nano[flagged].sum()),
            flagged_frauds=int(fraud[flagged].sum()),
            reviewed=int(reviewed.sum()),
            declined=int(declined.sum()),
            declined_genuine=int((NANO - nano[declined]).sum()),
            declined_frauds=int(fraud[declined].sum()),
            approved_loss=int(np.rint(p[approved] * amount[approved] * MICRO).astype(np.int64).sum()),
            approved_lost=int(np.rint(amount[approved & fraud] * MICRO).astype(np.int64).sum()),
            not_assessed=left_out,
        )

    def __add__(self, other: "ScoreTally") -> "ScoreTally":
        return ScoreTally(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def payments(self) -> int:
        """Scored payments."""
        return int(self.rows.sum())


def score_bin(probability: Floats) -> Whole:
    """Return for each probability its bin, from 0 for the least suspect."""
    with np.errstate(divide="ignore"):
        log_odds = np.log(probability) - np.log1p(-probability)
    share = (np.clip(log_odds, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS) / LARGEST_LOG_ODDS + 1) / 2
    place: Whole = np.minimum((share * BINS).astype(np.int64), BINS - 1)
    return place


def _sums(place: Whole, values: Whole) -> Whole:
    sums = np.zeros(BINS, np.int64)
    np.add.at(sums, place, values)  # bincount's weights are floats, whose sums depend on the order
    return sums
