"""What a readout says within segments, grouped by the column that told units apart; none of it decides."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from jobs.pages.axes import Axis
from jobs.pages.experiment_rows import Node, Span, forest_row, span
from jobs.pages.forest_plot import ForestGroup, forest_plot
from jobs.pages.formats import NONE, count
from jobs.pages.measures import measure

_DRAWN = 12
"""Values of a column that are drawn; all are in the table."""


@dataclass(frozen=True)
class SegmentRow:
    """One arm on one metric within one segment, written.

    Parameters
    ----------
    value : str
        Of the column.
    units : int
        Units in the segment, of all arms.
    arm : str
        Name.
    effect : Span
        In the metric's unit.
    adjusted_p_value : float
        Paid for all segments together, in [0, 1].
    """

    value: str
    units: int
    arm: str
    effect: Span
    adjusted_p_value: float


@dataclass(frozen=True)
class Segments:
    """Effects within the values of one column.

    Parameters
    ----------
    column : str
        By which units were told apart.
    metric : str
        The first metric.
    picture : Markup or None
        Effects on it, value by value.
    metrics : sequence of (str, sequence of SegmentRow)
        Each metric with its rows.
    """

    column: str
    metric: str
    picture: Markup | None
    metrics: Sequence[tuple[str, Sequence[SegmentRow]]]


def segments(document: Node) -> list[Segments]:
    """Group the segments of a readout document by column.

    Parameters
    ----------
    document : mapping
        A readout document.
    """
    kinds = {metric["metric"]: metric for metric in document["metrics"]}
    found: list[Segments] = []
    for column in dict.fromkeys(line["column"] for line in document["segments"]):
        lines = [line for line in document["segments"] if line["column"] == column]
        by_metric = {name: [line for line in lines if line["metric"] == name] for name in kinds}
        said = [(name, own) for name, own in by_metric.items() if own]
        first, drawn = said[0]
        rows = [(name, [_row(line, kinds[name]) for line in own]) for name, own in said]
        found.append(Segments(column, first, _picture(column, drawn, kinds[first]), rows))
    return found


def _row(line: Node, metric: Node) -> SegmentRow:
    effect = span(line["absolute"], measure(metric["kind"], metric["unit"]).difference) or Span(NONE)
    return SegmentRow(line["value"], line["units"], line["arm"], effect, line["adjusted_p_value"])


def _picture(column: str, lines: Sequence[Node], metric: Node) -> Markup | None:
    written = measure(metric["kind"], metric["unit"])
    axis = Axis(" ".join(f"effect on {metric['metric']} {written.unit}".split()), written.ticks, holds=(0.0,))
    groups = []
    for value in list(dict.fromkeys(line["value"] for line in lines))[:_DRAWN]:
        own = [line for line in lines if line["value"] == value]
        rows = [forest_row(line["arm"], line["absolute"], line["verdict"]) for line in own]
        groups.append(ForestGroup(value, rows, axis, written.difference, f"{count(own[0]['units'])} units"))
    return forest_plot(
        f"Effect on {metric['metric']} by {column}",
        groups,
        shared=axis,
        description=f"One group for each value of {column}; the figures are in the table below.",
    )
