"""What other budgets of a campaign would bring, all else of the night as it is."""

from dataclasses import replace
from typing import Any

import numpy as np

from jobs.allocate_offers.deciding import scaled
from jobs.allocate_offers.menu import budget_name
from jobs.allocate_offers.together import Together
from jobs.science.offers.menu import Menu
from jobs.science.offers.night import ask
from jobs.science.offers.night_dual import price_night
from jobs.science.offers.night_rounding import Offers, fill, offers_of, pick_best, take_back
from jobs.science.offers.pairs import Pairs

BUDGETS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Budgets of the curve, in budgets of the campaign."""

BUDGETS_OF_MANY = (0.0, 0.5, 1.0, 2.0, 4.0)
"""The same where offers are those of a catalogue: each takes ten times as long."""

SAMPLE_ROWS = 20_000
"""Customers that are looked at, at most: the curve is for the eye, the night's own budget has its own exact answer."""


def budget_curve(known: Together, place: int, seed: int, share: float = 1.0) -> dict[str, Any]:
    """Allocate at each of several budgets of a campaign; commitments to minimums are set aside.

    Parameters
    ----------
    known : Together
        Customers of the night, or a random sample of them.
    place : int
        Of the campaign among the night's.
    seed : int
        Seed of the sample and of the lot among equals.
    share : float
        Part of all customers that `known` is, in (0, 1].

    Returns
    -------
    dict
        ``budget_eur`` (what is spent) and ``value_eur`` (what the campaign's offers are expected to bring), never
        falling, scaled up to all customers.
    """
    campaign = known.setting.campaigns[place]
    n = known.customers
    some = slice(None)
    if n > SAMPLE_ROWS:
        some = np.sort(np.random.default_rng(seed).choice(n, SAMPLE_ROWS, replace=False))  # type: ignore[assignment]
        share *= SAMPLE_ROWS / n
    pairs = known.pairs_within(known.allowed, known.contacts_left, some)
    menu = scaled(known.setting.menu, share)
    spends, values = [], []
    budgets = BUDGETS_OF_MANY if known.setting.catalogues else BUDGETS
    for budget_eur in campaign.budget_eur * np.array(budgets):
        offers = _at_prices(_with_budget(menu, campaign.id, budget_eur * share), pairs, seed)
        mine = offers.campaign == place
        values.append(float(offers.value[mine].sum(dtype=np.float64)) / share)
        spends.append(float(offers.cost[mine].sum()) / share)
    # What fits a smaller budget fits a larger one, so that the best found so far is on offer there too.
    return {"budget_eur": spends, "value_eur": np.maximum.accumulate(values).tolist()}


def _at_prices(menu: Menu, pairs: Pairs, seed: int) -> Offers:
    """Choose by prices, take back what does not fit and give out what is left, without the exchange of last cents."""
    night = ask(menu, pairs)
    price_eur = price_night(night, seed).price_eur
    kept = take_back(night, price_eur, pick_best(night, price_eur), seed)
    return offers_of(night, fill(night, price_eur, kept, seed))


def _with_budget(menu: Menu, campaign_id: str, budget_eur: float) -> Menu:
    name = budget_name(campaign_id)
    return Menu(
        menu.arms,
        menu.campaign,
        tuple(replace(r, most=budget_eur) if r.name == name else r for r in menu.resources),
    )
