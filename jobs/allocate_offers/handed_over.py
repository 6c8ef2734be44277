"""What a part hands over: a row a customer, with all that the join needs to write his offer without his scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.allocate_offers.scored import Valued
from jobs.science.offers.eligibility import may_be_offered, settle
from jobs.science.offers.fan_out import Broadcast, Picks, pick
from jobs.science.offers.problem import NOBODY

OFFER_COLUMNS = ("customer_id", "fraud_probability", "otherwise")
"""What an offer says beside its arm; ``otherwise`` is the reason if the customer gets nothing."""

NUMBER, TWICE = "number", "twice"
"""The id's number under the campaign, and whether the customer stood twice in the part."""

_PICKED = ("arm", "worth_eur", "value_eur", "is_open")
"""The settled arm (-1 for none), its value less price, its value; whether the customer is left to the repair."""


def hand_over(known: Valued, told: Broadcast) -> pa.Table:
    """Pick for some customers at the prices that all parts were told, and lay out what the join needs of it.

    Parameters
    ----------
    known : Valued
        The customers.
    told : Broadcast
        Prices and limits.
    """
    picks = pick(known.value, known.cost, told, may_be_offered(known.refused))
    n = picks.customers
    is_open = np.zeros(n, np.bool_)
    is_open[picks.open_row] = True
    pairs = np.where(picks.open_allowed, picks.open_value, np.nan).astype(np.float32)
    columns = {
        "customer_id": known.scored.customer_id,
        "fraud_probability": pa.array(known.fraud),
        "otherwise": pa.array(settle(known.refused, known.value, np.full(n, NOBODY, np.int8))),
        NUMBER: pa.array(known.number),
        TWICE: pa.array(known.scored.twice),
        "arm": pa.array(_spread(picks.arm, picks.row, np.full(n, NOBODY, np.int8))),
        "worth_eur": pa.array(_spread(picks.worth, picks.row, np.zeros(n, np.float32))),
        "value_eur": pa.array(_spread(picks.value, picks.row, np.zeros(n, np.float32))),
        "is_open": pa.array(is_open),
    }
    for arm in range(known.value.shape[1]):
        column = _spread(pairs[:, arm], picks.open_row, np.zeros(n, np.float32))
        columns[_pair(arm)] = pa.array(column, mask=~is_open)
    return pa.table(columns)


def picked_columns(arms: int) -> list[str]:
    """Return the names of the columns that :func:`picks_of` reads."""
    return [*_PICKED, *(_pair(arm) for arm in range(arms))]


def picks_of(rows: pa.Table, cost: NDArray[np.float64]) -> Picks:
    """Read back what a part picked.

    Parameters
    ----------
    rows : pyarrow.Table
        The columns of :func:`picked_columns`.
    cost : ndarray of shape (k,)
        Cost of a contact, euro.
    """
    arm = rows["arm"].to_numpy()
    row, open_row = np.flatnonzero(arm >= 0), np.flatnonzero(rows["is_open"].to_numpy())
    opened = rows.filter(rows["is_open"])
    pairs = np.column_stack([opened[_pair(a)].to_numpy() for a in range(len(cost))]).reshape(len(open_row), len(cost))
    allowed = ~np.isnan(pairs)
    return Picks(
        customers=rows.num_rows,
        row=row,
        arm=arm[row],
        worth=rows["worth_eur"].to_numpy()[row],
        value=rows["value_eur"].to_numpy()[row],
        cost=cost[arm[row]],
        open_row=open_row,
        open_value=np.where(allowed, pairs, 0).astype(np.float32),
        open_cost=np.broadcast_to(cost, pairs.shape),
        open_allowed=allowed,
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


def _spread(values: NDArray[Any], rows: NDArray[np.int64], over: NDArray[Any]) -> NDArray[Any]:
    over[rows] = values
    return over
