"""Hold the night's rows and scores against the profile of each model that worked on them."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from jobs.errors import BadRequest, UnknownModel
from jobs.monitor_drift.batches import count_batches
from jobs.monitor_drift.history import HISTORY_DAYS, WEEKS, Past, read_past
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
from jobs.tables.outputs import DRIFT

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
    batches = count_batches(profiles, stores, shard, request.run_date)
    own = read_house_rules(stores.objects).drift
    levels = Counter[str]()
    for kind, version in shard.manifest.models.items():
        past = read_past(stores.tables, kind, version, request.run_date)
        # A model whose steps had no input tonight has no batch: that is no drift.
        met = {name: counts for name, counts in batches[kind].items() if counts.rows}
        references = past.weekday_references(request.run_date, profiles[kind]) if request.reference == WEEKDAY else {}
        found = measure_drift(
            profiles[kind],
            met,
            request.thresholds,
            own_thresholds={d.variable: Thresholds(d.watch, d.alarm) for d in own if d.kind == kind},
            references=references,
        )
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
        shard.stage(DRIFT, _table(rows), kind=kind)
        levels.update(drift.level for drift in found)
        levels["raised"] += sum(row["alarm_since"] is not None for row in rows)
    shard.details |= levels


def _profile(stores: Stores, kind: str, version: str) -> Profile:
    card = stores.models.load(kind, version).card
    if "profile" not in card:
        raise UnknownModel(
            f"model {kind}, version {version}: its card holds no profile of what it was trained on: train it again."
        )
    return Profile.from_dict(card["profile"])


def _alarm_since(drift: Drift, past: Past, request: MonitorDrift) -> date | None:
    since = past.alarm_since(drift.variable)
    raised = is_raised([*past.levels(drift.variable), drift.level], since is not None, request.rule)
    return (since or request.run_date) if raised else None


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    given = [c for c in DRIFT.columns if c.name not in {"run_date", "kind", "run_id"}]
    return pa.table({c.name: pa.array([row[c.name] for row in rows], c.type) for c in given})


JOB = Job(step("monitor-drift"), MonitorDrift, monitor)
