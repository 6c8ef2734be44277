"""An allocation that is too large for one process: prices from a sample, parts that pick, one repair of what is close.

Prices are found from a random part of each campaign's customers. A part reads the scores of some files and hands over
what is settled at these prices, and all pairs of who is close. The join repairs, ranks and stages, part by part.
"""

from typing import Any

import pyarrow as pa

from jobs.allocate_offers.cutting import cut, read_part, widened
from jobs.allocate_offers.handed_over import hand_over, to_bytes
from jobs.allocate_offers.joining import join_campaign
from jobs.allocate_offers.request import AllocateOffers
from jobs.allocate_offers.scored import mean_risk, risk_of, scored, valued
from jobs.allocate_offers.told import broadcast_of, prices
from jobs.runtime.campaign import read_campaign
from jobs.runtime.manifest import Manifest
from jobs.runtime.parts import HandedOver, Parts
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.tables.outputs import OFFERS, UPLIFT_SCORES


def share(request: AllocateOffers, stores: Stores, manifest: Manifest) -> tuple[int, dict[str, Any]]:
    """Draw the sample and find prices campaign by campaign; cut the files of scores into parts."""
    risk = mean_risk(request.run_date, stores)
    files = {
        campaign_id: stores.tables.files(UPLIFT_SCORES, {"run_date": request.run_date, "campaign_id": campaign_id})
        for campaign_id in manifest.campaigns
    }
    rows = sum(file.rows for of_campaign in files.values() for file in of_campaign)
    part_rows = widened(manifest.part_rows, rows)
    campaigns: dict[str, Any] = {}
    parts: list[dict[str, Any]] = []
    for campaign_id, of_campaign in files.items():
        campaign = read_campaign(stores.objects, campaign_id)
        found = prices(campaign, of_campaign, part_rows, risk, request, stores)
        if found is None:
            continue
        cut_out = cut(of_campaign, part_rows, stores)
        campaigns[campaign_id] = {**found, "parts": list(range(len(parts), len(parts) + len(cut_out)))}
        parts += [{"campaign": campaign_id, **part} for part in cut_out]
    return len(parts), {"mean_risk": risk, "campaigns": campaigns, "parts": parts}


def work(request: AllocateOffers, stores: Stores, told: dict[str, Any], part: int) -> bytes:
    """Read the scores of some files, pick at the prices, hand over."""
    of = told["parts"][part]
    campaign = read_campaign(stores.objects, of["campaign"])
    customers = scored(campaign, read_part(of, stores))
    risk = risk_of(customers.account_id, request.run_date, stores)
    known = valued(campaign, customers, risk, told["mean_risk"])
    return to_bytes(hand_over(known, broadcast_of(told["campaigns"][campaign.id])))


def join(request: AllocateOffers, stores: Stores, shard: OpenShard, handed: HandedOver) -> None:
    """Repair, rank and stage campaign by campaign."""
    certificates = {}
    for campaign_id in handed.told["campaigns"]:
        campaign = read_campaign(stores.objects, campaign_id)

        def stage(rows: pa.Table, of: str = campaign_id) -> None:
            shard.stage(OFFERS, rows, campaign_id=of)

        certificates[campaign_id] = join_campaign(campaign, request, stores, handed, stage)
    shard.details["campaigns"] = certificates


PARTS = Parts(share, work, join)
