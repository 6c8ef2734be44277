"""Payments that planted partners bring about: a ring of accomplices, and the surge before a bust-out."""

from collections.abc import Iterator

import numpy as np

from jobs.science.synthetic.draws import DAY_US, Floats, Ints, Stream, generator
from jobs.science.synthetic.partner_kinds import BUST_DAYS
from jobs.science.synthetic.partners import Partners

COLLUSION, BUST_OUT = 5, 6
"""Places of these kinds in FRAUD_KINDS of the payments."""

_ACCOMPLICES = 4
_ACCOMPLICE_PER_DAY = 0.25
_SURGE_PER_DAY = 3.0
_NEVER_DELIVERED_SHARE = 0.7
_OPENING_US = DAY_US * 9 // 24
_OPEN_US = DAY_US * 11 // 24

Drawn = tuple[Ints, Ints, Ints, Floats, Ints]
"""Customer, partner, moment, amount and kind of payments."""


def planted_payments(seed: int, block: int, basket: Floats, partners: Partners, days: int) -> Iterator[Drawn]:
    """Draw what planted partners add to the payments of one block of customers.

    Parameters
    ----------
    seed, block : int
        Seed of the world, number of the block.
    basket : ndarray of shape (n_customers,)
        Usual amount of each customer, euro.
    partners : Partners
        All partners.
    days : int
        Days of payments.

    Yields
    ------
    tuple of ndarray
        Customer, partner, moment in microseconds since the first day, amount in euro, kind.
    """
    r = generator(seed, Stream.PLANTED_PAYMENTS, block)
    planted = partners.planted
    if len(planted.ring) and days > planted.ring_first_day:
        yield _collusion(r, basket, planted.ring, planted.ring_first_day, days)
    for partner, first in zip(planted.busts, planted.bust_first_day, strict=True):
        yield _bust_out(r, basket, int(partner), int(first), min(int(first) + BUST_DAYS, days))


def _collusion(r: np.random.Generator, basket: Floats, ring: Ints, first_day: int, days: int) -> Drawn:
    """The same few customers buy at every partner of the ring, by day and in round sums, and dispute it later."""
    who = r.choice(len(basket), _ACCOMPLICES, replace=False)
    n = int(r.poisson(_ACCOMPLICES * _ACCOMPLICE_PER_DAY * (days - first_day)))
    at_us: Ints = r.integers(first_day, days, n).astype(np.int64) * DAY_US + _by_day(r, n)
    amount = 50.0 * r.integers(1, 6, n).astype(np.float64)
    kind = np.full(n, COLLUSION, dtype=np.int64)
    return who[r.integers(0, _ACCOMPLICES, n)], ring[r.integers(0, len(ring), n)], at_us, amount, kind


def _bust_out(r: np.random.Generator, basket: Floats, partner: int, first_day: int, end_day: int) -> Drawn:
    """For a week anybody orders there, larger than usual; most of it never comes."""
    n = int(r.poisson(_SURGE_PER_DAY * (end_day - first_day)))
    customer = r.integers(0, len(basket), n)
    at_us = r.integers(first_day, end_day, n) * DAY_US + _by_day(r, n)
    amount = basket[customer] * r.uniform(1.5, 4.0, n)
    kind = np.where(r.random(n) < _NEVER_DELIVERED_SHARE, BUST_OUT, 0).astype(np.int64)
    return customer, np.full(n, partner, dtype=np.int64), at_us, amount, kind


def _by_day(r: np.random.Generator, n: int) -> Ints:
    """Moments between nine in the morning and eight in the evening."""
    return _OPENING_US + r.integers(0, _OPEN_US, n)
