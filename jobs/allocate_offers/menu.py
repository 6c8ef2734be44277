"""The menu of a night: the arms of all campaigns, and every limit that campaign files and house rules declare."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from jobs.allocate_offers.catalogue import Catalogue
from jobs.errors import BadCampaign
from jobs.runtime.campaign import Arm, Campaign
from jobs.runtime.house_rules import HouseRules
from jobs.science.offers.menu import Menu, Resource

MOST_ARMS = 32_767
"""Arms of a night at most, offers of catalogues among them: a choice is kept as a small integer."""


def menu_of(campaigns: Sequence[Campaign], rules: HouseRules, catalogues: Mapping[str, Catalogue]) -> Menu:
    """Return the menu of a night's campaigns.

    Parameters
    ----------
    campaigns : sequence of Campaign
        One or more; arms are numbered in this order.
    rules : HouseRules
        Limits of all campaigns together.
    catalogues : mapping of str to Catalogue
        By campaign, where offers stand in the place of arms: what the file says of an arm holds for all its offers.

    Raises
    ------
    BadCampaign
        If there are too many offers.
    """
    arms = [(place, arm) for place, campaign in enumerate(campaigns) for arm in campaign.arms]
    if len(arms) > MOST_ARMS:
        raise BadCampaign(f"the night has {len(arms)} offers in all, must be at most {MOST_ARMS}: shorten a catalogue.")
    resources: list[Resource] = []
    for place, campaign in enumerate(campaigns):
        mine = [(number, arm) for number, (of, arm) in enumerate(arms) if of == place]
        resources += _of_campaign(campaign, mine)
        if campaign.id in catalogues:
            resources += _of_kinds(catalogues[campaign.id], mine[0][0])
    everybody = list(enumerate(arm for _, arm in arms))
    at_partner, in_window = _numbers(everybody, "partner_id"), _numbers(everybody, "contact_window")
    resources += [
        Resource(f"budget of partner {p.partner_id}", "eur", at_partner[p.partner_id], p.budget_eur)
        for p in rules.partners
    ]
    resources += [Resource(f"room in {w.name}", "customers", in_window[w.name], w.capacity) for w in rules.windows]
    return Menu(
        tuple(f"{campaigns[place].id}/{arm.name}" for place, arm in arms),
        tuple(place for place, _ in arms),
        # What no arm of the night draws on limits nothing.
        tuple(resource for resource in resources if resource.arms),
    )


def budget_name(campaign_id: str) -> str:
    """Name of a campaign's budget among the resources."""
    return f"budget of {campaign_id}"


def cap_name(campaign_id: str, arm: str) -> str:
    """Name of an arm's cap among the resources."""
    return f"cap of {arm} ({campaign_id})"


def partner_budget_name(campaign_id: str, partner_id: str) -> str:
    """Name of a partner's budget in a campaign among the resources."""
    return f"budget of partner {partner_id} in {campaign_id}"


def minimum_name(campaign_id: str, arm: str) -> str:
    """Name of an arm's minimum among the resources."""
    return f"{arm} ({campaign_id})"


def _of_campaign(campaign: Campaign, arms: Sequence[tuple[int, Arm]]) -> Iterator[Resource]:
    yield Resource(budget_name(campaign.id), "eur", tuple(number for number, _ in arms), campaign.budget_eur)
    for number, arm in arms:
        if arm.cap is not None:
            yield Resource(cap_name(campaign.id, arm.name), "customers", (number,), arm.cap)
        if arm.minimum:
            yield Resource(minimum_name(campaign.id, arm.name), "customers", (number,), least=arm.minimum)
    at_partner, in_window = _numbers(arms, "partner_id"), _numbers(arms, "contact_window")
    for partner in campaign.partners:
        name = partner_budget_name(campaign.id, partner.partner_id)
        yield Resource(name, "eur", at_partner[partner.partner_id], partner.budget_eur)
    for window in campaign.windows:
        name = f"room in {window.name} for {campaign.id}"
        yield Resource(name, "customers", in_window[window.name], window.capacity)


def _of_kinds(catalogue: Catalogue, first: int) -> Iterator[Resource]:
    campaign = catalogue.campaign
    for number, kind in enumerate(campaign.arms):
        offers = tuple((np.flatnonzero(catalogue.arm_of == number) + first).tolist())
        if kind.cap is not None:
            yield Resource(cap_name(campaign.id, kind.name), "customers", offers, kind.cap)
        if kind.minimum:
            yield Resource(minimum_name(campaign.id, kind.name), "customers", offers, least=kind.minimum)


def _numbers(arms: Iterable[tuple[int, Arm]], field: str) -> Mapping[str, tuple[int, ...]]:
    """Return the numbers of the arms by what they have in a field; none for what no arm has."""
    found: dict[str, list[int]] = {}
    for number, arm in arms:
        found.setdefault(getattr(arm, field), []).append(number)
    return defaultdict(tuple, {value: tuple(numbers) for value, numbers in found.items()})
