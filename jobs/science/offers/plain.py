"""The plain night, one campaign under one budget and caps: the same answer by the quicker code made for it.

It is the commonest night and the largest: at 1,000,000 customers with 10 arms this took 2.0 CPU seconds and 94 MB
beside the data where the general way took 3.1 and 133, with equal gaps. At 100,000 the two take nearly the same.
"""

import numpy as np

from jobs.science.offers.allocate import Allocation, allocate
from jobs.science.offers.answer import Answer, scarcities
from jobs.science.offers.menu import Menu
from jobs.science.offers.pairs import DensePairs, Pairs
from jobs.science.offers.problem import MOST_ARMS, Bools, Floats
from jobs.science.offers.rounding import BUDGET_ROUNDING

LEAST_CUSTOMERS = 5_000
"""Below this all is quick, and the general code chooses more of them exactly."""


def is_plain(menu: Menu, pairs: Pairs) -> bool:
    """Whether a night is large and plain: dense, one campaign, no minimum, one budget of all arms, caps of single arms.

    Parameters
    ----------
    menu : Menu
        Arms and resources.
    pairs : DensePairs or SparsePairs
        Values and costs.
    """
    arms = len(menu.arms)
    if not isinstance(pairs, DensePairs) or pairs.customers <= LEAST_CUSTOMERS or arms > MOST_ARMS:
        return False
    if menu.campaigns > 1 or (menu.least > 0).any() or int(menu.in_eur.sum()) > 1:
        return False
    return all(len(set(r.arms)) == (arms if r.unit == "eur" else 1) for r in menu.resources)


def answer_plain(menu: Menu, pairs: Pairs, seed: int) -> Answer | None:
    """Answer a night if it is plain; else return None.

    Parameters
    ----------
    menu, pairs
        As for `is_plain`.
    seed : int
        Seed of the sample and of the lot among equals, >= 0.
    """
    if not is_plain(menu, pairs) or not isinstance(pairs, DensePairs):
        return None
    pairs.check(len(menu.arms))
    caps, cap = np.full(len(menu.arms), float(pairs.customers)), {}
    for number in np.flatnonzero(~menu.in_eur).tolist():
        [arm] = set(menu.resources[number].arms)
        if menu.most[number] < caps[arm]:
            caps[arm], cap[arm] = menu.most[number], number
    budget_eur = float(menu.most[menu.in_eur].min(initial=np.inf))
    found = allocate(pairs.value, pairs.cost, budget_eur, caps, _eligible(pairs), seed=seed)
    price = np.where(menu.in_eur, found.budget_price, 0.0)
    for arm, number in cap.items():
        price[number] = found.cap_prices_eur[arm]
    used = _used(menu, found)
    return Answer(
        arm=found.arm[:, None].astype(np.int16),
        value_eur=found.value_eur,
        dual_bound_eur=found.dual_bound_eur,
        gap=found.gap,
        resources=scarcities(menu, used, price),
        moved=found.moved,
        temperature_eur=found.temperature_eur,
        method=found.method,
        passes=found.passes,
        feasible=bool((used <= menu.most * np.where(menu.in_eur, 1 + BUDGET_ROUNDING, 1.0)).all()),
    )


def _used(menu: Menu, found: Allocation) -> Floats:
    """Return the use of each resource."""
    return np.array(
        [found.spend_eur if r.unit == "eur" else float(found.counts[r.arms[0]]) for r in menu.resources], np.float64
    )


def _eligible(pairs: DensePairs) -> Bools | None:
    """Return who may get what, nothing where no contact is left."""
    if pairs.contacts_left is None:
        return pairs.eligible
    reachable: Bools = pairs.contacts_left > 0
    if pairs.eligible is None:
        return reachable
    return np.asarray(pairs.eligible & (reachable if pairs.eligible.ndim == 1 else reachable[:, None]), np.bool_)
