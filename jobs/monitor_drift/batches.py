"""The night's rows in the bins of the models that worked on them; every table is read once."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pyarrow.compute as pc

from jobs.runtime.batch_counts import counts_in
from jobs.runtime.campaign import Campaign, read_campaign
from jobs.runtime.plan import Manifest, read_manifest
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.drift.counts import Counter, VariableCounts
from jobs.science.drift.profile import SCORE, Profile, arm_score
from jobs.tables.inputs import CUSTOMERS
from jobs.tables.outputs import FRAUD_FEATURES, FRAUD_SCORES, UPLIFT_SCORES

FRAUD = "fraud"


def count_batches(
    profiles: Mapping[str, Profile], stores: Stores, shard: OpenShard, run_date: date
) -> dict[str, dict[str, VariableCounts]]:
    """Count a day's rows, part by part, by kind of model and by variable.

    Raises
    ------
    BadSchema
        If a column is missing, or of another type than the profile has it.
    """
    counters = {kind: Counter(profile.bins) for kind, profile in profiles.items()}
    campaigns = [read_campaign(stores.objects, c) for c in shard.manifest.campaigns]
    campaigns = [c for c in campaigns if c.model_kind in counters]
    if FRAUD in counters:
        _count_fraud(counters[FRAUD], stores, run_date)
    _count_customers(counters, campaigns, shard)
    for campaign in campaigns:
        _count_effects(counters[campaign.model_kind], campaign, stores, run_date)
    batches = {kind: counter.counts() for kind, counter in counters.items()}
    for details in _details_before(shard.manifest, stores):
        for kind, profile in profiles.items():
            batches[kind] |= counts_in(details, kind, profile.bins)
    return batches


def _count_fraud(counter: Counter, stores: Stores, run_date: date) -> None:
    features = [name for name in counter.counts() if name != SCORE]
    for rows in stores.tables.read(FRAUD_FEATURES, {"run_date": run_date}, features):
        counter.add(rows, features)
    for rows in stores.tables.read(FRAUD_SCORES, {"run_date": run_date}, ["fraud_probability"]):
        counter.add(rows.rename_columns([SCORE]), [SCORE])


def _count_customers(counters: dict[str, Counter], campaigns: Iterable[Campaign], shard: OpenShard) -> None:
    """Read customers once for all campaigns, in the columns that any of them declares."""
    table = CUSTOMERS
    for campaign in campaigns:
        table = campaign.customers(table)
    for rows in shard.read(table):
        for campaign in campaigns:
            counters[campaign.model_kind].add(rows, [f.name for f in campaign.features])


def _count_effects(counter: Counter, campaign: Campaign, stores: Stores, run_date: date) -> None:
    where = {"run_date": run_date, "campaign_id": campaign.id}
    for rows in stores.tables.read(UPLIFT_SCORES, where, ["arm", "effect_eur"]):
        for arm in campaign.arms:
            effects = rows.filter(pc.equal(rows["arm"], arm.name)).select(["effect_eur"])
            counter.add(effects.rename_columns([arm_score(arm.name)]), [arm_score(arm.name)])


def _details_before(manifest: Manifest, stores: Stores) -> Iterable[Mapping[str, Any]]:
    """Return what the reports of the runs before say: those that had the rows have counted them."""
    for run_id in manifest.upstream:
        report = stores.ledger.report(read_manifest(stores, run_id).key)
        if report is not None:
            yield report["details"]
