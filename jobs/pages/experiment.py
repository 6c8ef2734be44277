"""The page of an experiment, a file's trial or a campaign's holdout: is it over, what did it do, what now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from jobs.pages.axes import Axis
from jobs.pages.effect_curve import CurvePoint, effect_curve
from jobs.pages.experiment_rows import (
    MetricRows,
    Node,
    absolute_groups,
    forest_row,
    metric_rows,
    relative_groups,
    span,
)
from jobs.pages.forest_plot import ForestGroup, forest_plot
from jobs.pages.formats import count, percent, percent_ticks, signed_whole_euro
from jobs.pages.measures import measure
from jobs.pages.promised import promised
from jobs.pages.rendering import render
from jobs.pages.sample_ratio_panel import ArmSize, sample_ratio_panel

_CURVES = 6
"""Charts of the cumulative effect on one page; the others are in the document."""

_NOW = {"ship": "Ship {}", "hold": "Keep it running", "stop": "Stop", "none": "Nothing is concluded"}


@dataclass(frozen=True)
class Answers:
    """What a reader wants first.

    Parameters
    ----------
    title : str
        The decision, or what was found where no rule decides.
    over, did, now : str
        One sentence each: is it over, what did it do, what now.
    badge, level : str
        The decision in a word, and which badge it is: "stable", "watch", "alarm" or "plain".
    """

    title: str
    over: str
    did: str
    now: str
    badge: str
    level: str


def experiment_html(document: Node) -> str:
    """Return the page of a readout as one HTML document that needs nothing from elsewhere.

    Parameters
    ----------
    document : mapping
        A readout document, as :mod:`jobs.science.experiment.readout` builds it.

    Returns
    -------
    str
        HTML, under 1 MB. Where the split does not hold it says so, and shows no effect.
    """
    holds = bool(document["split"]["holds"])
    metrics: Sequence[Node] = document.get("metrics") or () if holds else ()
    said = document.get("promised") if holds else None
    return render(
        "experiment.html.j2",
        document=document,
        holds=holds,
        answers=answers(document),
        progress=document["progress"],
        ends_on=_date(document["progress"].get("ends_on")),
        as_of=_date(document.get("as_of")),
        split=document["split"],
        split_picture=_split_picture(document),
        metrics=[metric_rows(metric) for metric in metrics],
        relative=forest_plot(
            "Effects as shares of the control",
            relative_groups(metrics),
            shared=Axis("effect, % of the control", percent_ticks),
            description="Every effect with its interval; the figures are in the table below.",
        ),
        absolute=forest_plot(
            "Effects in each metric's unit",
            absolute_groups(metrics),
            description="Every effect with its interval, each metric on its own scale; figures in the table below.",
        ),
        guarded=any(metric.get("margin") is not None for metric in metrics),
        curves=_curves(document, metrics),
        segments=segments(document, metrics),
        promised=promised(said) if said else None,
        interval_says=_interval_says(document["progress"]),
        confidence=1.0 - document["progress"].get("alpha", 0.05),
        set_aside=document["source"].get("set_aside") or (),
        rule=_rule(document),
    )


def answers(document: Node) -> Answers:
    """Say the three things that a reader wants first.

    Parameters
    ----------
    document : mapping
        A readout document.
    """
    progress, decision, split = document["progress"], document.get("decision") or {}, document["split"]
    if not split["holds"]:
        reasons = decision.get("reasons") or [split.get("sentence", "")]
        return Answers(
            "Nothing can be concluded",
            _over(progress),
            "Not known: the arms have not the sizes that were planned, so whatever differs between them may be the "
            "fault of how units were lost or moved.",
            " ".join(reasons),
            "no decision",
            "alarm",
        )
    outcome = decision.get("outcome", "none")
    found = _found(document)
    if outcome == "none":
        reasons = decision.get("reasons") or ["No rule was written before the start, so this page only reads."]
        return Answers(
            document.get("title") or "What was found", _over(progress), found, " ".join(reasons), "no decision", "plain"
        )
    level = {"ship": "stable", "hold": "watch", "stop": "alarm"}.get(outcome, "plain")
    title = _NOW.get(outcome, outcome).format(decision.get("arm") or "")
    return Answers(title.strip(), _over(progress), found, " ".join(decision.get("reasons") or [title]), outcome, level)


def _over(progress: Node) -> str:
    seen, planned = progress["units"], progress.get("units_planned")
    if progress["is_final"]:
        of = f" of {count(planned)} planned" if planned and planned != seen else ""
        return f"Yes, it is over: {count(seen)} units{of} were seen."
    ends = _date(progress.get("ends_on"))
    until = f"; it is planned to end on {ends.day} {ends:%B %Y}" if ends else ""
    share = progress.get("fraction")
    part = f" of {count(planned)} planned ({percent(share)})" if planned and share is not None else ""
    return f"Not yet: {count(seen)} units{part} were seen{until}. What is said below holds at every look."


def _found(document: Node) -> str:
    """Return what the first deciding metric says of the arm that ships, or of each arm."""
    said = document.get("promised")
    if said and said.get("sentence"):
        return str(said["sentence"])
    metrics = document.get("metrics") or ()
    first = next((m for m in metrics if m.get("role") == "success"), metrics[0] if metrics else None)
    if first is None:
        return "No metric was read."
    chosen = (document.get("decision") or {}).get("arm")
    lines = [line for line in first["lines"] if chosen in {None, line["arm"]}] or list(first["lines"])
    written = measure(first["kind"], first.get("unit"))
    sentences = []
    for line in lines[:3]:
        figures = span(line["absolute"], written.difference)
        plain = f"{line['arm']}: {first['metric']} {figures.value} ({figures.limits})." if figures else ""
        total = span(line.get("total_eur"), signed_whole_euro)
        worth = f" In all that is {total.value} ({total.limits})." if total else ""
        sentences.append((line.get("sentence") or plain) + worth)
    more = len(lines) - 3
    return " ".join(sentences) + (f" {more} more arms are below." if more > 0 else "")


def _split_picture(document: Node) -> Markup | None:
    arms = [
        ArmSize(arm["arm"], arm["units"], arm["share_planned"])
        for arm in document["arms"]
        if arm.get("share_planned") is not None
    ]
    return sample_ratio_panel(arms, description=document["split"].get("sentence", ""))


def _curves(document: Node, metrics: Sequence[Node]) -> list[tuple[str, Markup]]:
    """Return a chart for each metric and arm that was looked at more than once, those that decide first."""
    progress = document["progress"]
    kinds = {metric["metric"]: metric for metric in metrics}
    order = {"success": 0, "guardrail": 1}
    drawn = []
    for course in sorted(
        (c for c in document.get("over_time") or () if c["metric"] in kinds),
        key=lambda c: order.get(kinds[c["metric"]].get("role", ""), 2),
    ):
        metric = kinds[course["metric"]]
        title = f"{course['metric']}, {course['arm']}"
        points = [
            CurvePoint(p.get("at"), p["units"], p["value"], p["lower"], p["upper"])
            for p in course["points"]
            if None not in {p.get("value"), p.get("lower"), p.get("upper")}
        ]
        picture = effect_curve(
            f"Cumulative effect on {title}",
            points,
            measure(metric["kind"], metric.get("unit")),
            unit="a unit",
            ends_on=progress.get("ends_on"),
            units_planned=progress.get("units_planned"),
        )
        if picture is not None:
            drawn.append((title, picture))
    return drawn[:_CURVES]


@dataclass(frozen=True)
class Segments:
    """Effects within the values of one column, which decide nothing.

    Parameters
    ----------
    column : str
        By which units were told apart.
    picture : Markup or None
        Effects of the first metric, value by value.
    metric : str
        Name of that metric.
    rows : sequence of (str, int or None, MetricRows)
        Value, units, and each metric's lines.
    """

    column: str
    picture: Markup | None
    metric: str
    rows: Sequence[tuple[str, int | None, MetricRows]]


def segments(document: Node, metrics: Sequence[Node]) -> list[Segments]:
    """Group the document's segments by column.

    Parameters
    ----------
    document : mapping
        A readout document.
    metrics : sequence of mapping
        Its metrics, for their kinds and units.
    """
    kinds = {metric["metric"]: metric for metric in metrics}
    found: list[Segments] = []
    entries = [e for e in document.get("segments") or () if metrics]
    for column in dict.fromkeys(entry["column"] for entry in entries):
        own = [entry for entry in entries if entry["column"] == column]
        lines = [(e, line) for e in own for line in e.get("lines") or () if line.get("metric") in kinds]
        first = next((name for name in kinds if any(line["metric"] == name for _, line in lines)), None)
        if first is None:
            continue
        written = measure(kinds[first]["kind"], kinds[first].get("unit"))
        axis = Axis(" ".join(f"effect on {first} {written.unit}".split()), written.ticks, holds=(0.0,))
        groups = [
            ForestGroup(
                str(e["value"]),
                [forest_row(x["arm"], x["absolute"], x.get("verdict", "")) for y, x in lines
                 if y is e and x["metric"] == first],
                axis,
                written.difference,
                f"{count(e['units'])} units" if e.get("units") is not None else "",
            )
            for e in own
        ]  # fmt: skip
        rows = [
            (str(e["value"]), e.get("units"), metric_rows({**kinds[name], "lines": of_metric}))
            for e in own
            for name in kinds
            for of_metric in ([line for y, line in lines if y is e and line["metric"] == name],)
            if of_metric
        ]
        picture = forest_plot(
            f"Effect on {first} by {column}", [g for g in groups if g.rows], shared=axis,
            description=f"One group for each value of {column}; figures in the table beside.",
        )  # fmt: skip
        found.append(Segments(column, picture, first, rows))
    return found


def _interval_says(progress: Node) -> str:
    level = f"{100 * (1 - progress.get('alpha', 0.05)):g}%"
    if progress.get("interval") == "always-valid":
        return (
            f"Intervals are always-valid at {level}: they are wider than those at a planned end, and hold however "
            "often one looks and whenever one stops."
        )
    return f"Intervals are fixed-horizon ones at {level}: they hold for this one look at the planned end."


def _rule(document: Node) -> list[tuple[str, str]]:
    """Return the rule as it was written, name and value."""
    rule = (document.get("decision") or {}).get("rule") or {}
    return [(str(name).replace("_", " "), _words(value)) for name, value in rule.items() if value not in (None, [], {})]


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{str(k).replace('_', ' ')} {_words(v)}" for k, v in value.items() if v is not None)
    if isinstance(value, list | tuple):
        return "; ".join(_words(v) for v in value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _date(at: str | None) -> date | None:
    return None if at is None else date.fromisoformat(at[:10])
