"""Who may get an offer at all, and for everybody who gets none the reason in words."""

from collections.abc import Iterable
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest, BadRows
from jobs.science.offers.problem import Bools, Float32s, Ints


class Reason(IntEnum):
    """Why a customer got an offer, or none."""

    OFFERED = 0
    NO_CONSENT = 1
    FRAUD_LIMIT = 2
    HOLDOUT = 3
    NO_VALUE = 4
    OUTBID = 5
    SEGMENT = 6
    CONTACT_LIMIT = 7
    PARTNER_RISK = 8
    SUPPRESSED = 9
    COMMITTED = 10
    DRAWN = 11
    DRAWN_NOTHING = 12
    HOUSE_HOLDOUT = 13


OFFER_REASONS = (Reason.OFFERED, Reason.COMMITTED, Reason.DRAWN)
"""Reasons of those who get something."""

ELIGIBLE_NOT = (Reason.NO_CONSENT, Reason.SEGMENT, Reason.FRAUD_LIMIT, Reason.HOUSE_HOLDOUT)
"""Reasons that are looked at before the holdout: who has one of them is in no comparison with the holdout."""


def screen(
    consent: npt.ArrayLike,
    fraud_probability: npt.ArrayLike,
    fraud_limit: float,
    holdout: npt.ArrayLike,
    in_segment: npt.ArrayLike | None = None,
    contacts_left: npt.ArrayLike | None = None,
    house_holdout: npt.ArrayLike | None = None,
) -> npt.NDArray[np.int8]:
    """Return for each customer the first reason why no offer is allowed, or OFFERED where one is.

    Consent, segment and fraud are looked at before the holdout, so that holdout and offered customers come from the
    same people and may be compared; a member of the holdout never gets an offer either way. The limit of contacts
    comes after it, because only who is not in the holdout has been contacted. The holdout of the house comes before
    that of the campaign: its members are in no campaign's comparison.

    Parameters
    ----------
    consent : array-like of bool of shape (n,)
        Whether the customer may be contacted.
    fraud_probability : array-like of shape (n,)
        In [0, 1].
    fraud_limit : float
        Highest fraud probability that still gets an offer, in [0, 1].
    holdout : array-like of bool of shape (n,)
        Members of the persistent holdout.
    in_segment : array-like of bool of shape (n,), optional
        Whether the customer is in a segment that the campaign is for; all are by default.
    contacts_left : array-like of int of shape (n,), optional
        Contacts that the customer may still get; no limit by default.
    house_holdout : array-like of bool of shape (n,), optional
        Members of the holdout of all campaigns together; nobody by default.

    Returns
    -------
    ndarray of shape (n,), int8
        Values of Reason: OFFERED (may get one), NO_CONSENT, SEGMENT, FRAUD_LIMIT, HOUSE_HOLDOUT,
        HOLDOUT or CONTACT_LIMIT.

    Raises
    ------
    BadRequest
        If `fraud_limit` is not in [0, 1].
    BadRows
        If a fraud probability is missing or not in [0, 1].

    Examples
    --------
    >>> screen([True, False, True], [0.01, 0.01, 0.5], 0.2, [True, True, True]).tolist()
    [3, 1, 2]
    """
    if not 0 <= fraud_limit <= 1:
        raise BadRequest(f"fraud_limit == {fraud_limit}, must be in [0, 1].")
    chance = np.asarray(fraud_probability, dtype=np.float64)
    good = (chance >= 0) & (chance <= 1)
    if not good.all():
        i = int((~good).argmax())
        raise BadRows(f"fraud_probability of customer {i} == {chance[i]}, must be in [0, 1]: score the customer again.")
    refusals = {
        Reason.NO_CONSENT: ~np.asarray(consent, dtype=np.bool_),
        Reason.FRAUD_LIMIT: chance > fraud_limit,
        Reason.HOLDOUT: np.asarray(holdout, dtype=np.bool_),
    }
    if in_segment is not None:
        refusals[Reason.SEGMENT] = ~np.asarray(in_segment, dtype=np.bool_)
    if contacts_left is not None:
        refusals[Reason.CONTACT_LIMIT] = np.asarray(contacts_left) <= 0
    if house_holdout is not None:
        refusals[Reason.HOUSE_HOLDOUT] = np.asarray(house_holdout, dtype=np.bool_)
    first_to_last = [r for r in _FIRST_TO_LAST if r in refusals]
    refused = np.select([refusals[r] for r in first_to_last], first_to_last, default=Reason.OFFERED)
    return refused.astype(np.int8)


_FIRST_TO_LAST = (*ELIGIBLE_NOT, Reason.HOLDOUT, Reason.CONTACT_LIMIT)


