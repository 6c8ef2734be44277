"""Customers of all campaigns of a night together: each once, with the arms of every campaign that scored him."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.allocate_offers.candidates import Ask
from jobs.allocate_offers.scored import Scored, scored
from jobs.allocate_offers.setting import Setting
from jobs.allocate_offers.tables_of_night import contacts_left, fraud_probability, segments
from jobs.allocate_offers.valued import Valued, valued
from jobs.runtime.stores import Stores
from jobs.science.offers.pairs import DensePairs, SparsePairs


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
        """Net euro of every slot for every customer, shape (n, slots); 0 where a campaign scored none.

        Slots are the arms of the menu, but where a campaign has a catalogue they hold each customer's candidates.
        """
        only = self.valued[0]
        if len(self.valued) == 1 and only is not None:
            return only.value
        value = np.zeros((self.customers, len(self.campaign_of)), np.float32)
        for number, (known, rows) in enumerate(zip(self.valued, self.place, strict=True)):
            if known is not None:
                value[rows, self.slots[number]] = known.value
        return value

    @cached_property
    def allowed(self) -> NDArray[np.bool_]:
        """Pairs that may be offered, shape (n, slots), or (n,) where all arms of a customer are alike."""
        only = self.valued[0]
        if len(self.valued) == 1 and only is not None:
            return only.allowed
        allowed = np.zeros((self.customers, len(self.campaign_of)), np.bool_)
        for number, (known, rows) in enumerate(zip(self.valued, self.place, strict=True)):
            if known is not None:
                of_campaign = known.allowed
                allowed[rows, self.slots[number]] = of_campaign if of_campaign.ndim == 2 else of_campaign[:, None]
        return allowed

    @cached_property
    def slots(self) -> tuple[slice, ...]:
        """Columns of :attr:`value` that are those of each campaign."""
        widths = [
            len(campaign.arms) if known is None else known.value.shape[1]
            for campaign, known in zip(self.setting.campaigns, self.valued, strict=True)
        ]
        ends = np.cumsum([0, *widths]).tolist()
        return tuple(slice(first, last) for first, last in pairwise(ends))

    @cached_property
    def campaign_of(self) -> NDArray[np.int64]:
        """Campaign of each column of :attr:`value`, by its place, shape (slots,)."""
        return np.repeat(np.arange(len(self.slots)), [mine.stop - mine.start for mine in self.slots])

    @cached_property
    def column(self) -> NDArray[np.int32] | None:
        """Arm of the menu in each slot, shape (n, slots); None where the slots of all customers are the arms."""
        if not self.setting.catalogues:
            return None
        arm = np.zeros((self.customers, len(self.campaign_of)), np.int32)
        for place, (known, rows) in enumerate(zip(self.valued, self.place, strict=True)):
            first, mine = self.setting.arms_of(place).start, self.slots[place]
            if known is None or known.candidates is None:
                arm[:, mine] = first + np.arange(mine.stop - mine.start)
            else:
                arm[rows, mine] = first + np.maximum(known.candidates.offer, 0)
        return arm

    def spread(self, of_arms: NDArray[Any], rows: Any = slice(None)) -> NDArray[Any]:
        """Return what is said of each arm of the menu for each slot of some customers."""
        return of_arms if self.column is None else of_arms[self.column[rows]]

    def value_of(self, arm: NDArray[np.int64]) -> float:
        """Return the total value of choices of shape (n, campaigns), euro."""
        total = 0.0
        for place, (known, rows) in enumerate(zip(self.valued, self.place, strict=True)):
            if known is not None:
                chosen = arm[rows, place]
                got = np.flatnonzero(chosen >= 0)
                slot = known.slot_of(got, chosen[got] - self.setting.arms_of(place).start)
                total += float(known.value[got, slot].sum(dtype=np.float64))
        return total

    def used_up(self, arm: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Return who gets as many offers as the house rules leave him, given choices of shape (n, campaigns)."""
        if self.contacts_left is None:
            return np.zeros(self.customers, np.bool_)
        return np.asarray((arm >= 0).sum(axis=1) >= self.contacts_left)

    def pairs(self, rows: Any = slice(None)) -> DensePairs | SparsePairs:
        """Return the question's pairs of some customers; a limit of contacts that nobody can come near is left out."""
        return self.pairs_within(self.allowed, self.contacts_left if len(self.setting.campaigns) > 1 else None, rows)

    def pairs_within(
        self, allowed: NDArray[np.bool_], contacts_left: NDArray[np.int64] | None, rows: Any = slice(None)
    ) -> DensePairs | SparsePairs:
        """Return the pairs of some customers, of which fewer may be allowed."""
        value, cost, may = self.value[rows], self.setting.cost_eur, allowed[rows]
        left = None if contacts_left is None else contacts_left[rows]
        if self.column is None:
            return DensePairs(value, cost, may, left)
        if may.ndim == 1:
            may = np.repeat(may[:, None], value.shape[1], axis=1)
        arm = self.column[rows][may]
        first = np.concatenate([[0], np.cumsum(may.sum(axis=1))])
        return SparsePairs(first, arm, value[may], cost[arm], left)


def together(
    setting: Setting, rows: Mapping[str, pa.Table], stores: Stores, candidates: Mapping[str, Ask] | None = None
) -> Together:
    """Bring scores of all campaigns together by customer, with all that the night knows of him.

    Parameters
    ----------
    setting : Setting
        Campaigns of the night.
    rows : mapping of str to pyarrow.Table
        By campaign, rows of ``uplift_scores``; one without rows may be left out.
    stores : Stores
        Where the other tables are.
    candidates : mapping of str to callable, optional
        By campaign with a catalogue, where its customers' candidates are asked for.
    """
    asks = candidates or {}
    of_campaign = [
        _calibrated(scored(setting.of_file(campaign), rows[campaign.id]), setting.factor(campaign))
        if campaign.id in rows and rows[campaign.id].num_rows
        else None
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
        considered = asks[campaign.id](customers.account_id) if campaign.id in asks else None
        known.append(valued(setting, campaign, customers, fraud, of_segment, of_left, considered))
        places.append(place)
    return Together(setting, customer_id, segment, left, tuple(known), tuple(places))


def _calibrated(customers: Scored, factor: float) -> Scored:
    """Return the customers with their effects as the newest reading of the holdout leaves them."""
    return customers if factor == 1.0 else replace(customers, effect_eur=customers.effect_eur * factor)


def _union(ids: list[pa.Array]) -> pa.Array:
    everybody = pa.chunked_array(ids, pa.string()).unique()
    return everybody.take(pc.sort_indices(everybody))


def _places(some: pa.Array, everybody: pa.Array) -> NDArray[np.int64]:
    return np.asarray(pc.index_in(some, value_set=everybody).to_numpy(), np.int64)
