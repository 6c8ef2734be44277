"""What the run's report says of a night and its campaigns: the certificate, prices in words, what partners cost."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.allocate_offers.menu import budget_name, cap_name, partner_budget_name
from jobs.allocate_offers.offered import words_of
from jobs.allocate_offers.partners import PartnerRisk
from jobs.allocate_offers.setting import Setting
from jobs.runtime.campaign import Campaign
from jobs.science.offers.answer import Scarcity
from jobs.science.offers.eligibility import OFFER_REASONS, Reason

_SHOWN = 50
"""Caps and partner budgets of catalogues that a report shows, the dearest ones: more than anybody reads."""

_FAVOURITES = 20
"""Offers of a catalogue that a report names."""


def night_certificate(
    setting: Setting,
    resources: Sequence[Scarcity],
    *,
    value_eur: float,
    dual_bound_eur: float,
    gap: float,
    exploration: Mapping[str, Any] | None,
    partner_cost_eur: float | None,
    measured_on: str,
) -> dict[str, Any]:
    """Return what the report says of all campaigns together.

    Parameters
    ----------
    setting : Setting
        What the night rests on.
    resources : sequence of Scarcity
        Use and price of every resource.
    value_eur, dual_bound_eur, gap : float
        Of all offers together.
    exploration : mapping or None
        ``customers``, ``taken_back`` and ``cost_eur`` of the draws; None where nobody explores.
    partner_cost_eur : float or None
        What risk limits of partners cost in expected net euro; None where no partner is over one.
    measured_on : str
        Whom that was measured on: "all customers" or "the sample".
    """
    rules = setting.rules.contacts
    shown = resources if not setting.catalogues else _scarcest(setting, resources)
    said: dict[str, Any] = {
        "expected_net_eur": value_eur,
        "dual_bound_eur": dual_bound_eur,
        "gap": gap,
        "resources": [_resource(r) for r in shown],
        "contacts": None if rules is None else {"most": rules.most, "days": rules.days},
        "partners": _partners(setting, partner_cost_eur, measured_on),
    }
    if len(shown) < len(resources):
        said["resources_not_shown"] = len(resources) - len(shown)
    if exploration is not None:
        said["exploration"] = dict(exploration)
    return said


def campaign_certificate(
    setting: Setting,
    place: int,
    resources: Sequence[Scarcity],
    *,
    twice: int,
    reasons: NDArray[np.int64],
    counts: NDArray[np.int64],
    repaired: int,
    value_eur: float,
    slack_eur: float,
    curve: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the report says of a campaign.

    Parameters
    ----------
    setting : Setting
        What the night rests on.
    place : int
        Of the campaign among the night's.
    resources : sequence of Scarcity
        Of the night.
    twice : int
        Customers that stood in two files.
    reasons : ndarray
        Customers by Reason.
    counts : ndarray of shape (arms,)
        Customers of each arm of the campaign.
    repaired : int
        Customers whose choice a limit, a lot or an exchange changed.
    value_eur : float
        Of its offers.
    slack_eur : float
        What the night's bound leaves above the value of all offers: with the others' as they are, this campaign
        cannot earn more than that on top.
    curve : mapping
        ``budget_eur`` and ``value_eur`` of the budget curve.
    """
    campaign = setting.campaigns[place]
    words, names = words_of(campaign), [arm.name for arm in setting.of_file(campaign).arms]
    of_arms = np.bincount(setting.arm_of(campaign), counts, minlength=len(names)).astype(np.int64)
    price = {r.name: r.price_eur for r in resources}
    bound_eur = value_eur + slack_eur
    said = {
        "customers": int(reasons.sum()),
        "customers_twice": twice,
        "offered": int(reasons[list(OFFER_REASONS)].sum()),
        "explored": int(reasons[[Reason.DRAWN, Reason.DRAWN_NOTHING]].sum()),
        "repaired": repaired,
        "budget_eur": campaign.budget_eur,
        "spend_eur": min(float(counts @ setting.cost_eur[setting.arms_of(place)]), campaign.budget_eur),
        "expected_net_eur": value_eur,
        "dual_bound_eur": bound_eur,
        "gap": slack_eur / bound_eur if bound_eur > 0 else 0.0,
        "euro_for_one_more_euro_of_budget": price[budget_name(campaign.id)],
        "euro_for_one_more_in_cap": {name: price.get(cap_name(campaign.id, name), 0.0) for name in names},
        "by_arm": dict(zip(names, of_arms.tolist(), strict=True)),
        "reasons": {words[r]: int(reasons[r]) for r in Reason if reasons[r]},
        "budget_curve": dict(curve),
        "policy_version": setting.policy_version[campaign.id],
    }
    if campaign.id in setting.calibration:
        said["calibration"] = asdict(setting.calibration[campaign.id])
    if campaign.id in setting.catalogues:
        said["catalogue"] = _catalogue(setting, campaign, counts)
    return said


