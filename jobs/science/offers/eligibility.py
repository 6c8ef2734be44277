"""Who may get an offer at all, and for everybody who gets none the reason in words."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest, BadRows
from jobs.science.offers.problem import Arms, Bools, Float32s


class Reason(IntEnum):
    """Why a customer got an offer, or none. The first that applies is the one that is told."""

    OFFERED = 0
    NO_CONSENT = 1
    FRAUD_LIMIT = 2
    HOLDOUT = 3
    NO_VALUE = 4
    OUTBID = 5


def screen(
    consent: npt.ArrayLike, fraud_probability: npt.ArrayLike, fraud_limit: float, holdout: npt.ArrayLike
) -> npt.NDArray[np.int8]:
    """Return for each customer the reason why no offer is allowed, or OFFERED where one is.

    Consent and fraud are looked at before the holdout, so that holdout and offered customers come from the same people
    and may be compared; a member of the holdout never gets an offer either way.

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

    Returns
    -------
    ndarray of shape (n,), int8
        Values of Reason: OFFERED (may get one), NO_CONSENT, FRAUD_LIMIT or HOLDOUT.

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
    refused = np.select(
        [~np.asarray(consent, dtype=np.bool_), chance > fraud_limit, np.asarray(holdout, dtype=np.bool_)],
        [Reason.NO_CONSENT, Reason.FRAUD_LIMIT, Reason.HOLDOUT],
        default=Reason.OFFERED,
    )
    return refused.astype(np.int8)


def may_be_offered(screened: npt.NDArray[np.int8]) -> Bools:
    """Return the mask of customers whom `screen` refused nothing, shape (n,)."""
    return np.asarray(screened == Reason.OFFERED)


def settle(screened: npt.NDArray[np.int8], value: Float32s, arm: Arms) -> npt.NDArray[np.int8]:
    """Return the final reason of each customer, once offers are chosen.

    Parameters
    ----------
    screened : ndarray of shape (n,)
        What `screen` returned.
    value : ndarray of shape (n, k)
        Net euro of each arm.
    arm : ndarray of shape (n,)
        Arm that was chosen, -1 for nothing.

    Returns
    -------
    ndarray of shape (n,), int8
        Values of Reason.
    """
    nothing = may_be_offered(screened) & (arm < 0)
    worth = value.max(axis=1) > 0
    return np.where(nothing, np.where(worth, Reason.OUTBID, Reason.NO_VALUE), screened).astype(np.int8)


def in_words(fraud_limit: float) -> tuple[str, ...]:
    """Return the sentence of each Reason, by its number.

    Parameters
    ----------
    fraud_limit : float
        The campaign's limit, in [0, 1].

    Examples
    --------
    >>> in_words(0.2)[Reason.FRAUD_LIMIT]
    'fraud probability is over the campaign limit of 0.2'
    """
    sentence = {
        Reason.OFFERED: "expected net margin is worth the contact",
        Reason.NO_CONSENT: "no consent to be contacted",
        Reason.FRAUD_LIMIT: f"fraud probability is over the campaign limit of {fraud_limit:g}",
        Reason.HOLDOUT: "in the holdout, which is never offered anything",
        Reason.NO_VALUE: "no offer is expected to bring more than it costs",
        Reason.OUTBID: "budget and caps went to customers with more expected net margin",
    }
    return tuple(sentence[reason] for reason in Reason)
