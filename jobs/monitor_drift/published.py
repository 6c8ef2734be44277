"""What a day's drift and performance look like: a page for people, and the same figures as JSON beside it."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from jobs.monitor_drift.performance import FraudPerformance
from jobs.pages.drift import DriftPage, DriftPanel, drift_html
from jobs.pages.figures import CalibrationBin
from jobs.pages.formats import percent
from jobs.pages.histogram_chart import HistogramBin
from jobs.pages.performance import Figure, PerformanceDay, PerformancePage, performance_html
from jobs.runtime.layout import monitoring_key
from jobs.science.drift.bins import Bins, NumberBins
from jobs.science.drift.counts import VariableCounts
from jobs.storage.objects import Objects

_DIGEST_CHARS = 12
_TICK_DIGITS = 3


def panel(
    row: Mapping[str, Any], kind: str, bins: Bins, reference: VariableCounts, history: Sequence[float], alarm: float
) -> DriftPanel:
    """Return a variable's part of the page.

    Parameters
    ----------
    row : mapping of str to object
        Its row of the table ``drift``.
    kind : str
        Kind of its model.
    bins : NumberBins or CategoryBins
        Bins of the counts.
    reference : VariableCounts
        What the row was held against.
    history : sequence of float
        Index of the days before, oldest first.
    alarm : float
        Index from which it is in alarm.
    """
    histogram = _histogram(bins, VariableCounts.from_line(row["counts"]), reference)
    moved = max(histogram, key=lambda b: abs(b.now - b.reference))
    said = {f.name: row[f.name] for f in dataclasses.fields(DriftPanel) if f.name in row}
    return DriftPanel(
        **said,
        kind=kind,
        bins=histogram,
        most_changed=f"Most changed: {moved.label}, {percent(moved.reference)} before, {percent(moved.now)} now.",
        history=[*history, row["psi"]],
        alarm=alarm,
    )


def performance_page(
    found: FraudPerformance, kind: str, version: str, *, run_date: date, run_id: str, source: str
) -> PerformancePage:
    """Return the page of a model's performance."""
    days = [
        PerformanceDay(
            day.day,
            day.estimated.payments,
            day.measured is not None,
            **{
                metric: Figure(
                    getattr(day.estimated, metric),
                    getattr(day.measured, metric, None),
                    *(day.band if day.band and metric == "roc_auc" else ()),
                )
                for metric in ("roc_auc", "precision", "recall", "frauds", "cost_eur")
            },
        )
        for day in found.days
    ]
    return PerformancePage(
        run_date=run_date,
        run_id=run_id,
        source=source,
        kind=kind,
        model_version=version,
        trust=found.verdict.trust,
        reason=found.verdict.reason,
        matured_through=found.matured_through,
        days=days,
        calibration=[CalibrationBin(g.predicted, g.measured, g.low, g.high) for g in found.calibration],
    )


def publish(page: DriftPage | PerformancePage, what: str, objects: Objects) -> str:
    """Write the page and its figures, named by what they say, and return where the page lies."""
    html = drift_html(page) if isinstance(page, DriftPage) else performance_html(page)
    figures = json.dumps(dataclasses.asdict(page), default=str, indent=1, sort_keys=True)
    # One name for both: whoever has the page finds its figures beside it.
    digest = hashlib.sha256(f"{html}{figures}".encode()).hexdigest()[:_DIGEST_CHARS]
    for suffix, body in (("json", figures), ("html", html)):
        objects.put_if_absent(monitoring_key(what, page.run_date, digest, suffix), body.encode())
    return f"{objects.uri}/{monitoring_key(what, page.run_date, digest, 'html')}"


def _histogram(bins: Bins, batch: VariableCounts, reference: VariableCounts) -> list[HistogramBin]:
    labels = _labels(bins)
    ticks = _ticks(bins)
    shares = [[n / max(c.rows, 1) for n in (*c.bins, c.missing)] for c in (reference, batch)]
    found = [
        HistogramBin(label, before, now, tick)
        for label, tick, before, now in zip(labels, ticks, shares[0][:-1], shares[1][:-1], strict=True)
        # The bins beside a constant and the one of all other categories mostly hold nothing at all.
        if before or now or len(labels) == 1
    ]
    if batch.missing or reference.missing or not found:
        found.append(HistogramBin("without a value", shares[0][-1], shares[1][-1], "missing", missing=True))
    return found


def _labels(bins: Bins) -> list[str]:
    if not isinstance(bins, NumberBins):
        return [*map(repr, bins.names), "any other"]
    edges = [f"{e:.6g}" for e in bins.edges]
    if not edges:
        return ["any value"]
    # An edge may be the next float after the one before it: then the bin holds a single value.
    inner = [low if low == high else f"{low} to {high}" for low, high in pairwise(edges)]
    last = "above {}" if edges[-2:-1] == edges[-1:] else "{} and more"
    return [f"below {edges[0]}", *inner, last.format(edges[-1])]


def _ticks(bins: Bins) -> list[str]:
    if not isinstance(bins, NumberBins):
        return [*bins.names, "other"]
    edges = [f"{e:.{_TICK_DIGITS}g}" for e in bins.edges]
    return [f"<{edges[0]}", *(f"{e}–" for e in edges[:-1]), f"≥{edges[-1]}"] if edges else [""]
