"""One night's question to the allocator, checked: what each pair is worth, what it costs, and what is scarce."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest, BadRows

Float32s: TypeAlias = npt.NDArray[np.float32]
Floats: TypeAlias = npt.NDArray[np.float64]
Arms: TypeAlias = npt.NDArray[np.int8]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

NOBODY = -1
"""The arm of a customer who gets nothing."""

_BLOCK_ROWS = 1 << 15
MOST_ARMS = 127
"""Arms that fit the type of a choice."""


@dataclass(frozen=True)
class Problem:
    """Values, costs and limits that have been checked.

    Parameters
    ----------
    value : ndarray of shape (n, k), float32
        Net euro of giving arm j to customer i.
    cost : ndarray of shape (n, k)
        Euro of budget it takes, >= 0.
    eligible : ndarray of shape (n,) or (n, k), or None
        Pairs that are allowed; None allows all.
    limits : ndarray of shape (1 + k,)
        Budget (euro), then the cap of every arm (customers).
    binding : ndarray of shape (1 + k,)
        Limits that could be reached at all; the others have price 0.
    closed : ndarray of shape (k,)
        Arms with cap 0.
    gains : int
        Customers with at least one allowed pair of positive value.
    scale_eur : float
        Mean best value of those customers: the unit of smoothing and of cap prices.
    scale_cost : float
        Mean dearest cost of those customers, euro of budget: with `scale_eur`, the unit of the budget's price.
    """

    value: Float32s
    cost: npt.NDArray[np.floating[Any]]
    eligible: Bools | None
    limits: Floats
    binding: Bools
    closed: Bools
    gains: int
    scale_eur: float
    scale_cost: float

    @property
    def budget_eur(self) -> float:
        """Budget, euro; infinity is none."""
        return float(self.limits[0])

    @property
    def caps(self) -> Floats:
        """Most customers an arm may go to, shape (k,)."""
        return self.limits[1:]

    def value_of(self, rows: slice | Ints) -> Float32s:
        """Return the values of some customers, a copy, with -inf where a pair is not allowed."""
        value = np.array(self.value[rows], dtype=np.float32)
        _forbid(value, self.cost[rows], None if self.eligible is None else self.eligible[rows], self.budget_eur)
        if self.closed.any():
            value[:, self.closed] = -np.inf
        return value

    def blocks(self) -> Iterator[slice]:
        """Yield the rows in blocks that fit a processor's cache."""
        return block_slices(len(self.value))

    def value_of_choice(self, arm: Arms) -> float:
        """Return the total value of a choice, euro."""
        row = np.flatnonzero(arm >= 0)
        return float(self.value[row, arm[row]].sum(dtype=np.float64))

    def spend_of_choice(self, arm: Arms) -> float:
        """Return the budget a choice takes, euro."""
        row = np.flatnonzero(arm >= 0)
        return float(self.cost[row, arm[row]].sum(dtype=np.float64))

    def counts_of_choice(self, arm: Arms) -> Ints:
        """Return how many customers get each arm, shape (k,)."""
        return np.bincount(arm[arm >= 0], minlength=self.value.shape[1]).astype(np.int64)


def block_slices(n: int) -> Iterator[slice]:
    """Yield slices that cover `n` rows in blocks."""
    for first in range(0, n, _BLOCK_ROWS):
        yield slice(first, min(first + _BLOCK_ROWS, n))


