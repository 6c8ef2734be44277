"""The last cents of a night: the few customers for whom prices decide by little, chosen exactly by HiGHS.

With right prices nearly everybody is where he belongs; a whole number programme over those near indifference, under
what all others leave of every resource, finds exchanges of any length. With few customers it is the whole problem.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jobs.science.offers.night import Night, surplus_of
from jobs.science.offers.night_rounding import Slots, indifference, offers_of
from jobs.science.offers.problem import Bools, Floats, Ints

_NEAR = 1e-5
"""HiGHS stops when it is this near the optimum of the customers looked at."""
_ALIKE: dict[str, bool | int | float | str] = {"threads": 1, "random_seed": 0}
"""The same question has the same answer."""

if TYPE_CHECKING:
    import highspy
    from scipy import sparse

_JITTER = 1e-4
"""In mean values: how much chance decides which of many customers alike are looked at."""
_MARGIN = 1.0
"""In mean values: pairs that lose more than this against the customer's best are not looked at, beside large cores."""
_SLACK = 1e-7
"""Part of a limit that HiGHS may not use: its own tolerance must not break a budget."""


@dataclass(frozen=True)
class Programme:
    """A linear programme over pairs of some customers: maximise value within limits.

    Parameters
    ----------
    row, slot : ndarray of shape (m,)
        Place of the customer among those looked at, and slot, of each variable.
    value : ndarray of shape (m,)
        Net euro.
    matrix : sparse matrix of shape (limits, m)
        Use of limits: resources first, then campaigns of customers, then their contacts.
    lower, upper : ndarray of shape (limits,)
        Limits.
    most : ndarray of shape (m,)
        Largest value of each variable.
    """

    row: Ints
    slot: Ints
    value: Floats
    matrix: "sparse.csc_matrix"
    lower: Floats
    upper: Floats
    most: Floats

    def run(
        self, *, whole: bool, options: dict[str, bool | int | float | str], start: Floats | None = None
    ) -> "highspy.Highs":
        """Hand the programme to HiGHS and run it; `start` is a whole solution to begin with."""
        # A night of millions that needs no core keeps the memory that these would take.
        import highspy  # noqa: PLC0415

        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)
        for name, setting in options.items():
            solver.setOptionValue(name, setting)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.value), len(self.upper)
        model.sense_ = highspy.ObjSense.kMaximize
        model.col_cost_ = self.value
        model.col_lower_, model.col_upper_ = np.zeros(len(self.value)), self.most
        model.row_lower_, model.row_upper_ = self.lower, self.upper
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = self.matrix.indptr.astype(np.int32)
        model.a_matrix_.index_ = self.matrix.indices.astype(np.int32)
        model.a_matrix_.value_ = self.matrix.data
        if whole:
            model.integrality_ = [highspy.HighsVarType.kInteger] * len(self.value)
        solver.passModel(model)
        if start is not None:
            solution = highspy.HighsSolution()
            solution.col_value = start.tolist()
            solver.setSolution(solution)
        solver.run()
        return solver


def programme_of(night: Night, rows: Ints, most: Floats, least: Floats, keep: Bools | None = None) -> Programme:
    """Build the programme of some customers.

    Parameters
    ----------
    night : Night
        Checked question.
    rows : ndarray of shape (b,)
        Customers.
    most, least : ndarray of shape (resources,)
        What they may and must use together.
    keep : ndarray of bool of shape (b, slots), or None
        Pairs to look at; None looks at all that are allowed.
    """
    from scipy import sparse  # noqa: PLC0415

    block = night.block(rows)
    allowed = block.value > -np.inf
    if keep is not None:
        allowed &= keep
    row, slot = np.nonzero(allowed)
    arm = block.arm[slot] if block.arm.ndim == 1 else block.arm[row, slot]
    value = block.value[row, slot].astype(np.float64)
    cost = block.cost[row, slot].astype(np.float64)
    variable = np.arange(len(row))
    campaigns = night.menu.campaigns
    entries = []
    for in_eur, family in zip(night.menu.family_in_eur, night.menu.families, strict=True):
        drawn = family[arm] >= 0
        amount = cost if in_eur else np.ones(len(row))
        entries.append((family[arm][drawn], variable[drawn], amount[drawn]))
    resources = len(night.menu.resources)
    entries.append((resources + row * campaigns + night.campaign[arm], variable, np.ones(len(row))))
    upper = [most, np.ones(len(rows) * campaigns)]
    short = block.contacts < campaigns
    if short.any():
        place = resources + len(rows) * campaigns + np.cumsum(short) - 1
        bound = short[row]
        entries.append((place[row[bound]], variable[bound], np.ones(int(bound.sum()))))
        upper.append(block.contacts[short].astype(np.float64))
    limits = np.concatenate(upper)
    at, column, amount = (np.concatenate(part) for part in zip(*entries, strict=True))
    matrix = sparse.csc_matrix((amount, (at, column)), shape=(len(limits), len(row)))
    lower = np.full(len(limits), -np.inf)
    lower[:resources] = np.where(least > 0, least, -np.inf)
    return Programme(row, slot, value, matrix, lower, limits, np.ones(len(row)))


