"""Hold the night's rows and scores against the profile of each model that worked on them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from jobs.errors import BadRequest, UnknownModel
from jobs.monitor_drift.batches import FRAUD, count_batches
from jobs.monitor_drift.history import HISTORY_DAYS, WEEKS, Past, read_past
from jobs.monitor_drift.performance import fraud_performance
from jobs.monitor_drift.published import panel, performance_page, publish
from jobs.pages.drift import DriftPage
from jobs.runtime.chain import step
from jobs.runtime.command import flag
from jobs.runtime.house_rules import read_house_rules
from jobs.runtime.report import Report
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores
from jobs.science.drift.alarms import AlarmRule, is_raised
from jobs.science.drift.profile import Profile
from jobs.science.drift.psi import ALARM_PSI, WATCH_PSI, Drift, Thresholds, measure_drift
from jobs.tables.declare import Table
from jobs.tables.outputs import DRIFT, PERFORMANCE

__all__ = ["JOB", "MonitorDrift", "monitor_drift"]

TRAINING, WEEKDAY = "training", "weekday"
"""What a batch is held against: the rows its model was trained on, or earlier days of the same weekday."""


@dataclass(frozen=True)
class MonitorDrift:
    """Measure how far the night's rows are from what each model was trained on."""

    run_date: date = flag("day whose rows are judged", unit="YYYY-MM-DD", example="2026-11-22")
    watch: float = flag("index from which a variable is watched", unit="nat", default=WATCH_PSI, example="0.1")
    alarm: float = flag("index from which a variable is in alarm", unit="nat", default=ALARM_PSI, example="0.25")
    reference: str = flag(
        f"what rows are held against: training, or weekday for the same one in up to {WEEKS} weeks before",
        default=TRAINING,
        example=WEEKDAY,
    )
    alarm_days: int = flag("days in alarm that raise one that stands", unit="days", default=2, example="2", low=1)
    among_days: int = flag("last days that they are counted among", unit="days", default=3, example="3", low=1)
    calm_days: int = flag("stable days in a row that end it", unit="days", default=2, example="2", low=1)

    def __post_init__(self) -> None:
        """Refuse what no batch could be judged by."""
        if self.reference not in {TRAINING, WEEKDAY}:
            raise BadRequest(f"reference is {self.reference!r}: give {TRAINING} or {WEEKDAY}.")
        _ = self.thresholds
        if self.rule.looks_back > HISTORY_DAYS:
            raise BadRequest(
                f"an alarm looks back on {self.rule.looks_back} days, the drift table is read back {HISTORY_DAYS}: "
                "ask for fewer days."
            )

    @property
    def thresholds(self) -> Thresholds:
        """Of every variable for which the house rules name no others."""
        return Thresholds(self.watch, self.alarm)

    @property
    def rule(self) -> AlarmRule:
        """When an alarm is raised, and when it ends."""
        return AlarmRule(self.alarm_days, self.among_days, self.calm_days)


def monitor_drift(request: MonitorDrift, stores: Stores) -> Report:
    """Measure drift and performance, commit the tables ``drift`` and ``performance``, make a page of each.

    Raises
    ------
    TamperedModel
        If a model's files are not what was registered.
    UnknownModel
        If a model's card holds no profile to hold the night against.
    """
    return run_job(JOB, request, stores)