def _catalogue(setting: Setting, campaign: Campaign, counts: NDArray[np.int64]) -> dict[str, Any]:
    """Say how many offers there were and how many anybody got, with those that most did."""
    most = np.argsort(-counts, kind="stable")[:_FAVOURITES]
    return {
        "offers": len(campaign.arms),
        "offers_expired": setting.catalogues[campaign.id].expired,
        "partners": len({arm.partner_id for arm in campaign.arms}),
        "offers_made": int(np.count_nonzero(counts)),
        "partners_of_them": len({campaign.arms[at].partner_id for at in np.flatnonzero(counts).tolist()}),
        "most_made": [
            {"offer": campaign.arms[at].name, "customers": int(counts[at])} for at in most.tolist() if counts[at]
        ],
    }


def _scarcest(setting: Setting, resources: Sequence[Scarcity]) -> list[Scarcity]:
    """Leave out what does not limit one offer or one partner of a catalogue, and of what does all but the dearest."""
    many = {
        name
        for campaign in setting.campaigns
        if campaign.id in setting.catalogues
        for name in (
            *(cap_name(campaign.id, arm.name) for arm in campaign.arms),
            *(partner_budget_name(campaign.id, partner.partner_id) for partner in campaign.partners),
        )
    }
    scarce = sorted((r for r in resources if r.name in many and r.price_eur > 0), key=lambda r: -r.price_eur)
    kept = {r.name for r in scarce[:_SHOWN]}
    return [r for r in resources if r.name not in many or r.name in kept]


def _resource(resource: Scarcity) -> dict[str, Any]:
    return {
        "name": resource.name,
        "unit": resource.unit,
        "used": resource.used,
        "most": resource.most if np.isfinite(resource.most) else None,
        "least": resource.least,
        "price_eur": resource.price_eur,
        "says": resource.in_words(),
    }


def _partners(setting: Setting, cost_eur: float | None, measured_on: str) -> dict[str, Any] | None:
    """Say which partners were over a limit, what was done, and what it cost; None where no campaign sets a limit."""
    limited = [(campaign, campaign.partner_risk) for campaign in setting.campaigns if campaign.partner_risk is not None]
    if not limited:
        return None
    found = [
        {
            "campaign": campaign.id,
            "partner_id": partner,
            "risk": risk.probability,
            "by_model": risk.by_model,
            "limit": limit.limit,
            "then": limit.then,
            "loss_eur": limit.loss_eur,
        }
        for campaign, limit in limited
        for partner, risk in setting.over_limit(campaign).items()
    ]
    within = [
        {"campaign": campaign.id, "limit": limit.limit, "then": limit.then, **_riskiest(setting.risks(campaign))}
        for campaign, limit in limited
        if not setting.over_limit(campaign)
    ]
    return {"over_limit": found, "none_over_limit": within, "cost_eur": cost_eur, "measured_on": measured_on}


def _riskiest(risks: Mapping[str, PartnerRisk]) -> dict[str, Any]:
    """Return the partner with the highest risk; None where no risk is known."""
    if not risks:
        return {"riskiest": None, "risk": None, "by_model": None}
    partner = max(risks, key=lambda p: risks[p].probability)
    return {"riskiest": partner, "risk": risks[partner].probability, "by_model": risks[partner].by_model}
