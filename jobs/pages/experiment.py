"""The page of an experiment, a file's trial or a campaign's holdout: is it over, what did it do, what now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from jobs.pages.axes import Axis
from jobs.pages.effect_curve import CurvePoint, effect_curve
from jobs.pages.experiment_rows import Node, absolute_groups, metric_rows, relative_groups, span
from jobs.pages.experiment_rule import rule_sentences
from jobs.pages.experiment_segments import segments
from jobs.pages.forest_plot import forest_plot
from jobs.pages.formats import percent_ticks, signed_whole_euro, unbroken
from jobs.pages.measures import measure
from jobs.pages.promised import Promised, promised
from jobs.pages.rendering import render
from jobs.pages.sample_ratio_panel import ArmSize, sample_ratio_panel

_CURVES = 6
"""Charts of the cumulative effect on one page; the others are in the document."""

_SENTENCES = 3
"""Sentences under what it did; all lines are in the table."""

_TITLES = {"ship": "Ship {}", "hold": "Keep it running", "stop": "Stop", "late": "Hold: it is over and has not decided"}
_LEVELS = {"ship": "stable", "hold": "watch", "stop": "alarm"}


@dataclass(frozen=True)
class Answers:
    """What a reader wants first.

    Parameters
    ----------
    title : str
        The decision, or what was read where no rule decides.
    over : str
        Is it over?
    did, now : tuple of str
        What did it do, and what now: sentences, the most important first.
    badge, level : str
        The decision in a word, empty where there can be none, and which badge: "stable", "watch", "alarm" or "plain".
    """

    title: str
    over: str
    did: tuple[str, ...]
    now: tuple[str, ...]
    badge: str
    level: str


def experiment_html(document: Node) -> str:
    """Return the page of a readout as one HTML document that needs nothing from elsewhere.

    Parameters
    ----------
    document : mapping
        A readout document, as :func:`jobs.science.experiment.readout.readout` builds it.

    Returns
    -------
    str
        HTML, under 1 MB. Where the split does not hold it says so, and shows no effect.
    """
    metrics: Sequence[Node] = document["metrics"]
    holds, beside = document["split"]["holds"], _beside(document)
    return render(
        "experiment.html.j2",
        document=document,
        holds=holds,
        answers=answers(document, beside),
        ends_on=_date(document["progress"]["ends_on"]),
        as_of=_date(document["as_of"]),
        split_picture=sample_ratio_panel(
            [ArmSize(a["arm"], a["units"], a["share_planned"], a["units_expected"]) for a in document["arms"]],
            description=document["split"]["sentence"],
        ),
        metrics=[metric_rows(metric) for metric in metrics],
        relative=forest_plot(
            "Effects as shares of the control",
            relative_groups(metrics),
            shared=Axis("effect, % of the control", percent_ticks, holds=(0.0,)),
            description="Every effect with its interval; the figures are in the table below.",
        ),
        absolute=forest_plot(
            "Effects in each metric's unit",
            absolute_groups(metrics),
            description="Every effect with its interval, each metric on its own scale; figures in the table below.",
        ),
        guarded=any(metric["margin"] is not None for metric in metrics),
        curves=_curves(document),
        segments=segments(document) if holds else [],
        promised=beside,
        interval_says=_interval_says(document["progress"]),
        confidence=1.0 - document["progress"]["alpha"],
        rule=rule_sentences(document["decision"]["rule"], metrics),
    )


def answers(document: Node, beside: Promised | None = None) -> Answers:
    """Say the three things that a reader wants first.

    Parameters
    ----------
    document : mapping
        A readout document.
    beside : Promised, optional
        What was promised beside what was measured, of a campaign.
    """
    over, ends = document["progress"]["sentence"], _date(document["progress"]["ends_on"])
    if ends and not document["progress"]["is_final"]:
        over = f"{over} The planned end is {ends.day} {ends:%B %Y}."
    if not document["split"]["holds"]:
        return Answers(
            "Nothing can be concluded",
            over,
            ("Not known: what differs between the arms may come from the units that were lost or moved.",),
            ("Find the cause before anything else; what to check is below.",),
            "no decision",
            "alarm",
        )
    decision = document["decision"]
    outcome, reasons = decision["outcome"], decision["reasons"]
    reasons = tuple(unbroken(reason[:1].upper() + reason[1:]) for reason in reasons)
    if beside is not None:
        now = (beside.calibration,) if beside.calibration else reasons
        title = f"{document['source']['name']}: {beside.title}"
        return Answers(title, beside.over, (beside.sentence,), now, "", "plain")
    found = _found(document)
    if outcome == "none":
        return Answers(document["title"], over, found, reasons, "no decision", "plain")
    late = outcome == "hold" and document["progress"]["is_final"]
    title = _TITLES["late" if late else outcome].format(decision["arm"] or "").strip()
    return Answers(title, over, found, reasons, outcome, _LEVELS[outcome])


def _found(document: Node) -> tuple[str, ...]:
    """Return what the deciding metrics say of the arm that ships, or of the only one; else the first, of each arm."""
    deciding = [m for m in document["metrics"] if m["role"] == "success"] or list(document["metrics"])
    others = [arm["arm"] for arm in document["arms"] if arm["arm"] != document["control"]]
    chosen = document["decision"]["arm"] or (others[0] if len(others) == 1 else None)
    lines = [
        line
        for metric in (deciding if chosen else deciding[:1])
        for line in metric["lines"]
        if chosen in {None, line["arm"]}
    ]
    sentences = []
    for line in lines[:_SENTENCES]:
        total = span(line["total_eur"], signed_whole_euro)
        sentences.append(
            line["sentence"] + (f" In euros, over all units of the arm: {unbroken(str(total))}." if total else "")
        )
    more = len(lines) - _SENTENCES
    return (*sentences, f"{more} more are below.") if more > 0 else tuple(sentences)


def _beside(document: Node) -> Promised | None:
    said = document["promised"]
    return promised(said) if said and document["split"]["holds"] else None


def _curves(document: Node) -> list[tuple[str, Markup]]:
    """Return a chart for each metric and arm that was looked at more than once, those that decide first."""
    progress = document["progress"]
    kinds = {metric["metric"]: metric for metric in document["metrics"]}
    order = {"success": 0, "guardrail": 1, "read": 2}
    drawn = []
    for course in sorted(document["over_time"], key=lambda c: order[kinds[c["metric"]]["role"]]):
        metric, title = kinds[course["metric"]], f"{course['metric']}, {course['arm']}"
        picture = effect_curve(
            f"Cumulative effect on {title}",
            [CurvePoint(p["at"], p["units"], p["value"], p["lower"], p["upper"]) for p in course["points"]],
            measure(metric["kind"], metric["unit"]),
            ends_on=None if progress["is_final"] else progress["ends_on"],
            units_planned=progress["units_planned"],
        )
        if picture is not None:
            drawn.append((title, picture))
    return drawn[:_CURVES]


def _interval_says(progress: Node) -> str:
    level = f"{100 * (1 - progress['alpha']):.6g}%"
    if progress["interval"] == "always-valid":
        return (
            f"Intervals are always-valid at {level}: they are wider than those at a planned end, and hold however "
            "often one looks and whenever one stops."
        )
    return f"Intervals are fixed-horizon ones at {level}: they hold for one look, at the planned end."


def _date(at: str | None) -> date | None:
    return None if at is None else date.fromisoformat(at[:10])
