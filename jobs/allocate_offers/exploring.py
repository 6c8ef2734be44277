"""Explorers of a night: who they are, what chance gives them, and that no limit is broken by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.allocate_offers.together import Together
from jobs.science.offers.eligibility import may_be_offered
from jobs.science.offers.explore import draw, explorers
from jobs.science.offers.menu import Menu


@dataclass(frozen=True)
class Drawn:
    """What chance gave to explorers.

    Parameters
    ----------
    row : ndarray of shape (m,)
        Places of the explorers among the customers.
    explores : ndarray of bool of shape (m, campaigns)
        In which campaigns the choice was drawn.
    arm : ndarray of shape (m, campaigns)
        Arm of the menu, -1 for nothing.
    surplus_eur : ndarray of shape (m, campaigns)
        Value less price of what was drawn, 0 for nothing.
    propensity, nothing : ndarray of shape (m, campaigns)
        Probability of what was drawn, and of getting nothing.
    propensities : ndarray of shape (m, slots)
        Probability of what is in every slot, 0 where it could not have been drawn.
    """

    row: NDArray[np.int64]
    explores: NDArray[np.bool_]
    arm: NDArray[np.int64]
    surplus_eur: NDArray[np.float64]
    propensity: NDArray[np.float64]
    nothing: NDArray[np.float64]
    propensities: NDArray[np.float64]


def scale_eur(value: NDArray[np.float32], allowed: NDArray[np.bool_]) -> float:
    """Return the mean value of the best offer of all who could gain by one, euro: the unit of temperatures.

    Examples
    --------
    >>> scale_eur(np.float32([[3.0, 1.0], [-1.0, -2.0], [5.0, 0.0]]), np.array([True, True, False]))
    3.0
    """
    pairs = allowed if allowed.ndim == 2 else allowed[:, None]
    best = np.where(pairs, value, -np.inf).max(axis=1, initial=-np.inf)
    gains = best[best > 0]
    return float(gains.mean(dtype=np.float64)) if len(gains) else 1.0


def prices_of_arms(menu: Menu, price_eur: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what a euro of cost and what a customer is charged for each arm, euro, shape (arms,) both."""
    of_cost, of_customer = np.zeros(len(menu.arms)), np.zeros(len(menu.arms))
    for resource, price in zip(menu.resources, price_eur, strict=True):
        charged = of_cost if resource.unit == "eur" else of_customer
        charged[list(resource.arms)] += price
    return of_cost, of_customer


def drawn(known: Together, price_eur: NDArray[np.float64], unit_eur: float, seed: int) -> Drawn | None:
    """Draw for the explorers among some customers.

    Who explores and what is drawn depends on the customer, the night and the seed alone, not on who else is there.

    Parameters
    ----------
    known : Together
        The customers.
    price_eur : ndarray of shape (resources,)
        Price of each resource, euro a unit.
    unit_eur : float
        What :func:`scale_eur` found, of all customers or a sample of them.
    seed : int
        Names the draw together with the night.

    Returns
    -------
    Drawn or None
        None if no campaign explores, or nobody does.
    """
    setting = known.setting
    explores = np.zeros((known.customers, len(setting.campaigns)), np.bool_)
    warmth = np.ones(len(known.campaign_of))
    for number, campaign in enumerate(setting.campaigns):
        of_campaign = known.valued[number]
        if campaign.exploration is None or of_campaign is None:
            continue
        salt = f"{campaign.id}:{setting.run_date}"
        chosen = explorers(of_campaign.scored.customer_id, campaign.exploration.share, salt)
        explores[known.place[number], number] = chosen & may_be_offered(of_campaign.refused)
        warmth[known.slots[number]] = campaign.exploration.temperature
    row = np.flatnonzero(explores.any(axis=1))
    if not len(row):
        return None
    of_cost, of_customer = prices_of_arms(setting.menu, price_eur)
    campaign_of = known.campaign_of
    allowed = known.allowed[row] if known.allowed.ndim == 2 else known.allowed[row][:, None]
    allowed = allowed & explores[row][:, campaign_of]
    surplus = known.value[row] - known.spread(of_cost * setting.cost_eur + of_customer, row)
    # Campaigns may differ in temperature: a surplus counts in temperatures of its own campaign.
    energy = np.where(allowed, surplus / (warmth * unit_eur), -np.inf)
    left = None if known.contacts_left is None else known.contacts_left[row]
    ids = known.customer_id.take(pa.array(row))
    found = draw(ids, energy, 1.0, f"{setting.run_date}:{seed}", campaign=campaign_of, contacts_left=left)
    at = np.maximum(found.chosen, 0)
    arm = found.chosen if known.column is None else np.take_along_axis(known.column[row], at, axis=1).astype(np.int64)
    return Drawn(
        row=row,
        explores=explores[row],
        arm=np.where(found.chosen >= 0, arm, -1),
        surplus_eur=np.where(found.chosen >= 0, np.take_along_axis(surplus, at, axis=1), 0.0),
        propensity=found.propensity,
        nothing=found.nothing,
        propensities=found.propensities,
    )


def fitting(
    menu: Menu, cost_eur: NDArray[np.float64], arm: NDArray[np.int64], worth: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which of some draws stay: all where they fit, else those of most worth.

    Parameters
    ----------
    menu : Menu
        Limits.
    cost_eur : ndarray of shape (arms,)
        Cost of a contact by each arm, euro.
    arm : ndarray of shape (m,)
        Arms that were drawn.
    worth : ndarray of shape (m,)
        Value less price of each, euro.

    Examples
    --------
    >>> from jobs.science.offers.menu import Resource
    >>> one = Menu(("a",), (0,), (Resource("cap", "customers", (0,), 1.0),))
    >>> fitting(one, np.zeros(1), np.array([0, 0]), np.array([1.0, 2.0])).tolist()
    [False, True]
    """
    stays = np.ones(len(arm), np.bool_)
    order = np.argsort(-worth, kind="stable")
    amounts = used(menu, cost_eur, np.bincount(arm, minlength=len(cost_eur)))
    for number in np.flatnonzero(amounts > menu.most):
        resource, most = menu.resources[number], menu.most[number]
        mine = order[np.isin(arm[order], resource.arms) & stays[order]]
        amount = cost_eur[arm[mine]] if resource.unit == "eur" else np.ones(len(mine))
        stays[mine[np.cumsum(amount) > most * (1 + 1e-9)]] = False
    return stays


def used(menu: Menu, cost_eur: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what so many customers of each arm use of each resource, shape (resources,)."""
    amount = {"eur": counts * cost_eur, "customers": counts.astype(np.float64)}
    return np.array([amount[r.unit][list(r.arms)].sum() for r in menu.resources], np.float64)


def left_of(menu: Menu, taken: NDArray[np.float64]) -> Menu:
    """Return the menu with what is left of every resource once so much of it was taken."""
    return Menu(
        menu.arms,
        menu.campaign,
        tuple(
            type(r)(r.name, r.unit, r.arms, max(r.most - amount, 0.0), max(r.least - amount, 0.0))
            for r, amount in zip(menu.resources, taken, strict=True)
        ),
    )


def counts_of(arm: Sequence[NDArray[np.integer[Any]]] | NDArray[np.integer[Any]], arms: int) -> NDArray[np.int64]:
    """Return how many customers get each arm, of choices in one or several arrays, -1 for nothing."""
    pieces = [arm] if isinstance(arm, np.ndarray) else arm
    flat = np.concatenate([np.empty(0, np.int64), *(piece.ravel().astype(np.int64) for piece in pieces)])
    return np.bincount(flat[flat >= 0], minlength=arms)
