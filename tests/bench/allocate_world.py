"""Offers of a made-up shop, drawn block by block: the same customers in memory and in files."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from jobs.science.offers.menu import Menu, Resource
from jobs.science.offers.pairs import SparsePairs

ARMS = 10
BLOCK_ROWS = 100_000
CANDIDATES, MANY_ARMS, PARTNERS = 20, 5_000, 500

Float32s = NDArray[np.float32]


def block(number: int, rows: int = BLOCK_ROWS) -> tuple[Float32s, Float32s]:
    """Draw value and cost, float32, of a block's customers: who redeems costs the face value."""
    r = np.random.default_rng([number, 20])
    face_eur = np.linspace(1.0, 8.0, ARMS, dtype=np.float32)
    redeemed = r.uniform(0.05, 0.55, (rows, ARMS)).astype(np.float32)
    liking = 0.3 * r.standard_normal((rows, 1), dtype=np.float32)
    margin = 0.55 * np.exp(0.6 * r.standard_normal((rows, ARMS), dtype=np.float32) + liking) * face_eur
    cost = face_eur * redeemed
    value = margin - cost - np.float32(0.8) + 0.3 * r.standard_normal((rows, ARMS), dtype=np.float32)
    return value, cost


def blocks(rows: int) -> Iterator[tuple[slice, Float32s, Float32s]]:
    """Yield the blocks of so many customers, with their places."""
    for number, first in enumerate(range(0, rows, BLOCK_ROWS)):
        size = min(BLOCK_ROWS, rows - first)
        value, cost = block(number, size)
        yield slice(first, first + size), value, cost


def menu(rows: int, *, minimums: bool = False) -> Menu:
    """Return a budget of 30% of what everybody's favourite would take, and caps of which eight or nine bind.

    With minimums: three offers nobody would choose so often, and windows for every third offer.
    """
    value, cost = block(0)
    favourite = value.argmax(axis=1)
    place = np.arange(len(value))
    wished = cost[place, favourite][value[place, favourite] > 0].sum(dtype=np.float64) / len(value)
    every = tuple(range(ARMS))
    caps = np.floor(np.linspace(0.075, 0.045, ARMS) * rows)
    least = np.zeros(ARMS)
    resources = [Resource("the budget", "eur", every, float(0.3 * wished * rows))]
    if minimums:
        least[[0, 1, 9]] = np.floor(np.array([0.06, 0.055, 0.03]) * rows)
        windows = np.floor(np.array([0.15, 0.13, 0.12]) * rows)
        resources += [Resource(f"window {w}", "customers", every[w::3], float(windows[w])) for w in range(3)]
    resources += [Resource(f"offer {j}", "customers", (j,), float(caps[j]), float(least[j])) for j in every]
    return Menu(tuple(f"offer {j}" for j in every), (0,) * ARMS, tuple(resources))


def dense(rows: int) -> tuple[Float32s, Float32s]:
    """Return value and cost of all pairs."""
    value, cost = np.empty((rows, ARMS), np.float32), np.empty((rows, ARMS), np.float32)
    for part, of_block, taken in blocks(rows):
        value[part], cost[part] = of_block, taken
    return value, cost


def sparse(rows: int) -> tuple[Menu, SparsePairs]:
    """Return 20 candidates a customer out of 5,000 offers of 500 partners, each partner with a budget that may bind."""
    r = np.random.default_rng(7)
    partner = np.concatenate([np.arange(PARTNERS), r.integers(0, PARTNERS, MANY_ARMS - PARTNERS)])
    face_eur = r.lognormal(1.0, 0.6, MANY_ARMS).astype(np.float32)
    pull = r.normal(0, 0.4, MANY_ARMS).astype(np.float32)
    arm = np.empty((rows, CANDIDATES), np.int32)
    value, cost = np.empty(arm.shape, np.float32), np.empty(arm.shape, np.float32)
    spend = np.zeros(PARTNERS)
    for first in range(0, rows, BLOCK_ROWS):
        part = slice(first, min(first + BLOCK_ROWS, rows))
        size = part.stop - first
        # an odd multiple of a step leaves twenty different offers
        step = r.integers(1, MANY_ARMS // CANDIDATES, (size, 1))
        arm[part] = (r.integers(0, MANY_ARMS, (size, 1)) + step * np.arange(CANDIDATES)) % MANY_ARMS
        face = face_eur[arm[part]]
        cost[part] = face * r.uniform(0.05, 0.55, face.shape).astype(np.float32)
        noise = 0.6 * r.standard_normal(face.shape, dtype=np.float32)
        value[part] = 0.55 * face * np.exp(noise + pull[arm[part]]) - np.float32(0.8) - cost[part]
        best, place = value[part].argmax(axis=1), np.arange(size)
        gains = value[part][place, best] > 0
        owner = partner[arm[part][place, best]][gains]
        spend += np.bincount(owner, cost[part][place, best][gains], minlength=PARTNERS)
    budgets = spend * r.uniform(0.2, 0.9, PARTNERS)
    of_partner = [tuple(np.flatnonzero(partner == p).tolist()) for p in range(PARTNERS)]
    resources = [Resource(f"partner {p}", "eur", of_partner[p], float(budgets[p])) for p in range(PARTNERS)]
    resources.append(Resource("the budget", "eur", tuple(range(MANY_ARMS)), float(0.4 * spend.sum())))
    all_pairs = SparsePairs(np.arange(0, arm.size + 1, CANDIDATES), arm.ravel(), value.ravel(), cost.ravel())
    return Menu(tuple(f"offer {j}" for j in range(MANY_ARMS)), (0,) * MANY_ARMS, tuple(resources)), all_pairs
