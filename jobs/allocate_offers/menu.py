"""The menu of a night: the arms of all campaigns, and every limit that campaign files and house rules declare."""

from collections.abc import Iterable, Iterator, Sequence

from jobs.runtime.campaign import Arm, Campaign
from jobs.runtime.house_rules import HouseRules
from jobs.science.offers.menu import Menu, Resource


def menu_of(campaigns: Sequence[Campaign], rules: HouseRules) -> Menu:
    """Return the menu of a night's campaigns.

    Parameters
    ----------
    campaigns : sequence of Campaign
        One or more; arms are numbered in this order.
    rules : HouseRules
        Limits of all campaigns together.
    """
    arms = [(place, arm) for place, campaign in enumerate(campaigns) for arm in campaign.arms]
    resources: list[Resource] = []
    for place, campaign in enumerate(campaigns):
        mine = [(number, arm) for number, (of, arm) in enumerate(arms) if of == place]
        resources += _of_campaign(campaign, mine)
    everybody = list(enumerate(arm for _, arm in arms))
    resources += [
        Resource(
            f"budget of partner {p.partner_id}", "eur", _numbers(everybody, "partner_id", p.partner_id), p.budget_eur
        )
        for p in rules.partners
    ]
    resources += [
        Resource(f"room in {w.name}", "customers", _numbers(everybody, "contact_window", w.name), w.capacity)
        for w in rules.windows
    ]
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
    for partner in campaign.partners:
        name = f"budget of partner {partner.partner_id} in {campaign.id}"
        yield Resource(name, "eur", _numbers(arms, "partner_id", partner.partner_id), partner.budget_eur)
    for window in campaign.windows:
        name = f"room in {window.name} for {campaign.id}"
        yield Resource(name, "customers", _numbers(arms, "contact_window", window.name), window.capacity)


def _numbers(arms: Iterable[tuple[int, Arm]], field: str, value: str) -> tuple[int, ...]:
    return tuple(number for number, arm in arms if getattr(arm, field) == value)
