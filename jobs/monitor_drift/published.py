"""What a day's drift and performance look like: a page for people, and the same figures as JSON beside it."""

import dataclasses
import hashlib
import json
import math
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
        most_changed=f"Most changed: {moved.label}, from {percent(moved.reference)} to {percent(moved.now)}.",
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
        calibration=[CalibrationBin(g.promised, g.happened, *g.limits()) for g in found.calibration],
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
    if not bins.edges:
        return ["any value"]
    inner = [
        f"{_written(low)}" if _is_next(low, high) else f"{_from(bins.edges, i)} to {_written(high)}"
        for i, (low, high) in enumerate(pairwise(bins.edges))
    ]
    last = len(bins.edges) - 1
    ends = _from(bins.edges, last)
    return [f"below {_written(bins.edges[0])}", *inner, ends if ends.startswith("above") else f"{ends} and more"]


def _ticks(bins: Bins) -> list[str]:
    if not isinstance(bins, NumberBins):
        return [*bins.names, "other"]
    if not bins.edges:
        return [""]
    inner = [
        _written(low) if _is_next(low, high) else f"{_from(bins.edges, i).replace('above ', '>')}–"
        for i, (low, high) in enumerate(pairwise(bins.edges))
    ]
    ends = _from(bins.edges, len(bins.edges) - 1)
    return [f"<{_written(bins.edges[0])}", *inner, ends.replace("above ", ">") if "above" in ends else f"≥{ends}"]


def _from(edges: Sequence[float], place: int) -> str:
    """Write where a bin begins; one that begins next to a single value begins above it."""
    if place and _is_next(edges[place - 1], edges[place]):
        return f"above {_written(edges[place - 1])}"
    return _written(edges[place])


def _is_next(low: float, high: float) -> bool:
    """Whether no number lies between two edges: the bin between them holds a single value."""
    return math.nextafter(low, math.inf) == high


def _written(edge: float) -> str:
    return f"{edge:.3g}" if abs(edge) < _LARGE else f"{edge:,.0f}" if abs(edge) < _HUGE else f"{edge:.2e}"


_LARGE, _HUGE = 1_000, 1e9
