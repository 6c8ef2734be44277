"""Hold the night's rows and scores against the profile of each model that worked on them."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from jobs.errors import UnknownModel
from jobs.runtime.batch_counts import counts_in
from jobs.runtime.campaign import Campaign, read_campaign
from jobs.runtime.chain import step
from jobs.runtime.command import flag, main
from jobs.runtime.plan import Manifest, read_manifest
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.drift.counts import Counter
from jobs.science.drift.profile import SCORE, Profile, arm_score
from jobs.science.drift.psi import ALARM_PSI, WATCH_PSI, Drift, measure_drift
from jobs.tables.inputs import CUSTOMERS
from jobs.tables.outputs import DRIFT, FRAUD_FEATURES, FRAUD_SCORES, UPLIFT_SCORES

FRAUD = "fraud"


@dataclass(frozen=True)
class MonitorDrift:
    """Measure how far the night's rows are from what each model was trained on."""

    run_date: date = flag("day whose rows are judged", unit="YYYY-MM-DD", example="2026-11-22")
    watch: float = flag("index from which a variable is watched", unit="nat", default=WATCH_PSI, example="0.1")
    alarm: float = flag("index from which a variable is in alarm", unit="nat", default=ALARM_PSI, example="0.25")


def monitor_drift(request: MonitorDrift, stores: Stores) -> Report:
    """Measure drift and commit the ``drift`` table.

    Raises
    ------
    TamperedModel
        If a model's files are not what was registered.
    UnknownModel
        If a model's card holds no profile to hold the night against.
    """
    return run_job(JOB, request, stores)


def monitor(request: MonitorDrift, stores: Stores, shard: OpenShard) -> None:
    """Count each model's batch in the bins of its profile, measure, stage one partition a model."""
    profiles = {kind: _profile(stores, kind, version) for kind, version in shard.manifest.models.items()}
    counters = {kind: Counter(profile.bins) for kind, profile in profiles.items()}
    campaigns = [read_campaign(stores.objects, c) for c in shard.manifest.campaigns]
    campaigns = [c for c in campaigns if c.model_kind in counters]
    if FRAUD in counters:
        _count_fraud(counters[FRAUD], stores, request.run_date)
    _count_customers(counters, campaigns, shard)
    for campaign in campaigns:
        _count_effects(counters[campaign.model_kind], campaign, stores, request.run_date)
    batches = {kind: counter.counts() for kind, counter in counters.items()}
    for details in _details_before(shard.manifest, stores):
        for kind, profile in profiles.items():
            batches[kind] |= counts_in(details, kind, profile.bins)
    levels: dict[str, int] = {}
    for kind, version in shard.manifest.models.items():
        # A model whose steps had no input tonight has no batch: that is no drift.
        met = {name: counts for name, counts in batches[kind].items() if counts.rows}
        found = measure_drift(profiles[kind], met, watch=request.watch, alarm=request.alarm)
        shard.stage(DRIFT, _rows(found, version), kind=kind)
        for drift in found:
            levels[drift.level] = levels.get(drift.level, 0) + 1
    shard.details |= levels


def _profile(stores: Stores, kind: str, version: str) -> Profile:
    card = stores.models.load(kind, version).card
    if "profile" not in card:
        raise UnknownModel(
            f"model {kind}, version {version}: its card holds no profile of what it was trained on: train it again."
        )
    return Profile.from_dict(card["profile"])


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
    for arm in campaign.arms:
        where = {"run_date": run_date, "campaign_id": campaign.id, "arm": arm.name}
        for rows in stores.tables.read(UPLIFT_SCORES, where, ["effect_eur"]):
            counter.add(rows.rename_columns([arm_score(arm.name)]), [arm_score(arm.name)])


def _details_before(manifest: Manifest, stores: Stores) -> Iterable[Mapping[str, Any]]:
    """Return what the reports of the runs before say: those that had the rows have counted them."""
    for run_id in manifest.upstream:
        report = stores.ledger.report(read_manifest(stores, run_id).key)
        if report is not None:
            yield report["details"]


def _rows(found: Iterable[Drift], version: str) -> pa.Table:
    rows = [{**asdict(drift), "model_version": version} for drift in found]
    names = [name for name in DRIFT.names if name not in {"run_date", "kind", "run_id"}]
    return pa.table({name: [row[name] for row in rows] for name in names})


JOB = Job(step("monitor-drift"), MonitorDrift, monitor)

if __name__ == "__main__":
    sys.exit(main(JOB))
