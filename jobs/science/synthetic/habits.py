"""Planted segments: the few ways in which customers of the made-up world pay, each customer having one of them."""

from dataclasses import dataclass

import numpy as np

from jobs.science.synthetic.draws import BLOCK_CUSTOMERS, DAY_US, Bools, Floats, Ints, Stream, generator

_WEEKEND = (5, 6)
_HOUR_US = DAY_US // 24


@dataclass(frozen=True)
class Habit:
    """One way of paying.

    Parameters
    ----------
    name : str
        What it is called.
    share : float
        Share of the customers who have it, in (0, 1).
    payments_factor : float
        Payments as a multiple of the usual.
    evening_share : float
        Share of the payments made in the evening, around eight, in [0, 1].
    weekend_share : float or None
        Share of the payments made on Saturdays and Sundays, in [0, 1]; None: as the calendar has it.
    favourite_share : float
        Share of the payments made at one partner, in [0, 1].
    """

    name: str
    share: float
    payments_factor: float
    evening_share: float
    weekend_share: float | None
    favourite_share: float


HABITS = (
    Habit("everyday", 0.40, 0.95, 0.0, None, 0.0),
    Habit("evening", 0.22, 1.25, 0.9, None, 0.0),
    Habit("weekend", 0.18, 0.85, 0.0, 0.94, 0.0),
    Habit("loyal", 0.20, 0.96, 0.0, None, 0.92),
)
"""The planted segments; payments of all together are as many as without them."""


def draw_habits(seed: int, block: int) -> Ints:
    """Draw the habit of each customer of a block, as places in HABITS, from numbers of their own.

    Parameters
    ----------
    seed : int
        Seed of the world.
    block : int
        Number of the block, >= 0.
    """
    shares = np.array([h.share for h in HABITS])
    chosen = generator(seed, Stream.HABITS, block).choice(len(HABITS), BLOCK_CUSTOMERS, p=shares / shares.sum())
    return np.asarray(chosen, dtype=np.int64)


def values(name: str, habit: Ints) -> Floats:
    """Return a number of each customer's habit; NaN where the habit leaves it open.

    Examples
    --------
    >>> values("weekend_share", np.array([0, 2]))
    array([ nan, 0.94])
    """
    return np.array([getattr(h, name) for h in HABITS], dtype=np.float64)[habit]


def evening_us(r: np.random.Generator, n: int) -> Ints:
    """Moments of an evening: around eight, none before five or after midnight."""
    return np.asarray(np.clip(r.normal(20.0, 1.3, n), 17.0, 23.9) * _HOUR_US, dtype=np.int64)


def move_to_weekends(r: np.random.Generator, day: Ints, weekend: Bools, share: Floats) -> Ints:
    """Draw days again so that a given share of them are Saturdays and Sundays.

    Parameters
    ----------
    r : numpy.random.Generator
        Source of the numbers.
    day : ndarray of shape (n,)
        Days of payments, numbers in the world.
    weekend : ndarray of shape (days,)
        Whether a day of the world is a Saturday or a Sunday.
    share : ndarray of shape (n,)
        Share of weekend days asked for, in [0, 1]; NaN leaves the day as it is.
    """
    free, working = np.flatnonzero(weekend), np.flatnonzero(~weekend)
    asked = ~np.isnan(share)
    on_weekend = r.random(len(day)) < np.nan_to_num(share)
    place = r.random(len(day))
    moved = day.copy()
    for days, mask in ((free, asked & on_weekend), (working, asked & ~on_weekend)):
        if len(days):
            moved[mask] = days[(place[mask] * len(days)).astype(np.int64)]
    return moved


def weekends(days: int, first_us: int) -> Bools:
    """Return which days of the world are Saturdays or Sundays.

    Parameters
    ----------
    days : int
        Days of the world.
    first_us : int
        Moment the first one began, microseconds since 1970.

    Examples
    --------
    >>> weekends(4, 2 * 86_400_000_000)  # 1970-01-03 was a Saturday
    array([ True,  True, False, False])
    """
    number = first_us // DAY_US + np.arange(days)
    return np.isin((number + 3) % 7, _WEEKEND)  # 1970-01-01 was a Thursday, 3 counted from Monday
