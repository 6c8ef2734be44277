"""How good the fraud model is: estimated on days whose labels are still to come, true on those that have matured."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow.compute as pc

from jobs.runtime.chain import PERFORMANCE_DAYS
from jobs.runtime.shard import OpenShard
from jobs.science.drift.estimated_performance import (
    Performance,
    Verdict,
    calibration_groups,
    estimated_performance,
    expected_band,
    pooled,
    true_performance,
    verdict,
)
from jobs.science.drift.known_frauds import KnownFrauds, known_frauds
from jobs.science.drift.score_tally import ScoreTally
from jobs.science.fraud.calibration_bin import CalibrationBin
from jobs.science.fraud.decision import Costs, policy_from
from jobs.storage.tables import Tables
from jobs.tables.inputs import FRAUD_REPORTS
from jobs.tables.outputs import FRAUD_SCORES

RECENT_DAYS = 7
"""Matured days that the verdict rests on, the newest ones: of more, a change of yesterday would hardly show."""

METRICS = ("roc_auc", "precision", "recall", "frauds", "cost_eur")
_SCORES = ("transaction_id", "amount_eur", "fraud_probability", "outcome", "model_version")


@dataclass(frozen=True)
class DayPerformance:
    """One day's payments.

    Parameters
    ----------
    day : datetime.date
        Day on which they were scored.
    estimated : Performance
        What was to be expected.
    band : (float, float) or None
        Limits of the AUC that is to be expected.
    measured : Performance or None
        What came true; None until the day's labels are in.
    """

    day: date
    estimated: Performance
    band: tuple[float, float] | None
    measured: Performance | None


@dataclass(frozen=True)
class FraudPerformance:
    """The days of one model version.

    Parameters
    ----------
    days : tuple of DayPerformance
        Oldest first.
    matured_through : datetime.date or None
        Last day whose labels are in.
    verdict : Verdict
        Whether the estimate has kept its word on matured days.
    calibration : tuple of CalibrationBin
        Of the same days.
    """

    days: tuple[DayPerformance, ...]
    matured_through: date | None
    verdict: Verdict
    calibration: tuple[CalibrationBin, ...]

    def rows(self, version: str) -> list[dict[str, Any]]:
        """Return rows of the table ``performance``."""
        return [
            {
                "scored_on": day.day,
                "metric": metric,
                "payments": day.estimated.payments,
                "estimated": getattr(day.estimated, metric),
                "estimated_low": day.band[0] if day.band and metric == "roc_auc" else None,
                "estimated_high": day.band[1] if day.band and metric == "roc_auc" else None,
                "measured": getattr(day.measured, metric) if day.measured else None,
                "has_matured": day.measured is not None,
                "trust": self.verdict.trust,
                "model_version": version,
            }
            for day in self.days
            for metric in METRICS
        ]


def fraud_performance(
    card: Mapping[str, Any], version: str, tables: Tables, shard: OpenShard, run_date: date
) -> FraudPerformance:
    """Tally the last days' payments that a version scored, one part in memory at a time, with what is known of them."""
    reports = shard.read(FRAUD_REPORTS)
    frauds = known_frauds(reports, datetime.combine(run_date + timedelta(days=1), time.min, UTC))
    watermark = frauds.matured_through(run_date, int(card["label_delay_days"]))
    costs = policy_from(card["policy"]).costs
    days, matured = [], []
    for day, tally in _tallies(tables, version, frauds, run_date):
        has_matured = watermark is not None and day <= watermark
        if has_matured:
            matured.append(tally)
        days.append(_day(day, tally, costs, has_matured=has_matured))
    together = pooled(matured[-RECENT_DAYS:])
    return FraudPerformance(tuple(days), watermark, verdict(together), calibration_groups(together))


def _tallies(tables: Tables, version: str, frauds: KnownFrauds, run_date: date) -> Iterator[tuple[date, ScoreTally]]:
    for back in reversed(range(PERFORMANCE_DAYS)):
        day, tally = run_date - timedelta(days=back), ScoreTally.empty()
        for rows in tables.read(FRAUD_SCORES, {"run_date": day}, list(_SCORES)):
            mine = rows.filter(pc.equal(rows["model_version"], version))
            tally += ScoreTally.of(
                mine["fraud_probability"].to_numpy(),
                mine["amount_eur"].to_numpy(),
                mine["outcome"].to_numpy(),
                pc.is_in(mine["transaction_id"], value_set=frauds.transaction_ids).to_numpy(),
            )
        if tally.payments:
            yield day, tally


def _day(day: date, tally: ScoreTally, costs: Costs, *, has_matured: bool) -> DayPerformance:
    estimated = estimated_performance(tally, costs)
    band = None if estimated.roc_auc is None else expected_band(tally, estimated.roc_auc)
    return DayPerformance(day, estimated, band, true_performance(tally, costs) if has_matured else None)
