"""The lines of a readout as a page writes them: figures with units, verdicts in a word, rows of a forest plot."""

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

_TONES: Mapping[str, Tone] = {"better": "gain", "held": "gain", "worse": "loss", "broken": "loss"}
_LEVELS = {"better": "stable", "held": "stable", "worse": "alarm", "broken": "alarm"}
_ROLES = {"success": "decides", "guardrail": "guardrail", "read": "read, decides nothing"}


@dataclass(frozen=True)
class Span:
    """An estimate and its interval, written.

    Parameters
    ----------
    value : str
        Such as "+4.2%".
    low, high : str
        Limits of its interval, empty where there are none.
    """

    value: str
    low: str = ""
    high: str = ""

    def __str__(self) -> str:
        return f"{self.value} ({self.low} to {self.high})" if self.low else self.value


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
        Effect in the metric's unit, as a share of the control, and in euros of all units of the arm.
    p_value, adjusted_p_value : float or None
        As the document has them.
    verdict, level : str
        In a word, and which badge it is.
    note : str
        Of those who met the treatment; may be empty.
    """

    arm: str
    control: str
    treatment: str
    absolute: Span
    relative: Span | None
    total_eur: Span | None
    p_value: float
    adjusted_p_value: float | None
    verdict: str
    level: str
    note: str


@dataclass(frozen=True)
class MetricRows:
    """One metric with its arms, written.

    Parameters
    ----------
    name, role, note : str
        What is measured; what the metric is for; how it is read and what harm is allowed, in words.
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
    written = measure(metric["kind"], metric["unit"])
    rows = [_effect_row(line, written, metric["role"]) for line in metric["lines"]]
    return MetricRows(metric["metric"], _ROLES[metric["role"]], metric_note(metric), rows)


def metric_note(metric: Node) -> str:
    """Say how a metric is read: kind, columns, unit, cap, adjustment, direction, allowed harm."""
    written = measure(metric["kind"], metric["unit"])
    parts = [metric["columns"] if metric["kind"] == "quantile" else f"{metric['kind']} of {metric['columns']}"]
    if written.unit:
        parts.append(f"in {written.unit}")
    if metric["cap"] is not None:
        parts.append(f"a value above {written.level(metric['cap'])} counts as that")
    if metric["covariates"]:
        how = {"cuped": "CUPED", "lin": "Lin’s regression"}[metric["adjustment"]]
        parts.append(f"adjusted by {', '.join(metric['covariates'])} ({how})")
    if metric["better"] == "lower":
        parts.append("lower is better")
    if metric["margin"] is not None:
        margin = metric["margin"]["margin"]
        allowed = (signed_percent if metric["margin"]["relative"] else written.difference)(margin).lstrip("+")
        parts.append(f"may be {allowed} {'higher' if metric['better'] == 'lower' else 'lower'} at most")
        alpha = metric["lines"][0]["alpha"]
        parts.append(f"{_share(1 - alpha)} intervals, each end of which is sure to {_share(1 - alpha / 2)}")
    return ", ".join(parts)


def relative_groups(metrics: Sequence[Node]) -> list[ForestGroup]:
    """Return the forest plot of all effects as shares of the control; metrics without any are left out."""
    axis = Axis("effect, % of the control", percent_ticks, holds=(0.0,))
    groups = []
    for metric in metrics:
        rows = [
            forest_row(line["arm"], line["relative"], line["verdict"], _bound(metric, relative=True))
            for line in metric["lines"]
            if line["relative"] is not None
        ]
        if rows:
            groups.append(ForestGroup(metric["metric"], rows, axis, signed_percent, _role(metric)))
    return groups


def absolute_groups(metrics: Sequence[Node]) -> list[ForestGroup]:
    """Return the forest plot of all effects, each metric in its own unit."""
    groups = []
    for metric in metrics:
        written = measure(metric["kind"], metric["unit"])
        bound = _bound(metric, relative=False)
        rows = [forest_row(line["arm"], line["absolute"], line["verdict"], bound) for line in metric["lines"]]
        note = ", ".join(part for part in (_role(metric), written.unit) if part)
        groups.append(ForestGroup(metric["metric"], rows, Axis("", written.ticks, (0.0,)), written.difference, note))
    return groups


def forest_row(name: str, interval: Node, verdict: str, bound: float | None = None) -> ForestRow:
    """Return a row of a forest plot from an interval of the document."""
    value = interval.get("value")
    ends = interval.get("lower"), interval.get("upper")
    return ForestRow(name, nan if value is None else value, *ends, _TONES.get(verdict, "open"), bound)


def span(interval: Node | None, written: Callable[[float | None], str]) -> Span | None:
    """Write an interval of the document, or return None where there is none."""
    if interval is None or interval.get("value") is None:
        return None
    low, high = interval.get("lower"), interval.get("upper")
    ends = ("", "") if low is None or high is None else (written(low), written(high))
    return Span(written(interval["value"]), *ends)


def _effect_row(line: Node, written: Measure, role: str) -> EffectRow:
    verdict, is_open = line["verdict"], line["verdict"] == "open"
    return EffectRow(
        line["arm"],
        written.level(line["control"]),
        written.level(line["treatment"]),
        span(line["absolute"], written.difference) or Span(NONE),
        span(line["relative"], signed_percent),
        span(line["total_eur"], signed_whole_euro),
        line["p_value"],
        line["adjusted_p_value"],
        "not known" if is_open and role != "guardrail" else verdict,
        "watch" if is_open and role == "guardrail" else _LEVELS.get(verdict, "plain"),
        "" if line["exposed"] is None else line["exposed"]["sentence"],
    )


def _share(value: float) -> str:
    return f"{100.0 * value:.6g}%"


def _role(metric: Node) -> str:
    return "" if metric["role"] == "read" else _ROLES[metric["role"]]


def _bound(metric: Node, *, relative: bool) -> float | None:
    """Return where a guardrail's margin lies on the axis that it is stated on."""
    said = metric["margin"]
    if said is None or said["relative"] != relative:
        return None
    return float(said["margin"]) if metric["better"] == "lower" else -float(said["margin"])
