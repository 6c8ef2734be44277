"""What a part hands over: a row a customer, with all that the join needs to write his offers without his scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.allocate_offers.deciding import beside
from jobs.allocate_offers.exploring import Drawn, drawn, prices_of_arms
from jobs.allocate_offers.offered import FACTS, facts
from jobs.allocate_offers.setting import Setting
from jobs.allocate_offers.together import Together
from jobs.allocate_offers.told import Broadcast
from jobs.science.experiment.holdout import id_numbers
from jobs.science.offers.night import survey
from jobs.science.offers.night_rounding import Offers, offers_of, pick_best
from jobs.science.offers.pairs import SparsePairs
from jobs.science.offers.shards import ShardPicks, pick_shard

NUMBER = "number"
"""A number of the customer's id; those of two ids are hardly ever equal."""

CONTACTS_LEFT, NO_LIMIT = "contacts_left", 32_767
"""Offers that the house rules leave the customer tonight."""

OF_CAMPAIGN = ("known", "twice", "otherwise", "drawn_arm", "drawn_value_eur", "drawn_worth_eur", *FACTS.names[1:])
"""What is handed over of each campaign: whether it scored the customer at all, what happens if he gets nothing, what
was drawn for him (-1 for nothing), and what his offer will say."""


def hand_over(known: Together, told: Broadcast, seed: int) -> pa.Table:
    """Draw for explorers, pick for all others at the prices that all parts were told, and lay it out.

    Parameters
    ----------
    known : Together
        Customers of the part.
    told : Broadcast
        Prices, and what the night rests on.
    seed : int
        Names the draws together with the night.
    """
    setting = known.setting
    chance = drawn(known, told.prices.price_eur, told.unit_eur, seed)
    pairs = known.pairs() if chance is None else beside(known, chance, chance.arm)
    picks = pick_shard(setting.menu, pairs, told.prices)
    columns: dict[str, Any] = {
        "customer_id": known.customer_id,
        NUMBER: pa.array(id_numbers(known.customer_id, "night")),
    }
    for place in range(len(setting.campaigns)):
        columns |= _of_campaign(known, place, chance, picks)
    is_open = np.zeros(known.customers, np.bool_)
    is_open[picks.open_row] = True
    contacts = np.zeros(known.customers, np.int16)
    contacts[picks.open_row] = picks.open_contacts
    columns |= {"is_open": pa.array(is_open), "contacts": pa.array(contacts)}
    row = np.repeat(picks.open_row, np.diff(picks.open_first))
    for arm in range(len(setting.cost_eur)):
        values = np.full(known.customers, np.nan, np.float32)
        mine = picks.open_arm == arm
        values[row[mine]] = picks.open_value[mine]
        columns[_pair(arm)] = pa.array(values, mask=np.isnan(values))
    left = np.full(known.customers, NO_LIMIT) if known.contacts_left is None else known.contacts_left
    columns[CONTACTS_LEFT] = pa.array(np.minimum(left, NO_LIMIT).astype(np.int16))
    surplus = surplus_eur(picks, setting, told)
    given_up = _given_up(known, chance, surplus, told)
    columns |= {"surplus_eur": pa.array(surplus, pa.float32()), "given_up_eur": pa.array(given_up, pa.float32())}
    return pa.table(columns)


def surplus_eur(picks: ShardPicks, setting: Setting, told: Broadcast) -> NDArray[np.float64]:
    """Return the best value less price of each customer, euro: what he adds to the bound.

    Parameters
    ----------
    picks : ShardPicks
        What was picked at the prices that were told.
    setting : Setting
        What the night rests on.
    told : Broadcast
        Prices.
    """
    of_cost, of_customer = prices_of_arms(setting.menu, told.prices.price_eur)
    worth = picks.value - of_cost[picks.arm] * picks.cost - of_customer[picks.arm]
    surplus = np.bincount(picks.row, worth, minlength=picks.customers).astype(np.float64)
    found = best_of_open(picks, setting, told)
    worth = found.value - of_cost[found.arm] * found.cost - of_customer[found.arm]
    surplus[picks.open_row] += np.bincount(found.row, worth, minlength=len(picks.open_row))
    return surplus


def best_of_open(picks: ShardPicks, setting: Setting, told: Broadcast) -> Offers:
    """Return what the open customers would pick at the prices that were told."""
    opened = SparsePairs(picks.open_first, picks.open_arm, picks.open_value, picks.open_cost, picks.open_contacts)
    night = survey(setting.menu, opened)
    return offers_of(night, pick_best(night, told.prices.price_eur))


def picked_columns(setting: Setting) -> list[str]:
    """Return the names of the columns that :func:`picks_of` reads."""
    of_campaigns = [f"{what}_{c}" for c in range(len(setting.campaigns)) for what in ("arm", "value_eur")]
    return [
        "is_open",
        "contacts",
        "surplus_eur",
        "given_up_eur",
        *of_campaigns,
        *(_pair(arm) for arm in range(len(setting.cost_eur))),
    ]


