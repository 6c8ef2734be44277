"""What a campaign added to the sales of each partner: rows of ``partner_lift``, and a page for the partner."""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.errors import BadFile, BadSchema, BadTrial
from jobs.pages.partner_lift import partner_lift_html
from jobs.runtime.campaign import Campaign
from jobs.runtime.layout import partner_lift_page_key
from jobs.runtime.partner_names import partner_names
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.experiment.campaign_nights import CampaignNights, Joined, PartnerSales
from jobs.science.experiment.campaign_trial import CampaignRows, compared
from jobs.science.experiment.interval import Effect
from jobs.science.experiment.partner_lift import Shrunk, shrunk
from jobs.tables.inputs import TRANSACTIONS
from jobs.tables.outputs import PARTNER_LIFT

_DIGEST_CHARS = 16


def stage_partner_lift(
    nights: CampaignNights,
    campaign: Campaign,
    read: Sequence[date],
    joined: Joined,
    stores: Stores,
    shard: OpenShard,
) -> None:
    """Measure sales at each partner by the holdout, shrink them, stage a row and publish a page each.

    Sales are compared over everybody who could have been offered something, as the net euros are. What is shrunk is
    what an offer adds: partners with few offers are drawn towards what an offer adds at all of them.

    Parameters
    ----------
    nights : CampaignNights
        After its join.
    campaign : Campaign
        Whose nights these are.
    read : sequence of datetime.date
        The nights.
    joined : Joined
        The trial.
    stores : Stores
        Where pages are published.
    shard : OpenShard
        Of the run.
    """
    if not shard.files(TRANSACTIONS.name):
        return
    measured: list[tuple[PartnerSales, Effect]] = []
    for sales in nights.partners():
        with_before = {
            **vars(joined.rows),
            "covariates": np.column_stack([sales.before_eur, joined.rows.covariates]),
            "covariate_names": ("spent there before", *joined.rows.covariate_names),
        }
        try:
            _, _, effect = compared(CampaignRows(**with_before), "sales", "sales_eur", sales.within_eur)
        except BadTrial:  # nobody bought there: nothing varies, and nothing is said
            continue
        measured.append((sales, effect))
    if not measured:
        return
    n = int((~joined.rows.held).sum())
    per_offer = [effect.absolute.value * n / sales.offers for sales, effect in measured]
    errors = [effect.standard_error * n / sales.offers for sales, effect in measured]
    rows = [
        _row(sales, effect, drawn, n, joined.rows, read, campaign)
        for (sales, effect), drawn in zip(measured, shrunk(per_offer, errors), strict=True)
    ]
    columns = {name: pa.array([row[name] for row in rows], PARTNER_LIFT.column(name).type) for name in rows[0]}
    shard.stage(PARTNER_LIFT, pa.table(columns), campaign_id=campaign.id)
    shard.details["partner_pages"] = _publish(rows, campaign, stores, shard)


def _row(
    sales: PartnerSales,
    effect: Effect,
    drawn: Shrunk,
    n: int,
    rows: CampaignRows,
    read: Sequence[date],
    campaign: Campaign,
) -> dict[str, Any]:
    found = effect.absolute
    return {
        "partner_id": sales.partner_id,
        "first_night": min(read),
        "last_day": max(read) + timedelta(days=campaign.outcome_window_days),
        "nights": len(read),
        "offers": sales.offers,
        "customers": len(np.unique(rows.customer[~rows.held])),
        "held_customers": len(np.unique(rows.customer[rows.held])),
        "sales_a_customer_eur": float(sales.within_eur[~rows.held].mean()),
        "held_sales_a_customer_eur": float(sales.within_eur[rows.held].mean()),
        "incremental_sales_eur": found.value * n,
        "incremental_sales_low_eur": found.lower * n,
        "incremental_sales_high_eur": found.upper * n,
        "shrunk_sales_eur": drawn.interval.value * sales.offers,
        "shrunk_sales_low_eur": drawn.interval.lower * sales.offers,
        "shrunk_sales_high_eur": drawn.interval.upper * sales.offers,
        "shrinkage": drawn.weight,
        "contact_cost_eur": sales.cost_eur,
    }


def _publish(rows: Sequence[dict[str, Any]], campaign: Campaign, stores: Stores, shard: OpenShard) -> dict[str, str]:
    """Put a page for each partner; return where, by partner."""
    day = shard.manifest.run_date
    try:
        names = partner_names({row["partner_id"] for row in rows}, stores)
    except (BadFile, BadSchema):  # a page goes by the id where names cannot be read
        names = {}
    pages = {}
    for row in rows:
        known = {**row, "run_date": day, "campaign_id": campaign.id, "run_id": shard.run_id}
        page = partner_lift_html(known, name=names.get(row["partner_id"], ""), contact=campaign.owner).encode()
        digest = hashlib.sha256(page).hexdigest()[:_DIGEST_CHARS]
        key = partner_lift_page_key(campaign.id, day, digest)
        stores.objects.put_if_absent(key, page)
        pages[row["partner_id"]] = key
    return pages
