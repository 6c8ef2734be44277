"""The join of a campaign's parts: who stands in two of them, one repair, ranks over all, rows part by part."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.allocate_offers.cutting import Slice, read_slices
from jobs.allocate_offers.handed_over import (
    NUMBER,
    OFFER_COLUMNS,
    TWICE,
    from_bytes,
    hand_over,
    picked_columns,
    picks_of,
)
from jobs.allocate_offers.offered import certificate, offer_rows, ranks
from jobs.allocate_offers.request import AllocateOffers
from jobs.allocate_offers.scored import risk_of, scored, valued
from jobs.allocate_offers.told import broadcast_of
from jobs.runtime.campaign import Campaign
from jobs.runtime.parts import HandedOver
from jobs.runtime.stores import Stores
from jobs.science.offers.eligibility import Reason
from jobs.science.offers.fan_out import Picks, repair

_AT_ONCE = 200_000
"""Customers that stood in two parts whose scores are read again at a time."""


@dataclass
class Pieces:
    """What the parts of a campaign handed over, each customer once.

    Parameters
    ----------
    handed : HandedOver
        What all parts handed over.
    parts : list of int
        Numbers of the campaign's parts.
    left_out : dict of int to ndarray
        Of each part, the rows of customers who stand in another part too.
    again : list of pyarrow.Table
        These customers, made anew from all their scores.
    """

    handed: HandedOver
    parts: list[int]
    left_out: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    again: list[pa.Table] = field(default_factory=list)

    def read(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield piece after piece, in the same order every time."""
        for part, body in zip(self.parts, self.handed.bodies(self.parts), strict=True):
            rows = from_bytes(body, columns)
            if part in self.left_out:
                rows = rows.filter(pa.array(~np.isin(np.arange(rows.num_rows), self.left_out[part])))
            yield rows
        for rows in self.again:
            yield rows.select(list(columns))


def join_campaign(
    campaign: Campaign,
    request: AllocateOffers,
    stores: Stores,
    handed: HandedOver,
    stage: Callable[[pa.Table], None],
) -> dict[str, Any]:
    """Repair, rank and stage what the parts of a campaign handed over; return its certificate.

    Memory is what is settled or open, some forty bytes a customer, and one part.
    """
    told = handed.told["campaigns"][campaign.id]
    prices = broadcast_of(told)
    pieces = _each_once(campaign, request, stores, handed)
    cost = np.array([arm.contact_cost_eur for arm in campaign.arms])
    picks, twice = [], 0
    for rows in pieces.read([*picked_columns(len(cost)), TWICE]):
        picks.append(picks_of(rows, cost))
        twice += int(np.count_nonzero(rows[TWICE].to_numpy()))
    repaired = repair(picks, prices, seed=request.seed)
    net = [_net(p, arm) for p, arm in zip(picks, repaired.arms, strict=True)]
    opened = sum(len(p.open_row) for p in picks)
    del picks
    chosen = (
        rows["customer_id"].combine_chunks().filter(pa.array(arm >= 0))
        for rows, arm in zip(pieces.read(["customer_id"]), repaired.arms, strict=True)
    )
    rank = ranks(net, chosen)
    reasons = np.zeros(len(Reason), np.int64)
    for rows, arm, of_chosen, place in zip(pieces.read(OFFER_COLUMNS), repaired.arms, net, rank, strict=True):
        reason = np.where(arm >= 0, np.int8(Reason.OFFERED), rows["otherwise"].to_numpy()).astype(np.int8)
        reasons += np.bincount(reason, minlength=len(Reason))
        customer_id = rows["customer_id"].combine_chunks()
        fraud = rows["fraud_probability"].to_numpy()
        stage(offer_rows(campaign, customer_id, fraud, told["model_version"], arm, of_chosen, place, reason))
    return certificate(
        campaign,
        twice=twice,
        reasons=reasons,
        spend_eur=repaired.spend_eur,
        value_eur=repaired.value_eur,
        dual_bound_eur=repaired.dual_bound_eur,
        gap=repaired.gap,
        price=prices.price,
        counts=repaired.counts,
        curve=told["budget_curve"],
    ) | {
        "fan_out": {
            "parts": len(pieces.parts),
            "customers_sampled": told["sampled"],
            "customers_open": opened,
            "customers_in_two_parts": sum(rows.num_rows for rows in pieces.again),
            "taken_back": repaired.taken_back,
            "budget_curve_from": "the sample",
        }
    }


def _net(picks: Picks, arm: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return the value of each choice, in order of the customers who have one."""
    value = np.zeros(picks.customers, np.float32)
    value[picks.row] = picks.value
    got = np.flatnonzero(arm[picks.open_row] >= 0)
    value[picks.open_row[got]] = picks.open_value[got, arm[picks.open_row[got]]]
    return value[arm >= 0]


def _each_once(campaign: Campaign, request: AllocateOffers, stores: Stores, handed: HandedOver) -> Pieces:
    """Find customers who stand in two parts, and decide anew what is known of them.

    That is a customer in two files, and one whose rows a cut between parts has parted.
    """
    told = handed.told["campaigns"][campaign.id]
    pieces = Pieces(handed, told["parts"])
    suspects = _equal_numbers([rows[NUMBER].to_numpy() for rows in pieces.read([NUMBER])])
    suspected = [part for part, rows in zip(pieces.parts, suspects, strict=True) if len(rows)]
    names: dict[int, list[str]] = {}
    for part, body in zip(suspected, handed.bodies(suspected), strict=True):
        place = pa.array(suspects[pieces.parts.index(part)])
        names[part] = from_bytes(body, ["customer_id"])["customer_id"].take(place).to_pylist()
    # Two ids may have one number; the same id in two parts is one customer.
    times = Counter(name for of_part in names.values() for name in of_part)
    slices: list[Slice] = []
    for part, of_part in names.items():
        mine = np.array([times[name] > 1 for name in of_part])
        if mine.any():
            pieces.left_out[part] = suspects[pieces.parts.index(part)][mine]
            slices += handed.told["parts"][part]["slices"]
    twice = sorted(name for name, count in times.items() if count > 1)
    for first in range(0, len(twice), _AT_ONCE):
        customers = scored(campaign, read_slices(slices, stores, twice[first : first + _AT_ONCE]))
        risk = risk_of(customers.account_id, request.run_date, stores)
        known = valued(campaign, customers, risk, handed.told["mean_risk"])
        pieces.again.append(hand_over(known, broadcast_of(told)))
    return pieces


def _equal_numbers(pieces: Sequence[NDArray[np.uint64]]) -> list[NDArray[np.int64]]:
    """Return for each piece the places of numbers that occur more than once in all of them."""
    ordered = np.sort(np.concatenate([*pieces, np.empty(0, np.uint64)]))
    again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    return [np.flatnonzero(np.isin(numbers, again)) for numbers in pieces]
