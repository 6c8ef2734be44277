"""Promised against measured euros: of a campaign in all, by arm and by partner."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from jobs.pages.axes import Axis
from jobs.pages.experiment_rows import Node, Span, forest_row, span
from jobs.pages.forest_plot import ForestGroup, forest_plot
from jobs.pages.formats import decimal, euro_ticks, signed_whole_euro

_MOST_PARTNERS = 8
"""Partners that are drawn; all are in the table."""


@dataclass(frozen=True)
class Pair:
    """A promise and what was measured, written.

    Parameters
    ----------
    name : str
        Arm or partner.
    promised_eur, measured_eur : Span or None
        In euros; None where it was not stated or not measured.
    """

    name: str
    promised_eur: Span | None
    measured_eur: Span | None


@dataclass(frozen=True)
class Promised:
    """What a campaign promised and what its holdout measured, ready for a page.

    Parameters
    ----------
    whole : Pair
        In all.
    ratio : Span or None
        Promised over measured, or measured over promised, as `ratio_name` says.
    ratio_name : str
        Which way round it is, in words.
    sentence, calibration : str
        What it means, and what the next night makes of it.
    picture : Markup or None
        Total and arms.
    partners_picture : Markup or None
        Partners.
    arms, partners : sequence of Pair
        Rows of the tables.
    """

    whole: Pair
    ratio: Span | None
    ratio_name: str
    sentence: str
    calibration: str
    picture: Markup | None
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
    arms, partners = said.get("arms") or (), said.get("partners") or ()
    return Promised(
        _pair("In all", said),
        span(said.get("ratio"), decimal),
        said.get("ratio_name") or "Promised over measured",
        said.get("sentence") or "",
        _calibration(said.get("calibration")),
        _picture("Promised and measured euros", [("in all", said), *((a["arm"], a) for a in arms)]),
        _picture(
            "Promised and measured euros by partner",
            [(p.get("name") or p["partner_id"], p) for p in list(partners)[:_MOST_PARTNERS]],
        ),
        [_pair(a["arm"], a) for a in arms],
        [_pair(p.get("name") or p["partner_id"], p) for p in partners],
    )


def _calibration(said: object) -> str:
    if isinstance(said, dict):
        return str(said.get("sentence") or "")
    return str(said) if isinstance(said, str) else ""


def _pair(name: str, node: Node) -> Pair:
    return Pair(
        name, span(node.get("promised_eur"), signed_whole_euro), span(node.get("measured_eur"), signed_whole_euro)
    )


def _picture(title: str, entries: Sequence[tuple[str, Node]]) -> Markup | None:
    axis = Axis("net margin, €", euro_ticks, holds=(0.0,))
    groups = []
    for name, node in entries:
        rows = [
            forest_row(word, node[key], verdict)
            for word, key, verdict in (("promised", "promised_eur", ""), ("measured", "measured_eur", "better"))
            if node.get(key) and node[key].get("value") is not None
        ]
        if rows:
            groups.append(ForestGroup(name, rows, axis, signed_whole_euro))
    return forest_plot(title, groups, shared=axis, description="Hollow: promised. Filled: measured by the holdout.")