def state(
    value: npt.ArrayLike,
    cost: npt.ArrayLike,
    budget_eur: float,
    caps: npt.ArrayLike | None = None,
    eligible: npt.ArrayLike | None = None,
) -> Problem:
    """Check values, costs and limits, and find out which limits matter.

    Parameters
    ----------
    value : array-like of shape (n, k)
        Net euro of giving arm j to customer i; any sign, finite.
    cost : array-like of shape (n, k) or (k,)
        Euro of budget it takes, >= 0, finite. One row of k serves all customers and takes no memory.
    budget_eur : float
        Most euro that may be spent, >= 0; infinity is no limit.
    caps : array-like of shape (k,), or None
        Most customers an arm may go to, >= 0; None is no limit.
    eligible : array-like of bool of shape (n,) or (n, k), or None
        Customers, or pairs, that are allowed.

    Raises
    ------
    BadRows
        If a value is not finite, or a cost is negative or not finite.
    BadRequest
        If a limit is negative or not a number, or shapes do not fit.
    """
    values = np.asarray(value, dtype=np.float32)
    if values.ndim != 2 or not 1 <= values.shape[1] <= MOST_ARMS:
        raise BadRequest(f"value has shape {values.shape}, must be (customers, arms) with 1 to {MOST_ARMS} arms.")
    n, k = values.shape
    costs = np.asarray(cost)
    costs = costs if costs.dtype in {np.dtype(np.float32), np.dtype(np.float64)} else costs.astype(np.float64)
    if costs.shape not in {(n, k), (k,)}:
        raise BadRequest(f"cost has shape {costs.shape}, must be {(n, k)} or {(k,)}.")
    costs = np.broadcast_to(costs, (n, k))
    if not budget_eur >= 0:
        raise BadRequest(f"budget_eur == {budget_eur}, must be >= 0; infinity is no limit.")
    most = np.full(k, float(n)) if caps is None else np.asarray(caps, dtype=np.float64)
    if most.shape != (k,):
        raise BadRequest(f"caps has shape {most.shape}, must be one cap for each of {k} arms.")
    if not (most >= 0).all():
        raise BadRequest(f"caps[{int((~(most >= 0)).argmax())}] == {most[~(most >= 0)][0]}, must be >= 0.")
    allowed = None if eligible is None else np.asarray(eligible, dtype=np.bool_)
    if allowed is not None and allowed.shape not in {(n,), (n, k)}:
        raise BadRequest(f"eligible has shape {allowed.shape}, must be {(n,)} or {(n, k)}.")

    dearest, wanted, gains, best_sum = 0.0, np.zeros(k), 0, 0.0
    for rows in block_slices(n):
        block, price = np.array(values[rows]), costs[rows]
        _refuse(block, price, rows.start)
        _forbid(block, price, None if allowed is None else allowed[rows], budget_eur)
        block[:, most < 1] = -np.inf
        useful = block > 0
        dearest += float(np.where(useful, price, 0.0).max(axis=1).sum(dtype=np.float64))
        wanted += useful.sum(axis=0)
        best = block.max(axis=1)
        gains += int((best > 0).sum())
        best_sum += float(best[best > 0].sum(dtype=np.float64))
    limits = np.concatenate([[float(budget_eur)], np.floor(most)])
    reach = np.concatenate([[dearest], wanted])
    return Problem(
        value=values,
        cost=costs,
        eligible=allowed,
        limits=limits,
        binding=(reach > limits) & (limits > 0),
        closed=np.asarray(most < 1),
        gains=gains,
        scale_eur=best_sum / gains if gains else 1.0,
        scale_cost=dearest / gains if dearest > 0 else 1.0,
    )


def _refuse(value: Float32s, cost: npt.NDArray[np.floating[Any]], first: int) -> None:
    """Raise on the first pair whose value or cost cannot be."""
    for name, wrong, block, rule in (
        ("value", ~np.isfinite(value), value, "finite"),
        ("cost", ~(np.isfinite(cost) & (cost >= 0)), cost, "finite and >= 0"),
    ):
        if wrong.any():
            i, j = np.argwhere(wrong)[0]
            raise BadRows(
                f"{name} of customer {first + i}, arm {j} == {block[i, j]}, must be {rule}: mend or drop the row."
            )


def _forbid(value: Float32s, cost: npt.NDArray[np.floating[Any]], allowed: Bools | None, budget_eur: float) -> None:
    """Set to -inf, in place, the pairs that may not be chosen; one that alone is over the budget is none."""
    if allowed is not None:
        value[~allowed] = -np.inf
    if np.isfinite(budget_eur):
        dear = cost > budget_eur
        if dear.any():
            value[dear] = -np.inf
