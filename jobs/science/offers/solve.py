"""A night's campaigns together: who gets which offers, with proof of how good the answer is."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRequest
from jobs.science.offers.answer import Answer, scarcities
from jobs.science.offers.core import improve, nearest, shortest
from jobs.science.offers.menu import Menu
from jobs.science.offers.minimums import meet_minimums
from jobs.science.offers.night import Night, ask
from jobs.science.offers.night_dual import NightPrices, cool, price_night
from jobs.science.offers.night_greedy import greedy_offers
from jobs.science.offers.night_rounding import (
    Slots,
    fill,
    offers_of,
    pick_best,
    pick_by_chance,
    room_of,
    take_back,
)
from jobs.science.offers.pairs import Pairs
from jobs.science.offers.plain import answer_plain
from jobs.science.offers.problem import Floats

MOST_EXACT = 2_000
"""Customers beyond whom a whole number programme of all of them is hopeless."""

_GOOD_GAP = 1e-4
_COOL_GAP = 2e-4
_MOST_COOLINGS = 4
_COOLING_GAIN = 1e-6
_FEW_CUSTOMERS = 300
"""Beside so few nearly everybody is chosen exactly, and the gap is the bound's."""
_CORES = (300, 600)
"""Customers of each core."""
_CORE_NODES = 50
"""Branches that HiGHS may take for a core; a second, as a rule."""
_LONGEST_S = 60.0
"""Beyond this HiGHS is stopped by the clock."""
_GREEDY_PAIRS = 50_000


def solve(menu: Menu, pairs: Pairs, *, seed: int = 0, exact_s: float = 0.0) -> Answer:
    """Choose offers for all customers so that their total value is as large as the night's resources allow.

    Prices of the resources come from the smoothed Lagrangian dual; every customer then gets the best offers that his
    contacts allow, what does not fit is taken back, minimums that lack customers reserve and swap some, what is left is
    given out, and the few customers for whom prices decide by little are chosen exactly. No limit is ever broken.

    Parameters
    ----------
    menu : Menu
        Arms, their campaigns, and what is scarce.
    pairs : DensePairs or SparsePairs
        Values, costs, who may get what, and how many contacts each has left.
    seed : int
        Seed of the sample and of the lot among equals, >= 0.
    exact_s : float
        Seconds that HiGHS may take for the whole problem, of at most 2,000 customers; 0 leaves it out.

    Returns
    -------
    Answer

    Raises
    ------
    BadRows
        If a value is not finite, a cost is negative or not finite, or a candidate is given twice.
    BadRequest
        If the pairs are not of this menu, or a minimum cannot be met: named, with how many it lacks.

    Examples
    --------
    >>> from jobs.science.offers.menu import Resource
    >>> from jobs.science.offers.pairs import DensePairs
    >>> menu = Menu(("coffee", "tea"), (0, 0), (Resource("budget", "eur", (0, 1), most=2.0),))
    >>> answer = solve(menu, DensePairs([[3.0, 2.0], [9.0, 1.0], [1.0, 2.5]], cost=[1.0, 1.0]))
    >>> answer.arm.tolist(), answer.value_eur
    ([[0], [0], [-1]], 12.0)
    """
    plain = answer_plain(menu, pairs, seed)
    return solve_night(ask(menu, pairs), seed=seed, exact_s=exact_s) if plain is None else plain


def solve_night(night: Night, *, seed: int = 0, exact_s: float = 0.0) -> Answer:
    """Do the same for a night that has been checked."""
    prices = price_night(night, seed)
    slot = _meet(night, prices.price_eur, _round_both(night, prices, seed), seed)
    slot = _exchange(night, prices, slot, seed)
    method: Literal["dual", "greedy", "exact"] = "dual"
    for _ in range(_MOST_COOLINGS):
        if night.customers <= _FEW_CUSTOMERS or prices.temperature_eur == 0 or _gap(night, prices, slot) <= _COOL_GAP:
            break
        before, prices = prices.bound_eur, cool(night, prices)
        slot = _better(night, slot, _round_both(night, prices, seed))
        if prices.bound_eur > before - _COOLING_GAIN * abs(before):
            break
        slot = _exchange(night, prices, slot, seed)
    if night.customers * len(night.campaign) <= _GREEDY_PAIRS and _gap(night, prices, slot) > 0:
        rival = greedy_offers(night)
        if _better(night, slot, rival) is rival:
            slot, method = _exchange(night, prices, rival, seed), "greedy"
    if exact_s > 0 and night.customers <= MOST_EXACT:
        everyone = np.arange(night.customers)
        exact = improve(night, prices.price_eur, slot, everyone, time_limit_s=exact_s)
        if exact is not slot:
            slot, method = exact, "exact"
    moved = (slot != pick_best(night, prices.price_eur)).any(axis=1)
    return _answer(night, prices, slot, moved, method)


