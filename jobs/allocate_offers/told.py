"""What all parts are told of a campaign: prices and limits, found from a sample of its customers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jobs.allocate_offers.offered import CURVE_BUDGETS
from jobs.allocate_offers.request import AllocateOffers
from jobs.allocate_offers.sample import sample
from jobs.allocate_offers.scored import cap_limits, risk_of, valued
from jobs.runtime.campaign import Campaign
from jobs.runtime.stores import Stores
from jobs.science.offers.budget_curve import budget_curve
from jobs.science.offers.eligibility import may_be_offered
from jobs.science.offers.fan_out import Broadcast, sample_prices
from jobs.storage.tables import DataFile


def prices(
    campaign: Campaign,
    files: Sequence[DataFile],
    whole_up_to_rows: int,
    mean_risk: float,
    request: AllocateOffers,
    stores: Stores,
) -> dict[str, Any] | None:
    """Find prices from a sample, and what other budgets would bring.

    Parameters
    ----------
    campaign : Campaign
        Its budget and caps.
    files : sequence of DataFile
        Data files of its scores.
    whole_up_to_rows : int
        Of so many rows all customers are the sample.
    mean_risk : float
        Fraud probability of who has paid nothing lately.
    request : AllocateOffers
        The day and the seed.
    stores : Stores
        Where all lies.

    Returns
    -------
    dict or None
        Values that JSON can hold, for :func:`broadcast_of` and for the report; None if nobody was scored.
    """
    drawn = sample(campaign, files, whole_up_to_rows, request.seed, stores)
    if drawn is None:
        return None
    risk = risk_of(drawn.customers.account_id, request.run_date, stores)
    known = valued(campaign, drawn.customers, risk, mean_risk)
    eligible, caps = may_be_offered(known.refused), cap_limits(campaign, sum(file.rows for file in files))
    told = sample_prices(
        known.value, known.cost, campaign.budget_eur, caps, eligible, share=drawn.share, seed=request.seed
    )
    curve = budget_curve(
        known.value,
        known.cost,
        np.array(CURVE_BUDGETS) * campaign.budget_eur * drawn.share,
        np.round(caps * drawn.share),
        eligible,
        seed=request.seed,
    )
    return {
        "price": told.price.tolist(),
        "margin_eur": told.margin_eur,
        "budget_eur": told.budget_eur,
        "caps": told.caps.tolist(),
        "model_version": drawn.customers.model_version,
        "sampled": len(known.fraud),
        "share": drawn.share,
        "budget_curve": {
            "budget_eur": (curve.spend_eur / drawn.share).tolist(),
            "value_eur": (curve.value_eur / drawn.share).tolist(),
        },
    }


def broadcast_of(told: Mapping[str, Any]) -> Broadcast:
    """Return prices and limits of a campaign as the science has them."""
    return Broadcast(np.array(told["price"]), told["margin_eur"], told["budget_eur"], np.array(told["caps"]))