def improve(
    night: Night, price_eur: Floats, slot: Slots, rows: Ints, *, time_limit_s: float, most_nodes: int | None = None
) -> Slots:
    """Choose anew, exactly, for some customers; the others stay.

    Parameters
    ----------
    night : Night
        Checked question.
    price_eur : ndarray of shape (resources,)
        Price of each resource: pairs far below a customer's best are left out.
    slot : ndarray of shape (n, campaigns)
        Choices within every limit.
    rows : ndarray of shape (b,)
        Customers to choose for.
    time_limit_s : float
        HiGHS stops here with the best it has.
    most_nodes : int or None
        HiGHS stops after so many branches: unlike the clock, the same on a busy machine.

    Returns
    -------
    ndarray of shape (n, campaigns)
        Choices within every limit, worth at least as much.
    """
    offers = offers_of(night, slot)
    inside = np.isin(offers.row, rows)
    others = night.use(offers.arm[~inside], offers.cost[~inside])
    room = np.where(night.menu.in_eur, (night.menu.most - others) * (1 - _SLACK), night.menu.most - others)
    mine = slot[rows]
    block = night.block(rows)
    keep = _worth_a_look(night, price_eur, rows, mine) if len(rows) * block.value.shape[1] > 2_000 else None
    programme = programme_of(night, rows, np.maximum(room, 0.0), night.menu.least - others, keep)
    if not len(programme.value):
        return slot
    start = np.zeros(len(programme.value))
    of_variable = _campaign_of(night, block.arm, programme)
    start[mine[programme.row, of_variable] == programme.slot] = 1.0
    solver = programme.run(
        whole=True,
        options={
            **_ALIKE,
            "time_limit": time_limit_s,
            "mip_rel_gap": _NEAR,
            **({} if most_nodes is None else {"mip_max_nodes": most_nodes}),
        },
        start=start,
    )
    taken = np.asarray(solver.getSolution().col_value) > 0.5
    if taken.shape != start.shape or programme.value @ taken <= programme.value @ start:
        return slot
    better = slot.copy()
    better[rows] = -1
    better[rows[programme.row[taken]], of_variable[taken]] = programme.slot[taken]
    return better


def shortest(night: Night, slot: Slots, rows: Ints, *, time_limit_s: float) -> tuple[Slots, Floats]:
    """Choose for some customers so that minimums lack as little as can be, whatever it is worth; the others stay.

    Parameters
    ----------
    night, slot, rows, time_limit_s
        As for `improve`; `slot` may be below minimums.

    Returns
    -------
    slot : ndarray of shape (n, campaigns)
        Choices that are nowhere above a limit.
    short : ndarray of shape (resources,)
        Customers that each minimum still lacks.
    """
    from scipy import sparse  # noqa: PLC0415

    offers = offers_of(night, slot)
    inside = np.isin(offers.row, rows)
    others = night.use(offers.arm[~inside], offers.cost[~inside])
    room = np.where(night.menu.in_eur, (night.menu.most - others) * (1 - _SLACK), night.menu.most - others)
    programme = programme_of(night, rows, np.maximum(room, 0.0), night.menu.least - others)
    low = np.flatnonzero(programme.lower > 0)
    lacking = sparse.csc_matrix((np.ones(len(low)), (low, np.arange(len(low)))), (len(programme.lower), len(low)))
    elastic = Programme(
        row=programme.row,
        slot=programme.slot,
        # a tiny part of the value, so that of equal shortages the better one is found
        value=np.concatenate([1e-6 * programme.value / max(np.abs(programme.value).sum(), 1e-12), -np.ones(len(low))]),
        matrix=sparse.hstack([programme.matrix, lacking], format="csc"),
        lower=programme.lower,
        upper=programme.upper,
        most=np.concatenate([programme.most, programme.lower[low]]),
    )
    solver = elastic.run(whole=True, options={**_ALIKE, "time_limit": time_limit_s})
    found = np.asarray(solver.getSolution().col_value)
    if len(found) != len(elastic.value):
        used = night.use(offers.arm, offers.cost)
        return slot, np.maximum(night.menu.least - used, 0.0)
    taken = found[: len(programme.value)] > 0.5
    chosen = slot.copy()
    chosen[rows] = -1
    of_variable = _campaign_of(night, night.block(rows).arm, programme)
    chosen[rows[programme.row[taken]], of_variable[taken]] = programme.slot[taken]
    after = offers_of(night, chosen)
    return chosen, np.maximum(night.menu.least - night.use(after.arm, after.cost), 0.0)


def nearest(night: Night, price_eur: Floats, slot: Slots, most: int, seed: int) -> Ints:
    """Return the customers whose best other choice loses least at these prices, with and without an offer alike."""
    if night.customers <= most:
        return np.arange(night.customers)
    prices = night.prices_of_arms(price_eur)
    loss = np.empty(night.customers, np.float32)
    for rows in night.blocks():
        block = night.block(rows)
        surplus = surplus_of(block, prices)
        loss[rows] = indifference(night, block, surplus, slot[rows])
    r = np.random.default_rng(seed)
    loss += np.float32(_JITTER * night.scale_eur) * r.random(len(loss), dtype=np.float32)
    served = (slot >= 0).any(axis=1)
    near = []
    for side in (served, ~served):
        mine = np.flatnonzero(side & (loss < np.inf))
        count = min(most // 2, len(mine))
        if count:
            near.append(mine[np.argpartition(loss[mine], count - 1)[:count]])
    return np.sort(np.concatenate(near)) if near else np.empty(0, np.int64)


def _worth_a_look(night: Night, price_eur: Floats, rows: Ints, mine: Slots) -> Bools:
    block = night.block(rows)
    surplus = surplus_of(block, night.prices_of_arms(price_eur))
    keep = surplus > -_MARGIN * night.scale_eur
    for g in range(mine.shape[1]):
        has = np.flatnonzero(mine[:, g] >= 0)
        keep[has, mine[has, g]] = True
    return keep


def _campaign_of(night: Night, arm: npt.NDArray[np.integer[Any]], programme: Programme) -> Ints:
    of_variable = arm[programme.slot] if arm.ndim == 1 else arm[programme.row, programme.slot]
    return np.asarray(night.campaign[of_variable], np.int64)
