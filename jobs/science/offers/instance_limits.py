"""Caps and minimums of anybody's allocation, from files of their own, held to what the pairs can give."""

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pyarrow as pa

from jobs.errors import BadRequest, BadRows
from jobs.science.offers.instance import OFFER, Instance, need_columns, numbers
from jobs.science.offers.menu import Menu, Resource
from jobs.science.offers.problem import Floats, Ints
from jobs.science.uplift.set_aside import as_text

CAP, MINIMUM = "cap", "minimum"
BUDGET = "the budget"


@dataclass(frozen=True)
class Limits:
    """What may be used, and what must be.

    Parameters
    ----------
    budget_eur : float
        Most euro, >= 0.
    caps : ndarray of shape (k,)
        Most customers of each offer; infinity is no limit.
    minimums : ndarray of shape (k,)
        Least customers of each offer.
    most_offers : int
        Offers that a customer may get at most, >= 1.
    """

    budget_eur: float
    caps: Floats
    minimums: Floats
    most_offers: int = 1


def read_limit(rows: pa.Table, name: str, offers: tuple[str, ...], *, file: str, without: float) -> Floats:
    """Read one limit of each offer.

    Parameters
    ----------
    rows : pyarrow.Table
        Columns ``offer_id`` and `name`, a row an offer.
    name : {"cap", "minimum"}
        Column of the limit, a whole number of customers.
    offers : tuple of str
        Offers there are.
    file : str
        Where the rows are from, for messages.
    without : float
        Limit of offers that the file does not name.

    Returns
    -------
    ndarray of shape (k,)

    Raises
    ------
    BadSchema
        If a column is missing or holds no numbers.
    BadRows
        If an offer is unknown, missing or named twice, or a limit is not a whole number of customers.
    """
    need_columns(rows, (OFFER, name), file)
    found = numbers(rows, name, file, low=0.0, rule="a whole number of customers, 0 or more")
    place = {offer: j for j, offer in enumerate(offers)}
    limit = np.full(len(offers), without)
    seen: dict[str, int] = {}
    for row, offer in enumerate(as_text(rows[OFFER]).to_pylist(), start=1):
        where = f"{file}, column {OFFER!r}, row {row}"
        if offer not in place:
            near = get_close_matches(offer or "", offers, n=1)
            hint = f", did you mean {near[0]!r}" if near else ""
            raise BadRows(f"{where}: no customer has an offer {offer!r}{hint}: correct it or drop the row.")
        if offer in seen:
            raise BadRows(f"{where}: {offer!r} stands in row {seen[offer]} already: keep one row.")
        seen[offer] = row
        count = float(found[row - 1])
        if count != np.floor(count):
            raise BadRows(f"{file}, column {name!r}, row {row}: is {count:g}, must be a whole number of customers.")
        limit[place[offer]] = count
    return limit


def must_be_possible(instance: Instance, limits: Limits) -> None:
    """Refuse limits that no allocation can keep.

    What is found here is found for certain; a clash of several limits that only the solver sees is its to name.

    Raises
    ------
    BadRequest
        If a cap is below a minimum, or a minimum is beyond the customers that have the offer, or all minimums
        together are beyond the customers or the budget; the sentence says by how much.
    """
    for offer, cap, minimum, has in zip(instance.offers, limits.caps, limits.minimums, _holders(instance), strict=True):
        if cap < minimum:
            raise BadRequest(
                f"offer {offer!r} has a cap of {cap:g} below its minimum of {minimum:g}: lower the minimum by "
                f"{minimum - cap:g} or raise the cap."
            )
        if minimum > has:
            raise BadRequest(
                f"the minimum of offer {offer!r} is {minimum:g} customers and {has:,} have it: lower it by "
                f"{minimum - has:g} or make more customers eligible."
            )
    needed, room = float(limits.minimums.sum()), len(instance.customers) * limits.most_offers
    if needed > room:
        raise BadRequest(
            f"the minimums ask for {needed:,.0f} offers in all and the customers may get {room:,}: lower them by "
            f"{needed - room:,.0f}."
        )
    cheapest = _cheapest(instance, limits.minimums)
    short = float(cheapest.sum()) - limits.budget_eur
    if short > 1e-9 * max(1.0, limits.budget_eur):
        dearest = int(cheapest.argmax())
        raise BadRequest(
            f"the minimums cost {cheapest.sum():,.2f} euro at the least and the budget is {limits.budget_eur:,.2f}: "
            f"raise it by {short:,.2f} euro or lower minimums, that of offer {instance.offers[dearest]!r} takes "
            f"{cheapest[dearest]:,.2f} euro."
        )


def menu_of(instance: Instance, limits: Limits) -> Menu:
    """Return the offers and what is scarce, as the solver reads them; the budget comes first."""
    k = len(instance.offers)
    resources = [Resource(BUDGET, "eur", tuple(range(k)), limits.budget_eur)]
    for j, offer in enumerate(instance.offers):
        if np.isfinite(limits.caps[j]) or limits.minimums[j] > 0:
            resources.append(
                Resource(f"offer {offer}", "customers", (j,), float(limits.caps[j]), float(limits.minimums[j]))
            )
    campaign = tuple(range(k)) if limits.most_offers > 1 else (0,) * k
    return Menu(instance.offers, campaign, tuple(resources))


def _holders(instance: Instance) -> Ints:
    """Return how many customers have each offer, shape (k,)."""
    return np.bincount(instance.offer, minlength=len(instance.offers)).astype(np.int64)


def _cheapest(instance: Instance, minimums: Floats) -> Floats:
    """Return the least that each offer's minimum can cost, whoever gets it, euro."""
    cost = np.zeros(len(minimums))
    for j in np.flatnonzero(minimums):
        mine = instance.cost[instance.offer == j]
        cost[j] = np.partition(mine, int(minimums[j]) - 1)[: int(minimums[j])].sum()
    return cost
