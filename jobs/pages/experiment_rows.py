"""The lines of a readout as a page writes them: figures with their units, verdicts in a word, rows of a forest plot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

from jobs.pages.axes import Axis
from jobs.pages.forest_plot import ForestGroup, ForestRow, Tone
from jobs.pages.formats import NONE, percent_ticks, signed_percent, signed_whole_euro
from jobs.pages.measures import Measure, measure

Node = Mapping[str, Any]
"""A part of a readout document, as JSON holds it."""

_VERDICTS: Mapping[str, tuple[str, Tone]] = {
    "better": ("stable", "gain"),
    "worse": ("alarm", "loss"),
    "held": ("stable", "gain"),
    "broken": ("alarm", "loss"),
    "open": ("watch", "open"),
    "unclear": ("plain", "open"),
}
ROLES = {
    "success": "decides",
    "guardrail": "guardrail",
    "read": "read, does not decide",
}


@dataclass(frozen=True)
class Span:
    """An estimate and its interval, written.

    Parameters
    ----------
    value, limits : str
        Such as "+4.2%" and "+1.0% to +7.4%"; limits are empty where there are none.
    """

    value: str
    limits: str


@dataclass(frozen=True)
class EffectRow:
    """What one arm did to one metric, written.

    Parameters
    ----------
    arm : str
        Name.
    control, treatment : str
        Figures of the two arms.
    absolute, relative, total_eur : Span or None
        Effect in the metric's unit, as a share of the control, and in euros of all units.
    p_value, adjusted_p_value : float or None
        As the document has them.
    verdict, level : str
        In a word, and which badge it is.
    sentence : str
        What it means.
    """

    arm: str
    control: str
    treatment: str
    absolute: Span
    relative: Span | None
    total_eur: Span | None
    p_value: float | None
    adjusted_p_value: float | None
    verdict: str
    level: str
    sentence: str


@dataclass(frozen=True)
class MetricRows:
    """One metric with its arms, written.

    Parameters
    ----------
    name, role, note : str
        What is measured; what the metric is for; how it is adjusted and what harm is allowed, in words.
    rows : sequence of EffectRow
        Arm by arm.
    """

    name: str
    role: str
    note: str
    rows: Sequence[EffectRow]


def metric_rows(metric: Node) -> MetricRows:
    """Write one metric of a readout.

    Parameters
    ----------
    metric : mapping
        An entry of the document's ``metrics``.
    """
    written = measure(metric["kind"], metric.get("unit"))
    return MetricRows(
        metric["metric"],
        ROLES.get(metric.get("role") or "read", ""),
        metric_note(metric),
        [_effect_row(line, written) for line in metric["lines"]],
    )


def metric_note(metric: Node) -> str:
    """Say how a metric is read: kind, unit, adjustment, direction, allowed harm."""
    written = measure(metric["kind"], metric.get("unit"))
    parts = [metric["kind"]]
    if written.unit:
        parts.append(f"in {written.unit}")
    if metric.get("adjustment") not in {None, "", "none"}:
        parts.append({"cuped": "CUPED", "lin": "Lin's regression"}.get(metric["adjustment"], metric["adjustment"]))
    if metric.get("better") == "lower":
        parts.append("lower is better")
    amount, relative = margin(metric)
    if amount is not None:
        allowed = signed_percent(abs(amount)) if relative else written.difference(abs(amount))
        parts.append(f"may be {allowed.lstrip('+')} {'higher' if metric.get('better') == 'lower' else 'lower'} at most")
    return ", ".join(parts)


def margin(metric: Node) -> tuple[float | None, bool]:
    """Return how much worse a guardrail may be, above 0, and whether that is a share of the control."""
    said = metric.get("margin")
    if said is None:
        return None, False
    if isinstance(said, Mapping):
        return said.get("margin"), bool(said.get("relative"))
    return float(said), bool(metric.get("relative"))


def relative_groups(metrics: Sequence[Node]) -> list[ForestGroup]:
    """Return the forest plot of all effects as shares of the control; metrics without any are left out."""
    axis = Axis("effect, % of the control", percent_ticks, holds=(0.0,))
    groups = []
    for metric in metrics:
        amount, relative = margin(metric)
        rows = [
            forest_row(line["arm"], line["relative"], line.get("verdict", ""), _bound(metric, amount, relative))
            for line in metric["lines"]
            if line.get("relative")
        ]
        if rows:
            groups.append(ForestGroup(metric["metric"], rows, axis, signed_percent, _role(metric)))
    return groups


def absolute_groups(metrics: Sequence[Node]) -> list[ForestGroup]:
    """Return the forest plot of all effects, each metric in its own unit."""
    groups = []
    for metric in metrics:
        written = measure(metric["kind"], metric.get("unit"))
        amount, relative = margin(metric)
        rows = [
            forest_row(line["arm"], line["absolute"], line.get("verdict", ""), _bound(metric, amount, not relative))
            for line in metric["lines"]
        ]
        note = ", ".join(part for part in (_role(metric), written.unit) if part)
        groups.append(ForestGroup(metric["metric"], rows, Axis("", written.ticks, (0.0,)), written.difference, note))
    return groups


def forest_row(name: str, interval: Node, verdict: str, bound: float | None = None) -> ForestRow:
    """Return a row of a forest plot from an interval of the document."""
    value = interval.get("value")
    return ForestRow(
        name,
        nan if value is None else value,
        interval.get("lower"),
        interval.get("upper"),
        _VERDICTS.get(verdict, ("plain", "open"))[1],
        bound,
    )


def span(interval: Node | None, written: Callable[[float | None], str]) -> Span | None:
    """Write an interval of the document, or return None where there is none."""
    if interval is None or interval.get("value") is None:
        return None
    low, high = interval.get("lower"), interval.get("upper")
    return Span(written(interval["value"]), "" if low is None or high is None else f"{written(low)} to {written(high)}")


def _effect_row(line: Node, written: Measure) -> EffectRow:
    verdict = line.get("verdict") or ""
    return EffectRow(
        line["arm"],
        written.level(line.get("control")),
        written.level(line.get("treatment")),
        span(line["absolute"], written.difference) or Span(NONE, ""),
        span(line.get("relative"), signed_percent),
        span(line.get("total_eur"), signed_whole_euro),
        line.get("p_value"),
        line.get("adjusted_p_value"),
        verdict,
        _VERDICTS.get(verdict, ("plain", "open"))[0],
        line.get("sentence") or "",
    )


def _role(metric: Node) -> str:
    return {"success": "decides", "guardrail": "guardrail"}.get(metric.get("role", ""), "")


def _bound(metric: Node, amount: float | None, here: bool) -> float | None:
    """Return where a guardrail's margin lies on an axis that it is stated on."""
    if amount is None or not here:
        return None
    return abs(amount) if metric.get("better") == "lower" else -abs(amount)
