"""Payments of the made-up world: everyday ones, fraud of several kinds, and reports that come days later."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from jobs.science.synthetic.draws import DAY_US, Floats, Ints, Stream, generator, identifiers, timestamps, words
from jobs.science.synthetic.habits import evening_us, move_to_weekends, values, weekends
from jobs.science.synthetic.partner_payments import planted_payments
from jobs.science.synthetic.partners import Partners
from jobs.science.synthetic.people import People
from jobs.tables.inputs import FRAUD_REPORTS, TRANSACTIONS

FRAUD_KINDS = ("none", "leaking partner", "stolen card", "card testing", "slow leak", "collusion", "bust-out")
FRAUD_TRUTH_SCHEMA = pa.schema([("transaction_id", pa.string()), ("kind", pa.string())])

_IDS_PER_BLOCK = 10_000_000
_LEAK_SHARE = 0.4
_STOLEN_SHARE = 0.012
_TESTED_SHARE = 0.004
_NEVER_REPORTED_SHARE = 0.04
_DISPUTED_SHARE = 0.002
_FAVOURITES = 5
_HOUR_US = DAY_US // 24


@dataclass(frozen=True)
class Payments:
    """Payments of one block, ordered by time.

    Parameters
    ----------
    customer : ndarray of shape (n,)
        Place of the customer in the block.
    partner : ndarray of shape (n,)
        Number of the partner.
    at_us : ndarray of shape (n,)
        Microseconds since the first day of the world began.
    amount_eur : ndarray of shape (n,)
        Amount.
    kind : ndarray of shape (n,)
        Place in FRAUD_KINDS; 0 is no fraud.
    reported_us : ndarray of shape (n,)
        When a report of the payment became known; -1 where none ever does.
    """

    customer: Ints
    partner: Ints
    at_us: Ints
    amount_eur: Floats
    kind: Ints
    reported_us: Ints


def draw_payments(
    seed: int, block: int, people: People, partners: Partners, *, days: int, per_day: float, start_us: int
) -> Payments:
    """Draw the payments of one block of customers.

    Parameters
    ----------
    seed, block : int
        Seed of the world, number of the block.
    people : People
        The customers of that block.
    partners : Partners
        All partners.
    days : int
        Days of payments.
    per_day : float
        Mean everyday payments of a customer in a day, > 0.
    start_us : int
        Moment the first day began, microseconds since 1970: says which days are weekends.
    """
    r = generator(seed, Stream.PAYMENTS, block)
    basket = people.numbers["basket_eur"]
    drawn = [
        _everyday(r, people, partners, days, per_day, start_us),
        _stolen_cards(r, basket, partners, days),
        _tested_cards(r, basket, partners, days),
        *planted_payments(seed, block, basket, partners, days),
    ]
    customer, partner, at_us, amount, kind = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    order = np.lexsort((customer, at_us))
    customer, partner, at_us, amount, kind = (a[order] for a in (customer, partner, at_us, amount, kind))
    fraud = kind > 0
    delay_us = (np.clip(r.lognormal(np.log(2.5), 0.6, len(kind)), 0.1, 30.0) * DAY_US).astype(np.int64)
    chance = r.random(len(kind))
    reported = np.where(fraud, chance >= _NEVER_REPORTED_SHARE, chance < _DISPUTED_SHARE)
    return Payments(
        customer, partner, at_us, np.round(np.maximum(amount, 0.5), 2), kind, np.where(reported, at_us + delay_us, -1)
    )


def tables(
    payments: Payments, people: People, partner_ids: pa.Array, *, keep: int, days: int, start_us: int
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Return transactions, reports known by the end of the last day, and the truth, of the first `keep` customers.

    Parameters
    ----------
    payments : Payments
        Payments of a block.
    people : People
        Customers of that block.
    partner_ids : pyarrow.Array
        Ids of the partners, by number.
    keep : int
        Customers of the block that belong to the world.
    days : int
        Days of payments.
    start_us : int
        Moment the first day began, microseconds since 1970.
    """
    block = int(people.number[0]) // len(people.number)
    ids = identifiers("t", block * _IDS_PER_BLOCK + np.arange(len(payments.kind)), 12)
    inside = payments.customer < keep
    transactions = pa.Table.from_arrays(
        [
            ids,
            identifiers("c", people.number[payments.customer], 8),
            partner_ids.take(pa.array(payments.partner)),
            timestamps(start_us + payments.at_us),
            pa.array(payments.amount_eur),
        ],
        schema=TRANSACTIONS.schema,
    )
    known = inside & (payments.reported_us >= 0) & (payments.reported_us < days * DAY_US)
    reports = pa.Table.from_arrays(
        [
            ids.filter(pa.array(known)),
            pa.array(payments.kind[known] > 0),
            timestamps(start_us + payments.reported_us[known]),
        ],
        schema=FRAUD_REPORTS.schema,
    )
    fraud = inside & (payments.kind > 0)
    truth = pa.Table.from_arrays(
        [ids.filter(pa.array(fraud)), words(payments.kind[fraud], FRAUD_KINDS)], schema=FRAUD_TRUTH_SCHEMA
    )
    return (transactions if inside.all() else transactions.filter(pa.array(inside))), reports, truth


