"""Customers of all campaigns of a night together: each once, with the arms of every campaign that scored him."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.allocate_offers.scored import scored
from jobs.allocate_offers.setting import Setting
from jobs.allocate_offers.tables_of_night import contacts_left, fraud_probability, segments
from jobs.allocate_offers.valued import Valued, valued
from jobs.runtime.stores import Stores
from jobs.science.offers.pairs import DensePairs


@dataclass(frozen=True)
class Together:
    """Customers of a night, in the order of their ids, as one question to the solver.

    Parameters
    ----------
    setting : Setting
        What the night rests on.
    customer_id : pyarrow array of length n
        Each customer once.
    segment : pyarrow array of length n
        Names of their segments.
    contacts_left : ndarray of shape (n,), or None
        Contacts that each may still get; None where there is no limit.
    valued : tuple of Valued or None
        Of each campaign, in the setting's order; None of one that scored none of these customers.
    place : tuple of ndarray
        Of each campaign, where its customers stand among the n.
    """

    setting: Setting
    customer_id: pa.Array
    segment: pa.Array
    contacts_left: NDArray[np.int64] | None
    valued: tuple[Valued | None, ...]
    place: tuple[NDArray[np.int64], ...]

    @property
    def customers(self) -> int:
        """How many."""
        return len(self.customer_id)

    @cached_property
    def value(self) -> NDArray[np.float32]:
        """Net euro of every arm of the menu for every customer, shape (n, arms); 0 where a campaign scored none."""
        only = self.valued[0]
        if len(self.valued) == 1 and only is not None:
            return only.value
        value = np.zeros((self.customers, len(self.setting.cost_eur)), np.float32)
        for number, (known, rows) in enumerate(zip(self.valued, self.place, strict=True)):
            if known is not None:
                value[rows, self.setting.arms_of(number)] = known.value
        return value

    @cached_property
    def allowed(self) -> NDArray[np.bool_]:
        """Pairs that may be offered, shape (n, arms), or (n,) where all arms of a customer are alike."""
        only = self.valued[0]
        if len(self.valued) == 1 and only is not None:
            return only.allowed
        allowed = np.zeros((self.customers, len(self.setting.cost_eur)), np.bool_)
        for number, (known, rows) in enumerate(zip(self.valued, self.place, strict=True)):
            if known is not None:
                of_campaign = known.allowed
                allowed[rows, self.setting.arms_of(number)] = (
                    of_campaign if of_campaign.ndim == 2 else of_campaign[:, None]
                )
        return allowed

    def used_up(self, arm: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Return who gets as many offers as the house rules leave him, given choices of shape (n, campaigns)."""
        if self.contacts_left is None:
            return np.zeros(self.customers, np.bool_)
        return np.asarray((arm >= 0).sum(axis=1) >= self.contacts_left)

    def pairs(self) -> DensePairs:
        """Return the question's pairs; a limit of contacts that no customer can come near is left out."""
        limits = self.contacts_left if len(self.setting.campaigns) > 1 else None
        return DensePairs(self.value, self.setting.cost_eur, self.allowed, limits)


def together(setting: Setting, rows: Mapping[str, pa.Table], stores: Stores) -> Together:
    """Bring scores of all campaigns together by customer, with all that the night knows of him.

    Parameters
    ----------
    setting : Setting
        Campaigns of the night.
    rows : mapping of str to pyarrow.Table
        By campaign, rows of ``uplift_scores``; one without rows may be left out.
    stores : Stores
        Where the other tables are.
    """
    of_campaign = [
        scored(campaign, rows[campaign.id]) if campaign.id in rows and rows[campaign.id].num_rows else None
        for campaign in setting.campaigns
    ]
    ids = [customers.customer_id for customers in of_campaign if customers is not None]
    customer_id = ids[0] if len(ids) == 1 else _union(ids)
    segment = segments(customer_id, setting.run_date, stores)
    left = contacts_left(customer_id, setting.run_date, setting.rules, stores)
    known: list[Valued | None] = []
    places: list[NDArray[np.int64]] = []
    for campaign, customers in zip(setting.campaigns, of_campaign, strict=True):
        if customers is None:
            known.append(None)
            places.append(np.empty(0, np.int64))
            continue
        alone = len(ids) == 1
        place = np.arange(len(customer_id)) if alone else _places(customers.customer_id, customer_id)
        fraud = fraud_probability(customers.account_id, setting.run_date, setting.mean_risk, stores)
        of_left = None if left is None else left[place]
        of_segment = segment if alone else segment.take(pa.array(place))
        known.append(valued(setting, campaign, customers, fraud, of_segment, of_left))
        places.append(place)
    return Together(setting, customer_id, segment, left, tuple(known), tuple(places))


def _union(ids: list[pa.Array]) -> pa.Array:
    everybody = pa.chunked_array(ids, pa.string()).unique()
    return everybody.take(pc.sort_indices(everybody))


def _places(some: pa.Array, everybody: pa.Array) -> NDArray[np.int64]:
    return np.asarray(pc.index_in(some, value_set=everybody).to_numpy(), np.int64)
