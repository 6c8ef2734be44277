"""Promised against measured euros: of a campaign in all by its holdout, by arm and partner by offers drawn by lot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from jobs.pages.axes import Axis
from jobs.pages.experiment_rows import Node, Span, forest_row, span
from jobs.pages.forest_plot import ForestGroup, forest_plot
from jobs.pages.formats import NONE, count, euro_ticks, percent, signed_whole_euro, unbroken, whole_euro

_MOST_PARTNERS = 8
"""Partners that are drawn; all are in the table."""


@dataclass(frozen=True)
class Pair:
    """A promise and what was measured, written.

    Parameters
    ----------
    name : str
        Arm or partner.
    offers : int or None
        Offers that it was measured on.
    promised_eur, measured_eur : Span
        In euros.
    """

    name: str
    offers: int | None
    promised_eur: Span
    measured_eur: Span


@dataclass(frozen=True)
class Promised:
    """What a campaign promised and what its holdout measured, ready for a page.

    Parameters
    ----------
    title, sentence, calibration : str
        Both figures in a few words; in a sentence; and what the next night makes of it, empty where nothing.
    over : str
        Which nights these are.
    taken_off : str
        What is taken off both sums, and not off the ratio.
    whole : Pair
        In all.
    ratio : Span or None
        What `ratio_name` says, in percent.
    ratio_name : str
        Such as "Measured over promised effects".
    picture, arms_picture, partners_picture : Markup or None
        In all, by arm, by partner.
    arms, partners : sequence of Pair
        Rows of the tables.
    """

    title: str
    sentence: str
    calibration: str
    over: str
    taken_off: str
    whole: Pair
    ratio: Span | None
    ratio_name: str
    picture: Markup | None
    arms_picture: Markup | None
    partners_picture: Markup | None
    arms: Sequence[Pair]
    partners: Sequence[Pair]


def promised(said: Node) -> Promised:
    """Write the part of a readout document that holds promises against measurements.

    Parameters
    ----------
    said : mapping
        The document's ``promised``.
    """
    arms = [(str(a["arm"]), a) for a in said["arms"]]
    partners = [(str(p["partner_id"]), p) for p in said["partners"]]
    measured, vow = said["measured_eur"]["value"], said["promised_eur"]["value"]
    return Promised(
        f"{signed_whole_euro(measured)} measured, {whole_euro(vow)} promised",
        unbroken(said["sentence"]),
        _sentence((said["calibration"] or {}).get("sentence", "")),
        _nights([date.fromisoformat(night) for night in said["nights"]]),
        _taken_off(said["contact_cost_eur"], said["fraud_loss_eur"]),
        _pair("in all", said),
        span(said["ratio"], percent),
        said["ratio_name"],
        _picture("Promised and measured net euros", [("in all", said)]),
        _picture("Promised and measured net euros by arm", arms),
        _picture("Promised and measured net euros by partner", partners[:_MOST_PARTNERS]),
        [_pair(*arm) for arm in arms],
        [_pair(*partner) for partner in partners],
    )


def _sentence(words: str) -> str:
    return words and words[0].upper() + words[1:].rstrip(".") + "."


def _nights(nights: Sequence[date]) -> str:
    first, last = (f"{night.day} {night:%B %Y}" for night in (min(nights), max(nights)))
    if len(nights) == 1:
        return f"The outcome window of the night of {first} has closed: what came of its offers is known."
    return (
        f"The outcome windows of {count(len(nights))} nights, {first} to {last}, have closed: what came of "
        "their offers is known."
    )


def _taken_off(contact_cost_eur: float, fraud_loss_eur: float) -> str:
    return (
        f"Both sums are after {whole_euro(contact_cost_eur)} for contacts and {whole_euro(fraud_loss_eur)} of loss by "
        "fraud, as it was expected; the ratio is of the effects before that."
    )


def _pair(name: str, node: Node) -> Pair:
    written = [span(node[key], signed_whole_euro) or Span(NONE) for key in ("promised_eur", "measured_eur")]
    return Pair(name, node.get("offers"), *written)


def _picture(title: str, entries: Sequence[tuple[str, Node]]) -> Markup | None:
    axis = Axis("net margin, €", euro_ticks, holds=(0.0,))
    groups = [
        ForestGroup(
            name,
            [
                forest_row("promised", node["promised_eur"], ""),
                forest_row("measured", node["measured_eur"], "better"),
            ],
            axis,
            signed_whole_euro,
        )
        for name, node in entries
    ]
    return forest_plot(title, groups, shared=axis, description="Hollow: promised. Filled: measured.")
