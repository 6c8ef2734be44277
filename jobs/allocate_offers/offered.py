"""An allocation as rows of ``offers``, and what its certificate says."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.runtime.campaign import Campaign
from jobs.science.offers.eligibility import Reason, in_words

CURVE_BUDGETS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Budgets of the curve, in budgets of the campaign."""

_STATUS = {Reason.OFFERED: "offered", Reason.HOLDOUT: "holdout"}


def ranks(net_eur: Sequence[NDArray[np.float32]], customer_id: Iterable[pa.Array]) -> list[NDArray[np.int64]]:
    """Return the place of each offer among all, best first, equal ones in the order of ids: a rerun ranks alike.

    Parameters
    ----------
    net_eur : sequence of ndarray
        Value of each offer, piece by piece.
    customer_id : iterable of pyarrow array
        Who gets it, in the same pieces.

    Examples
    --------
    >>> [r.tolist() for r in ranks([np.float32([1, 3]), np.float32([1])], [pa.array(["b", "c"]), pa.array(["a"])])]
    [[3, 1], [2]]
    """
    # Copied, because ids that were sliced out of a file keep all of it in memory.
    ids = pa.chunked_array([pa.concat_arrays([piece]) for piece in customer_id], pa.string())
    everyone = pa.table({"net": np.concatenate([*net_eur, np.empty(0, np.float32)]), "id": ids})
    order = pc.sort_indices(everyone, sort_keys=[("net", "descending"), ("id", "ascending")]).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    return np.split(rank, np.cumsum([len(piece) for piece in net_eur])[:-1])


def offer_rows(
    campaign: Campaign,
    customer_id: pa.Array,
    fraud: NDArray[np.float64],
    model_version: str,
    arm: NDArray[np.int8],
    net_eur: NDArray[np.float32],
    rank: NDArray[np.int64],
    reason: NDArray[np.int8],
) -> pa.Table:
    """Lay an allocation out as rows of ``offers``: what each customer gets, or why nothing.

    Parameters
    ----------
    campaign : Campaign
        Its arms.
    customer_id : pyarrow array of length n
        Who.
    fraud : ndarray of shape (n,)
        Probability that a purchase is fraud.
    model_version : str
        Model that made the scores.
    arm : ndarray of shape (n,)
        Arm of each customer, -1 for nothing.
    net_eur, rank : ndarray of shape (m,)
        Value and place of each of the m customers who get something.
    reason : ndarray of shape (n,)
        Values of Reason.
    """
    chosen = arm >= 0
    place = pa.array(np.where(chosen, arm, 0).astype(np.int32), mask=~chosen)
    status = pa.array([_STATUS.get(r, "nothing") for r in Reason])

    def of_arm(values: list[Any]) -> pa.Array:
        return pa.array(values).take(place)

    def of_chosen(values: NDArray[Any]) -> pa.Array:
        spread = np.zeros(len(arm), values.dtype)
        spread[chosen] = values
        return pa.array(spread, mask=~chosen)

    return pa.table(
        {
            "customer_id": customer_id,
            "arm": of_arm([a.name for a in campaign.arms]),
            "offer": of_arm([a.offer for a in campaign.arms]),
            "partner_id": of_arm([a.partner_id for a in campaign.arms]),
            "contact_window": of_arm([a.contact_window for a in campaign.arms]),
            "status": status.take(pa.array(reason)),
            "reason": pa.array(in_words(campaign.fraud_limit)).take(pa.array(reason)),
            "rank": of_chosen(rank),
            "expected_net_eur": of_chosen(net_eur.astype(np.float64)),
            "cost_eur": of_arm([a.contact_cost_eur for a in campaign.arms]),
            "fraud_probability": pa.array(fraud),
            "model_version": pa.repeat(model_version, len(arm)),
        }
    )


def certificate(
    campaign: Campaign,
    *,
    twice: int,
    reasons: NDArray[np.int64],
    spend_eur: float,
    value_eur: float,
    dual_bound_eur: float,
    gap: float,
    price: NDArray[np.float64],
    counts: NDArray[np.int64],
    curve: dict[str, Any],
) -> dict[str, Any]:
    """Return what the run's report says of a campaign.

    Parameters
    ----------
    campaign : Campaign
        Which.
    twice : int
        Customers that stood in two files.
    reasons : ndarray
        Customers by Reason.
    spend_eur, value_eur, dual_bound_eur, gap : float
        As the allocation has them.
    price : ndarray of shape (1 + k,)
        Euro of value for one more euro of budget, then for one more customer in each arm's cap.
    counts : ndarray of shape (k,)
        Customers of each arm.
    curve : dict
        ``budget_eur`` and ``value_eur`` of the budget curve.
    """
    words = in_words(campaign.fraud_limit)
    names = [arm.name for arm in campaign.arms]
    return {
        "customers": int(reasons.sum()),
        "customers_twice": twice,
        "offered": int(reasons[Reason.OFFERED]),
        "budget_eur": campaign.budget_eur,
        "spend_eur": spend_eur,
        "expected_net_eur": value_eur,
        "dual_bound_eur": dual_bound_eur,
        "gap": gap,
        "euro_for_one_more_euro_of_budget": float(price[0]),
        "euro_for_one_more_in_cap": dict(zip(names, price[1:].tolist(), strict=True)),
        "by_arm": dict(zip(names, counts.tolist(), strict=True)),
        "reasons": {words[r]: int(reasons[r]) for r in Reason if reasons[r]},
        "budget_curve": curve,
    }