def may_be_offered(screened: npt.NDArray[np.int8]) -> Bools:
    """Return the mask of customers whom `screen` refused nothing, shape (n,)."""
    return np.asarray(screened == Reason.OFFERED)


def settle(
    screened: npt.NDArray[np.int8],
    value: Float32s,
    arm: Ints | npt.NDArray[np.int8],
    *,
    at_risk: Bools | None = None,
    suppressed: Bools | None = None,
    minimum_value_eur: float = 0.0,
) -> npt.NDArray[np.int8]:
    """Return the final reason of each customer, once offers are chosen.

    Parameters
    ----------
    screened : ndarray of shape (n,)
        What `screen` returned.
    value : ndarray of shape (n, k)
        Net euro of each arm.
    arm : ndarray of shape (n,)
        Arm that was chosen, -1 for nothing.
    at_risk : ndarray of bool of shape (k,), optional
        Arms that are not offered because of their partner's risk.
    suppressed : ndarray of bool of shape (n, k), optional
        Pairs whose effect is negative beyond doubt.
    minimum_value_eur : float
        Net euro that an offer must be expected to bring.

    Returns
    -------
    ndarray of shape (n,), int8
        Values of Reason. An offer that is not worth its contact was made to keep a commitment.
    """
    may = may_be_offered(screened)
    worth = (value > 0) & (value >= minimum_value_eur)
    open_worth = worth if at_risk is None else worth & ~at_risk
    why = np.where(open_worth.any(axis=1), Reason.OUTBID, Reason.NO_VALUE)
    if at_risk is not None:
        why = np.where(~open_worth.any(axis=1) & worth.any(axis=1), Reason.PARTNER_RISK, why)
    if suppressed is not None:
        why = np.where(suppressed.all(axis=1), Reason.SUPPRESSED, why)
    reason = np.where(may & (arm < 0), why, screened)
    got = np.flatnonzero(arm >= 0)
    reason[got] = np.where(value[got, arm[got]] > 0, reason[got], Reason.COMMITTED)
    return reason.astype(np.int8)


def in_words(fraud_limit: float, minimum_value_eur: float | None = None) -> tuple[str, ...]:
    """Return the sentence of each Reason, by its number.

    Parameters
    ----------
    fraud_limit : float
        The campaign's limit, in [0, 1].
    minimum_value_eur : float, optional
        Net euro that an offer must be expected to bring, where the campaign says so.

    Examples
    --------
    >>> in_words(0.2)[Reason.FRAUD_LIMIT]
    'fraud probability is over the campaign limit of 0.2'
    """
    too_little = "no offer is expected to bring more than it costs"
    if minimum_value_eur:
        too_little = f"no offer is expected to bring the {minimum_value_eur:g} euro that the campaign asks for"
    sentence = {
        Reason.OFFERED: "expected net margin is worth the contact",
        Reason.NO_CONSENT: "no consent to be contacted",
        Reason.FRAUD_LIMIT: f"fraud probability is over the campaign limit of {fraud_limit:g}",
        Reason.HOLDOUT: "in the holdout, which is never offered anything",
        Reason.NO_VALUE: too_little,
        Reason.OUTBID: "budget and caps went to customers with more expected net margin",
        Reason.SEGMENT: "in no segment that the campaign is for",
        Reason.CONTACT_LIMIT: "contacted as often as the house rules allow",
        Reason.PARTNER_RISK: "every offer worth its contact is of a partner over the campaign's risk limit",
        Reason.SUPPRESSED: "every offer is expected to lower the margin, beyond doubt",
        Reason.COMMITTED: "needed to keep the minimum that was committed to",
        Reason.DRAWN: "drawn by chance, so that something is learnt",
        Reason.DRAWN_NOTHING: "drawn by chance to get nothing, so that something is learnt",
        Reason.HOUSE_HOLDOUT: "in the holdout of the house, which no campaign offers anything",
    }
    return tuple(sentence[reason] for reason in Reason)


def not_eligible(sentences: Iterable[str]) -> set[str]:
    """Return those sentences that are of reasons before the holdout, whatever the campaign's limits were.

    Parameters
    ----------
    sentences : iterable of str
        As :func:`in_words` gives them, of any campaign.

    Examples
    --------
    >>> not_eligible([in_words(0.2)[Reason.FRAUD_LIMIT], in_words(0.7)[Reason.OUTBID]])
    {'fraud probability is over the campaign limit of 0.2'}
    """
    said = in_words(0.0)
    # What stands before the limit's number is the same in every campaign.
    first = tuple(said[reason].removesuffix(" of 0") for reason in ELIGIBLE_NOT)
    return {sentence for sentence in sentences if sentence.startswith(first)}
