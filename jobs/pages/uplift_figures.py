"""Figures of uplift models that two pages show alike: learners side by side, segments of effect, importances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from jobs.pages.bar_chart import Bar, bar_chart
from jobs.pages.figures import Interval
from jobs.pages.formats import percent, small_euro

_BARS = 12


@dataclass(frozen=True)
class LearnerRow:
    """One learner on the rows that no learner saw.

    Parameters
    ----------
    name : str
        Name of the learner.
    chosen : bool
        Whether it is put to work.
    note : str
        What else there is to say of it; empty mostly.
    autoc_eur, autoc_se_eur : float
        AUTOC and its standard error, in euro a customer.
    top30_eur, top30_se_eur : float
        Value of treating the 30% of the highest scores and its standard error, in euro a customer.
    slope, slope_se : float
        Calibration slope and its standard error.
    qini : float or None
        Qini coefficient in scikit-uplift's form.
    negative_share : float
        Share of customers whose effect is predicted below 0, in [0, 1].
    adds_eur : Interval or None
        What choosing customers by the chosen learner earns more than by this one, in euro a customer.
    """

    name: str
    chosen: bool
    note: str
    autoc_eur: float
    autoc_se_eur: float
    top30_eur: float
    top30_se_eur: float
    slope: float
    slope_se: float
    qini: float | None
    negative_share: float
    adds_eur: Interval | None


@dataclass(frozen=True)
class SegmentRow:
    """One arm in one segment of effect.

    Parameters
    ----------
    segment : str
        The rule, in words; empty where the row above has it.
    note : str
        What else there is to say of the segment; empty mostly.
    rows : int
        Untouched rows of the segment.
    share : float
        Share of the untouched rows, in [0, 1].
    arm : str
        Name of the arm.
    chosen : bool
        Whether the rules give the segment this arm.
    effect_eur : Interval
        Measured effect, in euro a customer, before contact cost.
    cost_eur : float
        Cost of one contact, in euro.
    """

    segment: str
    note: str
    rows: int
    share: float
    arm: str
    chosen: bool
    effect_eur: Interval
    cost_eur: float


def learner_rows(learners: Sequence[Mapping[str, Any]], contrasts: Sequence[Mapping[str, Any]]) -> list[LearnerRow]:
    """Lay learners out, the chosen one first.

    Parameters
    ----------
    learners, contrasts : sequence of mapping
        As the model's card holds them.
    """
    adds = {c["against"].removeprefix("personalised by "): c["difference_eur"] for c in contrasts}
    rows = [
        LearnerRow(
            name=found["learner"],
            chosen=found["chosen"],
            note="" if found["works"] else "only judges",
            autoc_eur=found["autoc"],
            autoc_se_eur=found["autoc_se"],
            top30_eur=found["top30_value"],
            top30_se_eur=found["top30_value_se"],
            slope=found["blp_slope"],
            slope_se=found["blp_slope_se"],
            qini=found["qini_sklift"],
            negative_share=found["negative_share"],
            adds_eur=interval(adds[found["learner"]]) if found["learner"] in adds else None,
        )
        for found in learners
    ]
    return sorted(rows, key=lambda row: not row.chosen)


def segment_rows(effects: Sequence[Mapping[str, Any]]) -> list[SegmentRow]:
    """Lay segments out, each named once.

    Parameters
    ----------
    effects : sequence of mapping
        As the model's card holds them: all arms of a segment follow each other.
    """
    rows, last = [], None
    given = {found["segment"] for found in effects if found["chosen"]}
    for found in effects:
        rows.append(
            SegmentRow(
                found["segment"] if found["segment"] != last else "",
                "" if found["segment"] in given or found["segment"] == last else "no contact, by the rules",
                found["rows"],
                found["share"],
                found["arm"],
                found["chosen"],
                interval(found["effect_eur"]),
                found["contact_cost_eur"],
            )
        )
        last = found["segment"]
    return rows


def rules_sentence(segments: Mapping[str, Any]) -> str:
    """Say what giving arms by the rules of the segments would earn, and that the rules recommend nothing.

    Parameters
    ----------
    segments : mapping
        As the model's card holds them, with ``against`` and ``gain_eur``.

    Examples
    --------
    >>> gain = {"value": -0.043, "low": -0.097, "high": 0.011}
    >>> said = rules_sentence({"against": "mail for everyone", "gain_eur": gain})
    >>> said.split(" (")[0]
    'Giving arms by these rules earns €0.043 a customer less than mail for everyone'
    >>> said.split("), ")[1]
    'not surely more: the rules describe the trial, they are no recommendation.'
    """
    gain, against = segments["gain_eur"], segments["against"]
    if gain["low"] == gain["high"]:
        return f"These rules come to the same as {against}: they describe the trial, they are no recommendation."
    more = "more" if gain["value"] >= 0.0 else "less"
    said = (
        f"Giving arms by these rules earns {small_euro(abs(gain['value'])).removeprefix('+')} a customer {more} than "
        f"{against} (95% interval of the difference {small_euro(gain['low'])} to {small_euro(gain['high'])})"
    )
    if gain["low"] <= 0.0:
        surely = "surely less" if gain["high"] < 0.0 else "not surely more"
        return f"{said}, {surely}: the rules describe the trial, they are no recommendation."
    return f"{said}. A description all the same: what to do is the verdict, and no list is made by these rules."


def importance_picture(importances: Sequence[Mapping[str, Any]]) -> Markup | None:
    """Draw what effects rest on, or return None where they rest on nothing.

    Parameters
    ----------
    importances : sequence of mapping
        As the model's card holds them, the most important first.
    """
    told = [Bar(i["feature"], i["share"]) for i in importances if i["share"] > 0.0][:_BARS]
    return bar_chart("What the effects rest on", told, written=percent)


def interval(values: Mapping[str, float]) -> Interval:
    """Return value, low and high as an interval; one without width is a value alone."""
    if values["low"] == values["high"]:
        return Interval(values["value"])
    return Interval(values["value"], values["low"], values["high"])
