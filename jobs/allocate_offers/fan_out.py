"""An allocation that is too large for one process: prices from a sample, parts that pick, one repair of what is close.

Prices are found from a random part of the night's customers. A part reads all campaigns' scores of some customers and
hands over what is settled at these prices, and all pairs of who is close. The join repairs, ranks and stages, part by
part.
"""

from typing import Any

import pyarrow as pa

from jobs.allocate_offers.cutting import cut, read_part, read_slices, widened
from jobs.allocate_offers.handed_over import hand_over, to_bytes
from jobs.allocate_offers.joining import join_night
from jobs.allocate_offers.request import AllocateOffers
from jobs.allocate_offers.sample import sample
from jobs.allocate_offers.setting import set_up
from jobs.allocate_offers.together import together
from jobs.allocate_offers.told import broadcast_of, to_tell
from jobs.runtime.manifest import Manifest
from jobs.runtime.parts import HandedOver, Parts
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.tables.outputs import OFFERS, UPLIFT_SCORES


def share(request: AllocateOffers, stores: Stores, manifest: Manifest) -> tuple[int, dict[str, Any]]:
    """Draw the sample and find prices; cut the files of scores into parts."""
    listed = {
        campaign_id: stores.tables.files(UPLIFT_SCORES, {"run_date": request.run_date, "campaign_id": campaign_id})
        for campaign_id in manifest.campaigns
    }
    files = {campaign_id: of_campaign for campaign_id, of_campaign in listed.items() if of_campaign}
    rows = sum(file.rows for of_campaign in files.values() for file in of_campaign)
    part_rows = widened(manifest.part_rows, rows)
    drawn = sample(files, part_rows, request.seed, stores)
    if drawn is None:
        return 0, {"parts": []}
    models = {}
    for campaign_id, of_campaign in files.items():
        known = drawn.rows[campaign_id]
        if not known.num_rows:
            known = read_slices([(of_campaign[0].path, (0, 1))], stores)
        models[campaign_id] = known["model_version"][0].as_py()
    setting = set_up(manifest, models, stores)
    told = to_tell(setting, models, drawn, request.seed, stores)
    parts = cut(files, part_rows, stores)
    return len(parts), {**told, "parts": parts}


def work(request: AllocateOffers, stores: Stores, told: dict[str, Any], part: int) -> bytes:
    """Read the scores of some customers, pick at the prices, hand over."""
    broadcast = broadcast_of(told, request.run_date, stores)
    known = together(broadcast.setting, read_part(told["parts"][part], stores), stores)
    return to_bytes(hand_over(known, broadcast, request.seed))


def join(request: AllocateOffers, stores: Stores, shard: OpenShard, handed: HandedOver) -> None:
    """Repair, rank and stage campaign by campaign."""
    shard.details["campaigns"] = {}
    if not handed.told["parts"]:
        return

    def stage(campaign_id: str, rows: pa.Table) -> None:
        shard.stage(OFFERS, rows, campaign_id=campaign_id)

    broadcast = broadcast_of(handed.told, request.run_date, stores)
    shard.details.update(join_night(broadcast, request.seed, stores, handed, stage))


PARTS = Parts(share, work, join)
"""What a run in parts does: :func:`share`, :func:`work`, :func:`join`."""