def picks_of(rows: pa.Table, setting: Setting) -> ShardPicks:
    """Read back what a part picked.

    Parameters
    ----------
    rows : pyarrow.Table
        The columns of :func:`picked_columns`.
    setting : Setting
        What the night rests on.
    """
    cost = setting.cost_eur
    settled = [
        (row, arm[row], rows[f"value_eur_{c}"].to_numpy()[row])
        for c in range(len(setting.campaigns))
        for arm in [rows[f"arm_{c}"].to_numpy()]
        for row in [np.flatnonzero(arm >= 0)]
    ]
    row, arm, value = (np.concatenate(column) for column in zip(*settled, strict=True))
    order = np.argsort(row, kind="stable")
    opened = rows.filter(rows["is_open"])
    values = np.column_stack([opened[_pair(a)].to_numpy() for a in range(len(cost))]).reshape(-1, len(cost))
    of_open, open_arm = np.nonzero(~np.isnan(values))
    width = np.bincount(of_open, minlength=len(values))
    return ShardPicks(
        customers=rows.num_rows,
        row=row[order].astype(np.int32),
        arm=arm[order].astype(np.int16),
        value=value[order].astype(np.float32),
        cost=cost[arm[order]],
        open_row=np.flatnonzero(rows["is_open"].to_numpy()).astype(np.int32),
        open_first=np.concatenate([[0], np.cumsum(width)]).astype(np.int64),
        open_arm=open_arm.astype(np.int16),
        open_value=values[of_open, open_arm].astype(np.float32),
        open_cost=cost[open_arm],
        open_contacts=opened["contacts"].to_numpy(),
        surplus_eur=float(rows["surplus_eur"].to_numpy().sum(dtype=np.float64)),
    )


def to_bytes(rows: pa.Table) -> bytes:
    """Write rows as a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    body: bytes = sink.getvalue().to_pybytes()
    return body


def from_bytes(body: bytes, columns: Sequence[str]) -> pa.Table:
    """Read some columns of a Parquet file."""
    return pq.read_table(pa.BufferReader(body), columns=list(columns), use_threads=False)


def _pair(arm: int) -> str:
    return f"open_value_eur_{arm}"


def _of_campaign(known: Together, place: int, chance: Drawn | None, picks: ShardPicks) -> dict[str, Any]:
    """Return the columns of a campaign, over all customers of the part."""
    n, setting, of_campaign, rows = known.customers, known.setting, known.valued[place], known.place[place]
    mine = np.array(setting.menu.campaign)[picks.arm] == place
    arm, value = np.full(n, -1, np.int16), np.zeros(n, np.float32)
    arm[picks.row[mine]], value[picks.row[mine]] = picks.arm[mine], picks.value[mine]
    chance_arm, chance_value, chance_worth = np.full(n, -1, np.int16), np.zeros(n, np.float32), np.zeros(n)
    if chance is not None:
        chance_arm[chance.row] = chance.arm[:, place]
        got = np.flatnonzero(chance_arm >= 0)
        chance_value[got] = known.value[got, chance_arm[got]]
        chance_worth[chance.row] = chance.surplus_eur[:, place]
    is_known, twice, otherwise = np.zeros(n, np.bool_), np.zeros(n, np.bool_), np.zeros(n, np.int8)
    at = np.full(n, -1, np.int64)
    if of_campaign is not None:
        is_known[rows], twice[rows] = True, of_campaign.scored.twice
        otherwise[rows] = of_campaign.reasons(np.full(len(rows), -1))
        at[rows] = np.arange(len(rows))
    told = facts(known, place, chance).take(pa.array(at, mask=at < 0))
    columns = {
        "arm": arm,
        "value_eur": value,
        "known": is_known,
        "twice": twice,
        "otherwise": otherwise,
        "drawn_arm": chance_arm,
        "drawn_value_eur": chance_value,
        "drawn_worth_eur": chance_worth,
    }
    named = {f"{name}_{place}": pa.array(values) for name, values in columns.items()}
    return named | {f"{name}_{place}": told[name] for name in FACTS.names[1:]}


def _given_up(
    known: Together, chance: Drawn | None, surplus: NDArray[np.float64], told: Broadcast
) -> NDArray[np.float64]:
    """Return what each explorer's best would add to the bound, beyond what is left to be decided for him."""
    given_up = np.zeros(known.customers)
    if chance is not None:
        some = known.pairs(chance.row)
        best = surplus_eur(pick_shard(known.setting.menu, some, told.prices), known.setting, told)
        given_up[chance.row] = best - surplus[chance.row]
    return given_up
