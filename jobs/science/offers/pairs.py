"""What each pair of customer and arm is worth and costs: all arms (dense) or a few candidates each (sparse)."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest, BadRows
from jobs.science.offers.problem import Bools, Float32s, Ints, block_slices

_MOST_CONTACTS = 32_767


@dataclass(frozen=True)
class Block:
    """Pairs of some customers, side by side.

    Parameters
    ----------
    value : ndarray of shape (b, slots), float32
        Net euro; -inf where a slot holds no allowed pair. A copy.
    cost : ndarray of shape (b, slots)
        Euro of budget.
    arm : ndarray of shape (b, slots) or (slots,)
        Arm in each slot; one row where all customers have the same.
    contacts : ndarray of shape (b,)
        Offers that a customer may get at most.
    """

    value: Float32s
    cost: npt.NDArray[np.floating[Any]]
    arm: Ints | npt.NDArray[np.int32]
    contacts: Ints


class Pairs(Protocol):
    """What both kinds have: customers whose pairs come in blocks."""

    @property
    def customers(self) -> int:
        """How many customers."""
        ...

    def block(self, rows: slice | Ints) -> Block:
        """Return the pairs of some customers."""
        ...

    def check(self, arms: int) -> None:
        """Raise on the first value, cost or arm that cannot be, given how many arms the menu has."""
        ...


class DensePairs:
    """Every customer with every arm.

    Parameters
    ----------
    value : array-like of shape (n, arms)
        Net euro of giving arm j to customer i, all costs and losses already taken off; finite, any sign. A pair of
        value <= 0 is chosen only where a minimum needs it.
    cost : array-like of shape (n, arms) or (arms,)
        Euro of budget it takes, >= 0. One row serves all customers and takes no memory.
    eligible : array-like of bool of shape (n,) or (n, arms), or None
        Customers, or pairs, that are allowed.
    contacts_left : array-like of int of shape (n,), or None
        Offers that each customer may still get in all campaigns together, >= 0; None leaves it at one a campaign.

    Raises
    ------
    BadRequest
        If shapes do not fit, or a number of contacts is below 0.

    Examples
    --------
    >>> DensePairs([[3.0, 1.0]], cost=[1.0, 1.0], contacts_left=[1]).block(slice(0, 1)).value
    array([[3., 1.]], dtype=float32)
    """

    def __init__(
        self,
        value: npt.ArrayLike,
        cost: npt.ArrayLike,
        eligible: npt.ArrayLike | None = None,
        contacts_left: npt.ArrayLike | None = None,
    ) -> None:
        self.value: Float32s = np.asarray(value, dtype=np.float32)
        if self.value.ndim != 2 or not self.value.shape[1]:
            raise BadRequest(f"value has shape {self.value.shape}, must be (customers, arms) with 1 arm at least.")
        n, k = self.value.shape
        costs = _floating(cost)
        if costs.shape not in {(n, k), (k,)}:
            raise BadRequest(f"cost has shape {costs.shape}, must be {(n, k)} or {(k,)}.")
        self.cost = np.broadcast_to(costs, (n, k))
        self.eligible: Bools | None = None if eligible is None else np.asarray(eligible, dtype=np.bool_)
        if self.eligible is not None and self.eligible.shape not in {(n,), (n, k)}:
            raise BadRequest(f"eligible has shape {self.eligible.shape}, must be {(n,)} or {(n, k)}.")
        self.contacts_left = _contacts(contacts_left, n)
        self._arm = np.arange(k)

    @property
    def customers(self) -> int:
        """How many customers."""
        return len(self.value)

    def block(self, rows: slice | Ints) -> Block:
        """Return the pairs of some customers; slot and arm are the same."""
        value = np.array(self.value[rows], dtype=np.float32)
        if self.eligible is not None:
            value[~self.eligible[rows]] = -np.inf
        return Block(value, self.cost[rows], self._arm, _contacts_of(self.contacts_left, rows, len(value)))

    def check(self, arms: int) -> None:
        """Raise BadRows on a value that is not finite or a cost that is none, BadRequest on another number of arms."""
        if self.value.shape[1] != arms:
            raise BadRequest(f"value has shape {self.value.shape}, must have the menu's {arms} arms.")
        for rows in block_slices(self.customers):
            for name, wrong, block in _wrong(self.value[rows], self.cost[rows]):
                i, j = np.argwhere(wrong)[0]
                raise BadRows(_sentence(name, rows.start + int(i), int(j), float(block[i, j])))


class SparsePairs:
    """Every customer with a few candidates out of many arms.

    Parameters
    ----------
    first : array-like of int of shape (n + 1,)
        Where each customer's candidates begin, then where the last one's end.
    arm : array-like of int of shape (m,)
        Arm of each candidate; no arm twice for a customer.
    value : array-like of shape (m,)
        As for `DensePairs`.
    cost : array-like of shape (m,)
        Euro of budget it takes, >= 0.
    contacts_left : array-like of int of shape (n,), or None
        As for `DensePairs`.

    Raises
    ------
    BadRequest
        If shapes do not fit, offsets fall, or a number of contacts is below 0.

    Examples
    --------
    >>> pairs = SparsePairs([0, 2, 3], arm=[7, 1, 7], value=[3.0, 1.0, 2.0], cost=[1.0, 1.0, 1.0])
    >>> pairs.block(slice(0, 2)).value.tolist()
    [[3.0, 1.0], [2.0, -inf]]
    """

    def __init__(
        self,
        first: npt.ArrayLike,
        arm: npt.ArrayLike,
        value: npt.ArrayLike,
        cost: npt.ArrayLike,
        contacts_left: npt.ArrayLike | None = None,
    ) -> None:
        self.first: Ints = np.asarray(first, dtype=np.int64)
        self.arm: npt.NDArray[np.int32] = np.asarray(arm, dtype=np.int32)
        self.value: Float32s = np.asarray(value, dtype=np.float32)
        self.cost = _floating(cost)
        if self.first.ndim != 1 or not len(self.first) or self.first[0] != 0 or (np.diff(self.first) < 0).any():
            raise BadRequest("first must begin with 0 and never fall: one offset a customer, then the end.")
        m = int(self.first[-1])
        for name, array in (("arm", self.arm), ("value", self.value), ("cost", self.cost)):
            if array.shape != (m,):
                raise BadRequest(f"{name} has shape {array.shape}, must be {(m,)}: one entry a candidate.")
        self.contacts_left = _contacts(contacts_left, len(self.first) - 1)
        widths = np.diff(self.first)
        self.slots = max(int(widths.max(initial=0)), 1)
        self._even = len(widths) > 0 and bool((widths == self.slots).all())

    @property
    def customers(self) -> int:
        """How many customers."""
        return len(self.first) - 1

    def block(self, rows: slice | Ints) -> Block:
        """Return the pairs of some customers, in as many slots as the customer with most candidates has."""
        begin, end = self.first[:-1][rows], self.first[1:][rows]
        contacts = _contacts_of(self.contacts_left, rows, len(begin))
        if self._even:
            table = (-1, self.slots)
            value = np.array(self.value.reshape(table)[rows], dtype=np.float32)
            return Block(value, self.cost.reshape(table)[rows], self.arm.reshape(table)[rows], contacts)
        at = begin[:, None] + np.arange(self.slots)
        real = at < end[:, None]
        if not len(self.value):
            shape = at.shape
            return Block(np.full(shape, -np.inf, np.float32), np.zeros(shape), np.zeros(shape, np.int32), contacts)
        at = np.where(real, at, 0)
        masked = np.where(real, self.value[at], np.float32(-np.inf))
        return Block(masked, np.where(real, self.cost[at], 0), np.where(real, self.arm[at], 0), contacts)

    def check(self, arms: int) -> None:
        """Raise BadRows on a value, cost or arm that cannot be, or an arm that a customer has twice."""
        for rows in block_slices(len(self.value)):
            strange = (self.arm[rows] < 0) | (self.arm[rows] >= arms)
            if strange.any():
                at = rows.start + int(strange.argmax())
                raise BadRows(f"candidate {at} names arm {self.arm[at]}, must be one of 0 to {arms - 1}.")
            for name, wrong, block in _wrong(self.value[rows], self.cost[rows]):
                at = rows.start + int(wrong.argmax())
                customer = int(np.searchsorted(self.first, at, side="right")) - 1
                raise BadRows(_sentence(name, customer, int(self.arm[at]), float(block[at - rows.start])))
        for rows in block_slices(self.customers):
            pairs = self.block(rows)
            # an empty slot gets a number of its own, below every arm
            named = np.where(pairs.value > -np.inf, pairs.arm, -1 - np.arange(pairs.value.shape[1]))
            named.sort(axis=1)
            twice = (named[:, 1:] == named[:, :-1]).any(axis=1)
            if twice.any():
                i = int(twice.argmax())
                again = int(named[i, 1:][named[i, 1:] == named[i, :-1]][0])
                raise BadRows(f"customer {rows.start + i} has arm {again} twice: keep one row of the two.")


def _floating(cost: npt.ArrayLike) -> npt.NDArray[np.floating[Any]]:
    costs = np.asarray(cost)
    return costs if costs.dtype in {np.dtype(np.float32), np.dtype(np.float64)} else costs.astype(np.float64)


def _contacts(contacts_left: npt.ArrayLike | None, n: int) -> npt.NDArray[np.int16] | None:
    if contacts_left is None:
        return None
    contacts = np.asarray(contacts_left)
    if contacts.shape != (n,):
        raise BadRequest(f"contacts_left has shape {contacts.shape}, must be {(n,)}.")
    if n and contacts.min() < 0:
        i = int(contacts.argmin())
        raise BadRequest(f"contacts_left of customer {i} == {contacts[i]}, must be >= 0.")
    few: npt.NDArray[np.int16] = np.minimum(contacts, _MOST_CONTACTS).astype(np.int16)
    return few


def _contacts_of(contacts: npt.NDArray[np.int16] | None, rows: slice | Ints, n: int) -> Ints:
    return np.full(n, _MOST_CONTACTS, np.int64) if contacts is None else contacts[rows].astype(np.int64)


def _wrong(
    value: Float32s, cost: npt.NDArray[np.floating[Any]]
) -> list[tuple[str, Bools, npt.NDArray[np.floating[Any]]]]:
    """Return what breaks its rule: name, where, and the array."""
    found: list[tuple[str, Bools, npt.NDArray[np.floating[Any]]]] = [
        ("value", ~np.isfinite(value), value),
        ("cost", ~(np.isfinite(cost) & (cost >= 0)), cost),
    ]
    return [entry for entry in found if entry[1].any()]


def _sentence(name: str, customer: int, arm: int, found: float) -> str:
    rule = "finite" if name == "value" else "finite and >= 0"
    return f"{name} of customer {customer}, arm {arm} == {found}, must be {rule}: mend or drop the row."