def _round_both(night: Night, prices: NightPrices, seed: int) -> Slots:
    """Round each customer's best choice, and where that leaves a gap a draw from the smoothed policy too."""
    slot = _round(night, prices, pick_best(night, prices.price_eur), seed)
    if prices.temperature_eur == 0 or _gap(night, prices, slot) <= _GOOD_GAP:
        return slot
    drawn = pick_by_chance(night, prices.price_eur, prices.temperature_eur, seed)
    return _better(night, slot, _round(night, prices, drawn, seed))


def _round(night: Night, prices: NightPrices, slot: Slots, seed: int) -> Slots:
    """Make choices fit, meet minimums as far as it goes, and use what is left."""
    kept = take_back(night, prices.price_eur, slot, seed)
    met, _ = meet_minimums(night, prices.price_eur, kept)
    return fill(night, prices.price_eur, met, seed)


def _meet(night: Night, price_eur: Floats, slot: Slots, seed: int) -> Slots:
    """Return choices that meet every minimum, or raise with what cannot be met."""
    short = _short(night, slot)
    if not short.any():
        return slot
    slot, short = shortest(night, slot, nearest(night, price_eur, slot, MOST_EXACT, seed), time_limit_s=_LONGEST_S)
    if not short.any():
        return fill(night, price_eur, slot, seed)
    number = int(short.argmax())
    raise BadRequest(
        f"{night.menu.resources[number].name} must go to at least {night.menu.least[number]:g} customers, which "
        f"cannot be met together with the other limits: lower the minimum by {short[number]:g} or widen the others."
    )


def _exchange(night: Night, prices: NightPrices, slot: Slots, seed: int) -> Slots:
    """Choose exactly for small and larger cores while there is something to gain."""
    for number, customers in enumerate(_CORES):
        if _gap(night, prices, slot) <= _GOOD_GAP:
            break
        core = nearest(night, prices.price_eur, slot, customers, seed + number)
        slot = improve(night, prices.price_eur, slot, core, time_limit_s=_LONGEST_S, most_nodes=_CORE_NODES)
        if len(core) == night.customers:
            break
    return slot


def _better(night: Night, one: Slots, two: Slots) -> Slots:
    """Return the one that lacks less of the minimums, then the one of more value."""
    ranks = [(-_short(night, slot).sum(), _value(night, slot)) for slot in (one, two)]
    return two if ranks[1] > ranks[0] else one


def _short(night: Night, slot: Slots) -> Floats:
    offers = offers_of(night, slot)
    return np.asarray(np.maximum(night.menu.least - night.use(offers.arm, offers.cost), 0.0), np.float64)


def _value(night: Night, slot: Slots) -> float:
    return float(offers_of(night, slot).value.sum(dtype=np.float64))


def _gap(night: Night, prices: NightPrices, slot: Slots) -> float:
    """Part of the bound that the choices may miss, in [0, 1]."""
    bound, value = prices.bound_eur, _value(night, slot)
    if bound - value <= 1e-9 * abs(bound):
        return 0.0
    return float(min(1.0, (bound - value) / abs(bound))) if bound else 1.0


def _answer(
    night: Night,
    prices: NightPrices,
    slot: Slots,
    moved: npt.NDArray[np.bool_],
    method: Literal["dual", "greedy", "exact"],
) -> Answer:
    """Count everything again, and put it together."""
    offers = offers_of(night, slot)
    used = night.use(offers.arm, offers.cost)
    arm = np.full(slot.shape, -1, np.int16)
    arm[offers.row, offers.campaign] = offers.arm
    within_contacts = all(
        ((slot[rows] >= 0).sum(axis=1) <= night.pairs.block(rows).contacts).all() for rows in night.blocks()
    )
    return Answer(
        arm=arm,
        value_eur=float(offers.value.sum(dtype=np.float64)),
        dual_bound_eur=prices.bound_eur,
        gap=_gap(night, prices, slot),
        resources=scarcities(night.menu, used, prices.price_eur),
        moved=moved,
        temperature_eur=prices.temperature_eur,
        method=method,
        passes=prices.passes,
        feasible=bool((room_of(night, offers) >= 0).all() and (used >= night.menu.least).all() and within_contacts),
    )
