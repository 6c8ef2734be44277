"""The join of a night's parts: who stands in two of them, one repair, ranks over all, rows part by part."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.allocate_offers.certified import campaign_certificate, night_certificate
from jobs.allocate_offers.cutting import read_slices
from jobs.allocate_offers.handed_over import (
    CONTACTS_LEFT,
    NUMBER,
    OF_CAMPAIGN,
    from_bytes,
    hand_over,
)
from jobs.allocate_offers.offered import FACTS, final_reasons, offer_rows, ranks
from jobs.allocate_offers.repairing import Repaired, repair
from jobs.allocate_offers.together import together
from jobs.allocate_offers.told import Broadcast
from jobs.runtime.parts import HandedOver
from jobs.runtime.stores import Stores
from jobs.science.offers.eligibility import Reason

_AT_ONCE = 200_000
"""Customers that stood in two parts whose scores are read again at a time."""


@dataclass
class Pieces:
    """What the parts of a night handed over, each customer once.

    Parameters
    ----------
    handed : HandedOver
        What all parts handed over.
    parts : list of int
        Their numbers.
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


def join_night(
    told: Broadcast, seed: int, stores: Stores, handed: HandedOver, stage: Callable[[str, pa.Table], None]
) -> dict[str, Any]:
    """Repair, rank and stage what the parts of a night handed over; return what the report says.

    Memory is what is settled or open, some forty bytes a customer, and one part.

    Parameters
    ----------
    told : Broadcast
        What all parts were told.
    seed : int
        Seed of the run.
    stores : Stores
        Where scores are, for customers who stand in two parts.
    handed : HandedOver
        What the parts handed over.
    stage : callable
        Takes a campaign's id and rows of ``offers``.
    """
    setting = told.setting
    pieces = _each_once(told, seed, stores, handed)
    repaired = repair(told, pieces.read, seed)
    campaigns = {}
    for place, campaign in enumerate(setting.campaigns):

        def stage_of(rows: pa.Table, of: str = campaign.id) -> None:
            stage(of, rows)

        said = _list(told, place, pieces, repaired, stage_of, handed.told["budget_curves"][campaign.id])
        if said is not None:
            campaigns[campaign.id] = said
    night = night_certificate(
        setting,
        repaired.resources,
        value_eur=repaired.value_eur,
        dual_bound_eur=repaired.dual_bound_eur,
        gap=repaired.gap,
        exploration=repaired.exploration,
        partner_cost_eur=handed.told["partner_cost_eur"],
        measured_on="the sample",
    )
    parts = {
        "parts": len(pieces.parts),
        "customers_sampled": handed.told["sampled"],
        "customers_open": repaired.opened,
        "customers_in_two_parts": sum(rows.num_rows for rows in pieces.again),
        "taken_back": repaired.taken_back,
        "budget_curve_from": "the sample",
    }
    return {"campaigns": {c: {**said, "fan_out": parts} for c, said in campaigns.items()}, "night": night}


