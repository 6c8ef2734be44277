"""Anybody's allocation: rows of customer, offer, value and cost, checked, as the pairs that the solver reads."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.errors import BadRows, BadSchema
from jobs.science.offers.pairs import DensePairs, SparsePairs
from jobs.science.offers.problem import Bools, Floats, Ints
from jobs.science.uplift.set_aside import as_text

CUSTOMER, OFFER, VALUE, COST = "customer_id", "offer_id", "value", "cost"
NEEDED = (CUSTOMER, OFFER, VALUE, COST)
CURRENCY = "currency"
EXPIRES = "expires_on"

_EURO = {"EUR", "EURO", "EUROS", "€"}
_DENSE_OFFERS = 64
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Instance:
    """Pairs of a file, by customer.

    Parameters
    ----------
    customers : pyarrow.Array of str, length n
        Ids, in the order in which the file first names them.
    offers : tuple of str, length k
        Ids, in order of their names.
    row : ndarray of shape (m,)
        Row of the file of each pair, customer by customer, then by offer.
    customer, offer : ndarray of shape (m,)
        Place of each pair's customer in `customers` and of its offer in `offers`.
    value, cost : ndarray of shape (m,)
        Euro.
    unused : tuple of str
        Columns of the file that were not read.
    """

    customers: pa.Array
    offers: tuple[str, ...]
    row: Ints
    customer: Ints
    offer: Ints
    value: Floats
    cost: Floats
    unused: tuple[str, ...]

    @property
    def first(self) -> Ints:
        """Where each customer's pairs begin, then where the last one's end, shape (n + 1,)."""
        counts = np.bincount(self.customer, minlength=len(self.customers))
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def pairs(self, most_offers: int) -> DensePairs | SparsePairs:
        """Return the pairs as the solver reads them: dense where nearly every customer has every one of few offers.

        Parameters
        ----------
        most_offers : int
            Offers that a customer may get at most.
        """
        n, k = len(self.customers), len(self.offers)
        contacts = None if most_offers == 1 else np.full(n, most_offers)
        if k > _DENSE_OFFERS or 2 * len(self.row) < n * k:
            return SparsePairs(self.first, self.offer, self.value, self.cost, contacts)
        whole = len(self.row) == n * k
        value, cost = np.zeros((n, k), np.float32), np.zeros((n, k))
        value[self.customer, self.offer], cost[self.customer, self.offer] = self.value, self.cost
        eligible: Bools | None = None
        if not whole:
            eligible = np.zeros((n, k), np.bool_)
            eligible[self.customer, self.offer] = True
        return DensePairs(value, cost, eligible, contacts)


def take_instance(rows: pa.Table, *, file: str, today: dt.date) -> Instance:
    """Check rows and lay them out by customer.

    Parameters
    ----------
    rows : pyarrow.Table
        One row or more with ``customer_id``, ``offer_id``, ``value`` (net euro of giving the offer to the customer) and
        ``cost`` (euro of budget it takes); ``currency`` and ``expires_on`` are held to where they are there.
    file : str
        Where they are from, for messages.
    today : datetime.date
        Day on which an offer must not have expired.

    Raises
    ------
    BadSchema
        If a column is missing, or holds no numbers or days where they are needed.
    BadRows
        If an id is missing, a value is not finite, a cost is negative or not finite, a currency is not the euro, an
        offer has expired, or a customer has an offer twice.
    """
    need_columns(rows, NEEDED, file)
    ids = [_ids(rows, name, file).dictionary_encode() for name in (CUSTOMER, OFFER)]
    value = numbers(rows, VALUE, file, low=-_LARGEST, rule="finite")
    cost = numbers(rows, COST, file, low=0.0, rule="finite and 0 or more")
    _refuse_currencies(rows, file)
    _refuse_expired(rows, file, today)
    offers = pc.sort_indices(ids[1].dictionary).to_numpy()
    place = np.empty(len(offers), np.int64)
    place[offers] = np.arange(len(offers))
    customer = ids[0].indices.to_numpy().astype(np.int64)
    offer = place[ids[1].indices.to_numpy()]
    pair = customer * len(offers) + offer
    if (pair[1:] > pair[:-1]).all():
        row = np.arange(len(pair))
    else:
        row = np.argsort(pair, kind="stable")
        customer, offer, value, cost = customer[row], offer[row], value[row], cost[row]
    again = np.flatnonzero(np.diff(pair[row]) == 0)
    if again.size:
        one, two = row[again[0]], row[again[0] + 1]
        raise BadRows(
            f"{file}: customer {ids[0][int(one)].as_py()!r} has offer {ids[1][int(one)].as_py()!r} in row {one + 1} "
            f"and in row {two + 1} (rows at fault: {again.size:,}): keep one row of each pair."
        )
    return Instance(
        ids[0].dictionary,
        tuple(ids[1].dictionary.take(pa.array(offers)).to_pylist()),
        row,
        customer,
        offer,
        value,
        cost,
        tuple(c for c in rows.column_names if c not in {*NEEDED, CURRENCY, EXPIRES}),
    )


def need_columns(rows: pa.Table, names: Sequence[str], file: str) -> None:
    """Raise BadSchema on the first column that is not there."""
    for name in names:
        if name not in rows.column_names:
            near = get_close_matches(name, rows.column_names, n=1)
            hint = f" (is it {near[0]!r}?)" if near else ""
            raise BadSchema(
                f"{file} has no column {name!r}{hint}: it has {', '.join(rows.column_names[:12])}; add or rename one."
            )


def numbers(rows: pa.Table, name: str, file: str, *, low: float, rule: str, row: Ints | None = None) -> Floats:
    """Read a column of numbers, every one of them at least `low` and in float32's range.

    Parameters
    ----------
    rows : pyarrow.Table
        The rows.
    name : str
        Of the column.
    file, rule : str
        Where they are from, and what a number must be, for messages.
    low : float
        Least that is allowed.
    row : ndarray of shape (n,), optional
        Place of each row in the file, 0 for the first, where rows were taken out before.

    Raises
    ------
    BadSchema
        If it holds no numbers.
    BadRows
        If a number is missing or breaks the rule; the row is named.
    """
    column = rows[name].combine_chunks()
    if pa.types.is_boolean(column.type) or (pa.types.is_null(column.type) and len(column)):
        raise BadSchema(f"{file}, column {name!r}: holds {column.type}, must be numbers: correct the column.")
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = _numbers_of_text(column, name, file, row)
    try:
        found = np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise BadSchema(
            f"{file}, column {name!r}: holds {column.type}, must be numbers: correct the column."
        ) from error
    wrong = ~((found >= low) & (found <= _LARGEST))
    if wrong.any():
        at = int(wrong.argmax())
        said = rows[name][at].as_py()
        raise BadRows(
            f"{file}, column {name!r}, row {_place(at, row)}: is {'missing' if said is None else said}, must be {rule} "
            f"(rows at fault: {int(wrong.sum()):,}): mend or drop them."
        )
    return found


def _place(at: int, row: Ints | None) -> int:
    """Return a row's number in the file, 1 for the first."""
    return at + 1 if row is None else int(row[at]) + 1