_Drawn = tuple[Ints, Ints, Ints, Floats, Ints]


def _everyday(
    r: np.random.Generator, people: People, partners: Partners, days: int, per_day: float, start_us: int
) -> _Drawn:
    """Everyday payments, each customer's by habit.

    On days a partner leaks, part of what it takes is fraud, a little larger and by night.
    """
    n = len(people.number)
    habit = people.numbers["purchases_90d"] + 2.0
    count = r.poisson(per_day * days * habit / 5.5 * values("payments_factor", people.habit), n)
    customer = np.repeat(np.arange(n), count)
    size = len(customer)
    way = people.habit[customer]
    day = move_to_weekends(r, r.integers(0, days, size), weekends(days, start_us), values("weekend_share", way))
    by_evening = r.random(size) < values("evening_share", way)
    at_us = day * DAY_US + np.where(by_evening, evening_us(r, size), _daytime_us(r, size))
    favourites = partners.draw(r.random((n, _FAVOURITES)))
    usual = favourites[customer, r.integers(0, _FAVOURITES, size)]
    partner = np.where(r.random(size) < 0.75, usual, partners.draw(r.random(size)))
    faithful = r.random(size) < values("favourite_share", way)
    partner[faithful] = favourites[customer[faithful], 0]
    spread = np.exp(0.5 * r.standard_normal(size))
    amount = people.numbers["basket_eur"][customer] * partners.amount_factor[partner] * spread
    chance = r.random(size)
    leak = partners.compromised[partner, day] & (chance < _LEAK_SHARE)
    slow = partners.planted.slow_share[partner, day] > chance
    at_us[leak] = day[leak] * DAY_US + _night_us(r, int(leak.sum()))
    amount[leak] *= 1.5
    amount[slow & ~leak] *= 1.2
    return customer, partner, at_us, amount, np.where(leak, 1, np.where(slow, 4, 0)).astype(np.int64)


def _stolen_cards(r: np.random.Generator, basket: Floats, partners: Partners, days: int) -> _Drawn:
    """A stolen card: within two days a few large payments, by night, where goods are easily sold on."""
    victim = np.flatnonzero(r.random(len(basket)) < _STOLEN_SHARE)
    start_us = r.integers(0, days, len(victim)) * DAY_US
    count = 2 + r.poisson(2.5, len(victim))
    customer, first_us = np.repeat(victim, count), np.repeat(start_us, count)
    at_us = first_us + r.integers(0, 2, len(customer)) * DAY_US + _night_us(r, len(customer))
    partner = partners.fenced[r.integers(0, len(partners.fenced), len(customer))]
    amount = basket[customer] * r.uniform(4.0, 14.0, len(customer))
    return _until(days, customer, partner, at_us, amount, kind=2)


def _tested_cards(r: np.random.Generator, basket: Floats, partners: Partners, days: int) -> _Drawn:
    """A tested card: a handful of tiny payments at one partner within minutes, then a large one."""
    victim = np.flatnonzero(r.random(len(basket)) < _TESTED_SHARE)
    start_us = r.integers(0, days, len(victim)) * DAY_US + _daytime_us(r, len(victim))
    tiny = 4 + r.poisson(2.0, len(victim))
    customer = np.repeat(victim, tiny)
    at_us = np.repeat(start_us, tiny) + r.integers(0, _HOUR_US // 4, len(customer))
    at_one = partners.fenced[r.integers(0, len(partners.fenced), len(victim))]
    amount = r.uniform(0.5, 2.0, len(customer))
    return _until(
        days,
        np.concatenate([customer, victim]),
        np.concatenate([np.repeat(at_one, tiny), at_one]),
        np.concatenate([at_us, start_us + r.integers(_HOUR_US // 2, 2 * _HOUR_US, len(victim))]),
        np.concatenate([amount, basket[victim] * r.uniform(6.0, 14.0, len(victim))]),
        kind=3,
    )


def _until(days: int, customer: Ints, partner: Ints, at_us: Ints, amount: Floats, *, kind: int) -> _Drawn:
    """Drop what would happen after the world's last day."""
    inside = at_us < days * DAY_US
    return customer[inside], partner[inside], at_us[inside], amount[inside], np.full(int(inside.sum()), kind, np.int64)


def _daytime_us(r: np.random.Generator, n: int) -> Ints:
    """Moments of a day as people shop: around two in the afternoon, seldom by night."""
    hours = np.where(r.random(n) < 0.04, r.uniform(0, 24, n), np.clip(r.normal(14.0, 3.6, n), 0.0, 23.99))
    return (hours * _HOUR_US).astype(np.int64)


def _night_us(r: np.random.Generator, n: int) -> Ints:
    """Moments of a day as thieves shop: two in three between midnight and six."""
    hours = np.where(r.random(n) < 0.65, r.uniform(0, 6, n), r.uniform(0, 24, n))
    return (hours * _HOUR_US).astype(np.int64)