def _list(
    told: Broadcast,
    place: int,
    pieces: Pieces,
    repaired: Repaired,
    stage: Callable[[pa.Table], None],
    curve: dict[str, Any],
) -> dict[str, Any] | None:
    """Rank and stage the offers of a campaign, part by part, and certify them."""
    setting = told.setting
    campaign, arms = setting.campaigns[place], setting.arms_of(place)
    arm_of = [np.where(arm[:, place] >= 0, arm[:, place] - arms.start, -1) for arm in repaired.arm]
    net_of = [net[:, place] for net in repaired.net_eur]
    chosen = (
        rows["customer_id"].combine_chunks().filter(pa.array(arm >= 0))
        for rows, arm in zip(pieces.read(["customer_id"]), arm_of, strict=True)
    )
    rank_of = ranks([net[arm >= 0] for net, arm in zip(net_of, arm_of, strict=True)], chosen)
    reasons, counts = np.zeros(len(Reason), np.int64), np.zeros(len(campaign.arms), np.int64)
    twice = mended = 0
    value_eur = 0.0
    columns = ["customer_id", CONTACTS_LEFT, *(f"{name}_{place}" for name in OF_CAMPAIGN)]
    pieces_of = zip(pieces.read(columns), arm_of, net_of, rank_of, repaired.moved, repaired.offers, strict=True)
    for rows, arm, net, rank, moved, offers in pieces_of:
        known = rows.select(columns).rename_columns(["customer_id", CONTACTS_LEFT, *OF_CAMPAIGN])
        mine = known["known"].to_numpy()
        here, of_mine = known.filter(pa.array(mine)).combine_chunks(), arm[mine]
        explored = here["explored"].to_numpy()
        used_up = offers[mine] >= here[CONTACTS_LEFT].to_numpy()
        reason = final_reasons(here["otherwise"].to_numpy(), of_mine, net[mine], explored, used_up)
        drawn = here["drawn_arm"].to_numpy()
        took_back = explored & (drawn >= 0) & (of_mine < 0)
        changed = np.where(explored, took_back, moved[mine])
        got = of_mine >= 0
        # Ranks are of those who have an offer; a campaign offers nothing to whom it does not know.
        listed = offer_rows(
            setting,
            campaign,
            here.select(FACTS.names),
            told.models[campaign.id],
            of_mine,
            net[mine][got],
            rank,
            reason,
            changed,
        )
        reasons += np.bincount(reason, minlength=len(Reason))
        counts += np.bincount(of_mine[got], minlength=len(counts))
        twice += int(np.count_nonzero(here["twice"].to_numpy()))
        mended += int(changed.sum())
        value_eur += float(net[mine][got].sum(dtype=np.float64))
        stage(listed)
    if not reasons.sum():
        return None
    return campaign_certificate(
        setting,
        place,
        repaired.resources,
        twice=twice,
        reasons=reasons,
        counts=counts,
        repaired=mended,
        value_eur=value_eur,
        slack_eur=max(repaired.dual_bound_eur - repaired.value_eur, 0.0),
        curve=curve,
    )


def _each_once(told: Broadcast, seed: int, stores: Stores, handed: HandedOver) -> Pieces:
    """Find customers who stand in two parts, and decide anew what is known of them.

    That is a customer in two files, and one whose rows a cut between parts has parted.
    """
    pieces = Pieces(handed, list(range(len(handed.told["parts"]))))
    suspects = _equal_numbers([rows[NUMBER].to_numpy() for rows in pieces.read([NUMBER])])
    suspected = [part for part, rows in zip(pieces.parts, suspects, strict=True) if len(rows)]
    names: dict[int, list[str]] = {}
    for part, body in zip(suspected, handed.bodies(suspected), strict=True):
        place = pa.array(suspects[part])
        names[part] = from_bytes(body, ["customer_id"])["customer_id"].take(place).to_pylist()
    # Two ids may have one number; the same id in two parts is one customer.
    times = Counter(name for of_part in names.values() for name in of_part)
    slices: dict[str, list[Any]] = {campaign.id: [] for campaign in told.setting.campaigns}
    for part, of_part in names.items():
        mine = np.array([times[name] > 1 for name in of_part])
        if mine.any():
            pieces.left_out[part] = suspects[part][mine]
            for campaign, of_campaign in handed.told["parts"][part].items():
                slices[campaign] += of_campaign["slices"]
    twice = sorted(name for name, count in times.items() if count > 1)
    for first in range(0, len(twice), _AT_ONCE):
        some = twice[first : first + _AT_ONCE]
        rows = {campaign: read_slices(of_campaign, stores, some) for campaign, of_campaign in slices.items()}
        pieces.again.append(hand_over(together(told.setting, rows, stores), told, seed))
    return pieces


def _equal_numbers(pieces: Sequence[NDArray[np.uint64]]) -> list[NDArray[np.int64]]:
    """Return for each piece the places of numbers that occur more than once in all of them."""
    ordered = np.sort(np.concatenate([*pieces, np.empty(0, np.uint64)]))
    again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    return [np.flatnonzero(np.isin(numbers, again)) for numbers in pieces]