def _numbers_of_text(column: Any, name: str, file: str, row: Ints | None) -> Any:
    """Read what text says as numbers; one word in a CSV makes a column of numbers text."""
    words = pc.utf8_trim_whitespace(column)
    plain = pc.match_substring_regex(words, r"(?i)^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)$")
    wrong = pc.and_(pc.is_valid(words), pc.invert(plain)).to_numpy(zero_copy_only=False).astype(np.bool_)
    if wrong.any():
        at = int(wrong.argmax())
        raise BadSchema(
            f"{file}, column {name!r}, row {_place(at, row)}: is {column[at].as_py()!r}, must be a number with a "
            "decimal point: correct the column."
        )
    return pc.replace_substring_regex(words, r"^\+", "").cast(pa.float64())


def _ids(rows: pa.Table, name: str, file: str) -> pa.Array:
    ids = as_text(rows[name])
    if ids.null_count:
        at = int(np.argmax(ids.is_null().to_numpy(zero_copy_only=False)))
        raise BadRows(f"{file}, column {name!r}, row {at + 1}: is missing: give the id or drop the row.")
    return ids


def _refuse_currencies(rows: pa.Table, file: str) -> None:
    if CURRENCY not in rows.column_names:
        return
    said = as_text(rows[CURRENCY])
    for name in pc.unique(said).to_pylist():
        if name is None or name.strip().upper() not in _EURO:
            at = _first_row(said, name)
            raise BadRows(
                f"{file}, column {CURRENCY!r}, row {at + 1}: is {'missing' if name is None else repr(name)}, must be "
                "EUR: convert values and costs to euro first."
            )


def _refuse_expired(rows: pa.Table, file: str, today: dt.date) -> None:
    if EXPIRES not in rows.column_names:
        return
    column = rows[EXPIRES].combine_chunks()
    try:
        day = column.cast(pa.date32(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise BadSchema(
            f"{file}, column {EXPIRES!r}: holds {column.type} that is no day like 2026-11-22: correct the column."
        ) from error
    expired = pc.less(day, pa.scalar(today, pa.date32())).fill_null(False).to_numpy(zero_copy_only=False)
    if expired.any():
        at = int(np.argmax(expired))
        raise BadRows(
            f"{file}, column {EXPIRES!r}, row {at + 1}: offer {rows[OFFER][at].as_py()!r} expired on {day[at]}, before "
            f"{today} (rows at fault: {int(expired.sum()):,}): take expired offers out."
        )


def _first_row(column: pa.Array, value: str | None) -> int:
    same: NDArray[np.bool_] = (
        (column.is_null() if value is None else pc.equal(column, value).fill_null(False))
        .to_numpy(zero_copy_only=False)
        .astype(np.bool_)
    )
    return int(same.argmax())
