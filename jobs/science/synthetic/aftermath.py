"""What comes of a night's offers in the made-up world: the outcome of every customer, and where he paid."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from jobs.errors import BadRequest
from jobs.science.synthetic.campaign import ARMS, CAMPAIGN_ID, OUTCOME_WINDOW_DAYS
from jobs.science.synthetic.draws import DAY_US, Stream, generator, identifiers, timestamps
from jobs.science.synthetic.people import People, behave
from jobs.tables.inputs import OUTCOMES, TRANSACTIONS

_MOST_VISITS = 1_000


@dataclass(frozen=True)
class Aftermath:
    """What came of a night for the customers of a shard, offered something or not.

    Parameters
    ----------
    outcomes : pyarrow.Table
        Schema OUTCOMES: net margin within the outcome window, before the cost of contact.
    transactions : pyarrow.Table
        Schema TRANSACTIONS: a payment for every visit; redeemed offers are paid at their partner.
    """

    outcomes: pa.Table
    transactions: pa.Table


def draw_aftermath(
    seed: int, block: int, people: People, offered: Mapping[str, str], partner_ids: pa.Array, end_us: int, keep: int
) -> tuple[pa.Table, pa.Table]:
    """Draw the outcome window of one block of customers.

    Parameters
    ----------
    seed, block : int
        Seed of the world, number of the block.
    people : People
        The customers of that block.
    offered : mapping of str to str
        Arm of each customer who was offered something.
    partner_ids : pyarrow.Array of str
        Partners, by number.
    end_us : int
        End of the night's day, microseconds since 1970: the window opens.
    keep : int
        Customers of the block that belong to the world.

    Returns
    -------
    tuple of (pyarrow.Table, pyarrow.Table)
        Outcomes and transactions.

    Raises
    ------
    BadRequest
        If an arm is none of the world's.
    """
    r = generator(seed, Stream.AFTERMATH, block)
    n = len(people.number)
    ids = identifiers("c", people.number, 8)
    place = {"": 0} | {arm.name: i + 1 for i, arm in enumerate(ARMS)}
    try:
        arm = np.array([place[offered.get(customer, "")] for customer in ids.to_pylist()])
    except KeyError as unknown:
        raise BadRequest(f"arm {unknown} is none of the made-up world's: {', '.join(list(place)[1:])}.") from unknown
    behaviour, row = behave(people), np.arange(n)
    occasions = np.ceil(1.1 * behaviour.visits.max(axis=1))
    visits = r.binomial(occasions.astype(np.int64), behaviour.visits[row, arm] / occasions)
    redeemed = np.where(arm > 0, r.binomial(visits, behaviour.redeems[row, arm]), 0)
    discount = np.array([0.0, *(a.discount_eur for a in ARMS)])[arm]
    net = visits * behaviour.margin_eur * r.gamma(20.0, 1 / 20.0, n) - redeemed * discount
    closes_us = end_us + OUTCOME_WINDOW_DAYS * DAY_US
    night = np.datetime64(end_us - DAY_US, "us").astype("datetime64[D]")
    outcomes = pa.table(
        {
            "customer_id": ids,
            "campaign_id": pa.repeat(CAMPAIGN_ID, n),
            "run_date": pa.array(np.repeat(night, n)).cast(pa.date32()),
            "outcome": pa.array(np.round(net, 4)),
            "matured_at": timestamps(np.full(n, closes_us)),
        },
        schema=OUTCOMES.schema,
    ).slice(0, keep)
    who = np.repeat(row[:keep], visits[:keep])
    number = np.arange(len(who)) - np.repeat(np.cumsum(visits[:keep]) - visits[:keep], visits[:keep])
    partner_of = np.array([0, *(a.partner for a in ARMS)])
    at = np.where(number < redeemed[who], partner_of[arm[who]], r.integers(0, len(partner_ids), len(who)))
    paid = people.numbers["basket_eur"][who] * r.gamma(20.0, 1 / 20.0, len(who))
    moment_us = end_us + (r.random(len(who)) * (OUTCOME_WINDOW_DAYS - 1) * DAY_US).astype(np.int64)
    transactions = pa.table(
        {
            "transaction_id": identifiers("w", people.number[who] * _MOST_VISITS + number, 11),
            "customer_id": ids.take(pa.array(who)),
            "partner_id": partner_ids.take(pa.array(at)),
            "occurred_at": timestamps(moment_us),
            "amount_eur": pa.array(np.round(paid, 2)),
        },
        schema=TRANSACTIONS.schema,
    )
    return outcomes, transactions