def monitor(request: MonitorDrift, stores: Stores, shard: OpenShard) -> None:
    """Count each model's batch in the bins of its profile, measure, stage one partition a model, make the pages."""
    cards = {kind: _card(stores, kind, version) for kind, version in shard.manifest.models.items()}
    profiles = {kind: Profile.from_dict(card["profile"]) for kind, card in cards.items()}
    batches = count_batches(profiles, stores, shard, request.run_date)
    limits = read_house_rules(stores.objects).drift
    levels, panels = Counter[str](raised=0), []
    for kind, version in shard.manifest.models.items():
        past = read_past(stores.tables, kind, version, request.run_date)
        own = {limit.variable: Thresholds(limit.watch, limit.alarm) for limit in limits if limit.kind == kind}
        # A model whose steps had no input tonight has no batch: that is no drift.
        met = {name: counts for name, counts in batches[kind].items() if counts.rows}
        references = past.weekday_references(request.run_date, profiles[kind]) if request.reference == WEEKDAY else {}
        found = measure_drift(profiles[kind], met, request.thresholds, own_thresholds=own, references=references)
        rows = [
            {
                **{name: value for name, value in asdict(drift).items() if name != "distances"},
                **asdict(drift.distances),
                "reference": WEEKDAY if drift.variable in references else TRAINING,
                "counts": met[drift.variable].line,
                "alarm_since": _alarm_since(drift, past, request),
                "model_version": version,
            }
            for drift in found
        ]
        shard.stage(DRIFT, rows_of(DRIFT, rows), kind=kind)
        levels.update(drift.level for drift in found)
        levels["raised"] += sum(row["alarm_since"] is not None for row in rows)
        for row in rows:
            variable = profiles[kind].variables[row["variable"]]
            reference = references.get(row["variable"], variable.counts)
            alarm = own.get(row["variable"], request.thresholds).alarm
            panels.append(panel(row, kind, variable.bins, reference, past.indices(row["variable"]), alarm))
    shard.details |= levels
    page = DriftPage(request.run_date, shard.run_id, stores.objects.uri, _said(request), panels)
    shard.details["page"] = publish(page, "drift", stores.objects)
    if FRAUD in cards:
        _performance(cards[FRAUD], stores, shard, request.run_date)


def _performance(card: Mapping[str, Any], stores: Stores, shard: OpenShard, run_date: date) -> None:
    version = shard.manifest.models[FRAUD]
    lacking = [part for part in ("policy", "label_delay_days") if part not in card]
    if lacking:
        reason = f"The card of model {FRAUD}, version {version}, does not say its {lacking[0]}: train it again."
        shard.details["performance"] = {FRAUD: {"trust": "unknown", "reason": reason, "matured_through": None}}
        return
    found = fraud_performance(card, version, stores.tables, shard, run_date)
    shard.stage(PERFORMANCE, rows_of(PERFORMANCE, found.rows(version)), kind=FRAUD)
    shard.details["performance"] = {
        FRAUD: {
            "trust": found.verdict.trust,
            "reason": found.verdict.reason,
            "matured_through": str(found.matured_through) if found.matured_through else None,
        }
    }
    page = performance_page(found, FRAUD, version, run_date=run_date, run_id=shard.run_id, source=stores.objects.uri)
    shard.details["performance_page"] = publish(page, "performance", stores.objects)


def rows_of(table: Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows in the declared types, without what the shard fills in."""
    given = [c for c in table.columns if c.name not in {"run_date", "kind", "run_id"}]
    return pa.table({c.name: pa.array([row[c.name] for row in rows], c.type) for c in given})


def _said(request: MonitorDrift) -> str:
    rule = request.rule
    return (
        f"A variable is in alarm from a stability index of {request.alarm:g} on and watched from {request.watch:g} on, "
        "where the house rules name no others, and never by less than chance can bring. "
        f"An alarm is raised by {rule.enter} of {rule.among} days and ends after {rule.leave} stable ones."
    )


def _card(stores: Stores, kind: str, version: str) -> Mapping[str, Any]:
    card: Mapping[str, Any] = stores.models.load(kind, version).card
    if "profile" not in card:
        raise UnknownModel(
            f"model {kind}, version {version}: its card holds no profile of what it was trained on: train it again."
        )
    return card


def _alarm_since(drift: Drift, past: Past, request: MonitorDrift) -> date | None:
    since = past.alarm_since(drift.variable)
    raised = is_raised([*past.levels(drift.variable), drift.level], since is not None, request.rule)
    return (since or request.run_date) if raised else None


JOB = Job(step("monitor-drift"), MonitorDrift, monitor)
