"""What was promised beside what was measured, as the readout says it: in all, by arm and by partner."""

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from jobs.runtime.campaign import Campaign
from jobs.science.experiment.calibration_ratio import Calibration, calibration_sentence
from jobs.science.experiment.campaign_trial import Measured
from jobs.science.experiment.drawn_arms import DrawnArm, Explored, drawn_arms
from jobs.science.experiment.interval import Interval


def promised_said(
    campaign: Campaign, measured: Measured, explored: Explored | None, read: Sequence[date]
) -> dict[str, Any]:
    """Return the readout's ``promised``: plain JSON.

    Parameters
    ----------
    campaign : Campaign
        Whose nights these are.
    measured : Measured
        What the holdout measured.
    explored : Explored or None
        Explorers, for what is said by arm and partner.
    read : sequence of datetime.date
        The nights.
    """
    known = measured.calibration
    return {
        "promised_eur": {"value": measured.promised_eur, "lower": None, "upper": None},
        "measured_eur": said(measured.measured_eur),
        "promised_effect_eur": measured.promised_effect_eur,
        "model_effect_eur": measured.model_effect_eur,
        "measured_effect_eur": said(measured.measured_effect_eur),
        "contact_cost_eur": measured.cost_eur,
        "fraud_loss_eur": measured.loss_eur,
        "customers": measured.customers,
        "held_customers": measured.held_customers,
        "nights": [str(night) for night in read],
        "ratio_name": "Measured over promised effects",
        "ratio": None if known is None else said(known.measured_over_promised),
        "promised_over_measured": None if known is None else said(known.promised_over_measured),
        "calibration": calibration_said(campaign.id, known),
        "sentence": promised_sentence(measured),
        "arms": [] if explored is None else _by_arm(campaign, explored),
        "partners": [] if explored is None else _by_partner(campaign, explored),
    }


def promised_sentence(measured: Measured) -> str:
    """Return promised beside measured net euros, in words."""
    net = measured.measured_eur
    return (
        f"Measured net {net.value:,.0f} EUR (95% {net.lower:,.0f} to {net.upper:,.0f}) by the holdout of "
        f"{measured.held_customers:,} customers, against {measured.promised_eur:,.0f} EUR promised."
    )


def calibration_said(campaign_id: str, known: Calibration | None) -> dict[str, Any] | None:
    """Return what the next night's effects are multiplied by, as the report and the readout hold it."""
    if known is None:
        return None
    return {
        "factor": known.factor,
        "lower": known.lower,
        "upper": known.upper,
        "standard_error": known.standard_error,
        "known": known.known,
        "measured_over_promised": said(known.measured_over_promised),
        "sentence": calibration_sentence(campaign_id, known),
    }


def said(interval: Interval) -> dict[str, float | None]:
    """Return an interval as JSON holds it; an end that it has not is null."""
    ends = {"value": interval.value, "lower": interval.lower, "upper": interval.upper}
    return {name: value if math.isfinite(value) else None for name, value in ends.items()}


def _by_arm(campaign: Campaign, explored: Explored) -> list[dict[str, Any]]:
    costs = {arm.name: arm.contact_cost_eur for arm in campaign.arms}
    found = drawn_arms([arm.name for arm in campaign.arms], explored)
    return [{"arm": of.arm, **_of_drawn(of, costs[of.arm])} for of in found]


def _by_partner(campaign: Campaign, explored: Explored) -> list[dict[str, Any]]:
    """Take the arms of a partner together: whatever of them was drawn was drawn of the partner."""
    partners = sorted({arm.partner_id for arm in campaign.arms if arm.partner_id})
    of_arm = np.array([partners.index(a.partner_id) if a.partner_id else len(partners) for a in campaign.arms])
    # Arms of nobody are one more, which nothing is said of.
    together = np.zeros((len(explored.drawn), len(partners) + 2))
    np.add.at(together.T, of_arm, explored.probability[:, :-1].T)
    together[:, -1] = explored.probability[:, -1]
    drawn = np.where(explored.drawn >= 0, of_arm[explored.drawn], -1)
    cost = np.array([arm.contact_cost_eur for arm in campaign.arms])
    grouped = Explored(drawn, together, explored.outcome_eur, explored.promised_effect_eur)
    found = drawn_arms([*partners, ""], grouped)
    said_of = []
    for of in found:
        mine = (explored.drawn >= 0) & (drawn == [*partners, ""].index(of.arm)) & (explored.probability[:, -1] > 0.0)
        if of.arm:
            said_of.append({"partner_id": of.arm, **_of_drawn(of, float(cost[explored.drawn[mine]].mean()))})
    return said_of


def _of_drawn(of: DrawnArm, cost_eur: float) -> dict[str, Any]:
    """Return net euro of the offers that explorers drew, after contact and before fraud."""
    per_row = of.effect.absolute
    measured = Interval(*((value - cost_eur) * of.rows for value in (per_row.value, per_row.lower, per_row.upper)))
    return {
        "offers": of.rows,
        "promised_eur": {"value": (of.promised_effect_eur - cost_eur) * of.rows, "lower": None, "upper": None},
        "measured_eur": said(measured),
        "effect_eur": said(per_row),
        "promised_effect_eur": of.promised_effect_eur,
    }
