"""What all parts are told of a night: setting, prices, and what was found from a sample of its customers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jobs.allocate_offers.curve import budget_curve
from jobs.allocate_offers.deciding import scaled, without_partner_limits
from jobs.allocate_offers.exploring import scale_eur
from jobs.allocate_offers.sample import Sample
from jobs.allocate_offers.setting import Setting, setting_of
from jobs.allocate_offers.together import together
from jobs.runtime.stores import Stores
from jobs.science.offers.shards import Told, price_sample
from jobs.science.offers.solve import solve


@dataclass(frozen=True)
class Broadcast:
    """What a part works by.

    Parameters
    ----------
    setting : Setting
        What the night rests on.
    prices : Told
        Prices of the night's resources, and how close choices are to be left open.
    unit_eur : float
        Mean value of a customer's best offer, euro: the unit of temperatures.
    models : mapping of str to str
        By campaign, the version of the model that scored.
    """

    setting: Setting
    prices: Told
    unit_eur: float
    models: Mapping[str, str]


def to_tell(setting: Setting, models: Mapping[str, str], drawn: Sample, seed: int, stores: Stores) -> dict[str, Any]:
    """Find prices from a sample, and what other budgets and fewer limits would bring.

    Parameters
    ----------
    setting : Setting
        What the night rests on.
    models : mapping of str to str
        By campaign, the version of the model that scored.
    drawn : Sample
        Some of the customers.
    seed : int
        Seed of the run.
    stores : Stores
        Where the other tables are.

    Returns
    -------
    dict
        Values that JSON can hold, for :func:`broadcast_of` and for the report.
    """
    known = together(setting, drawn.rows, stores)
    prices = price_sample(setting.menu, known.pairs(), drawn.share, seed=seed)
    cost_eur = None
    if any(setting.over_limit(campaign) for campaign in setting.campaigns):
        menu = scaled(setting.menu, drawn.share)
        held = solve(menu, known.pairs(), seed=seed).value_eur
        cost_eur = (without_partner_limits(known, seed, menu).value_eur - held) / drawn.share
    return {
        "setting": setting.told(),
        "models": dict(models),
        "price_eur": prices.price_eur.tolist(),
        "margin_eur": prices.margin_eur,
        "temperature_eur": prices.temperature_eur,
        "unit_eur": scale_eur(known.value, known.allowed),
        "sampled": known.customers,
        "share": drawn.share,
        "partner_cost_eur": cost_eur,
        "budget_curves": {
            campaign.id: budget_curve(known, place, seed, drawn.share)
            for place, campaign in enumerate(setting.campaigns)
        },
    }


def broadcast_of(told: Mapping[str, Any], run_date: Any, stores: Stores) -> Broadcast:
    """Take up what was told, in another process of the same run."""
    return Broadcast(
        setting_of(told["setting"], run_date, stores),
        Told(np.array(told["price_eur"], np.float64), told["margin_eur"], told["temperature_eur"]),
        told["unit_eur"],
        told["models"],
    )
