"""Profiles of segments: how many, what they pay, when and where, added up batch by batch."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.science.fraud.engine import AMOUNT_UNITS_PER_EUR, DAY_S
from jobs.science.segments.behaviour import Window

_SUMS = ("payments", "units", "evening", "weekend", "again")
_DAYS_OF_FREQUENCY = 30


@dataclass(frozen=True)
class Profile:
    """What the customers of a segment do, all of their payments taken together.

    Parameters
    ----------
    number, name : int, str
        Which segment.
    customers : int
        How many.
    share : float
        Share of all customers, in [0, 1].
    payments_30d : float or None
        Payments of a customer in 30 days; None where nothing was paid, as in all that follow.
    amount_eur : float or None
        Mean amount of a payment, in euro.
    recency_days : float or None
        Mean days since a customer's last payment.
    evening_share, weekend_share : float or None
        Share of the payments made in the evening and at weekends, in [0, 1].
    favourite_share : float or None
        Of the payments after a customer's first, share at the favourite partner, in [0, 1].
    """

    number: int
    name: str
    customers: int
    share: float
    payments_30d: float | None
    amount_eur: float | None
    recency_days: float | None
    evening_share: float | None
    weekend_share: float | None
    favourite_share: float | None


class Profiles:
    """Sums by segment.

    Parameters
    ----------
    names : mapping of int to str
        Name of each segment, by number.
    window : Window
        Days the behaviour is from.
    """

    def __init__(self, names: Mapping[int, str], window: Window) -> None:
        self._names = dict(names)
        self._window = window
        self._place = {number: i for i, number in enumerate(self._names)}
        self._customers = np.zeros(len(self._names), np.int64)
        self._age_s = np.zeros(len(self._names), np.int64)
        # Whole numbers: sums do not depend on the order of the batches.
        self._sums = {name: np.zeros(len(self._names), np.int64) for name in _SUMS}

    def add(self, rows: pa.Table, number: NDArray[np.int64]) -> None:
        """Add customers and their behaviour.

        Parameters
        ----------
        rows : pyarrow.Table
            Behaviour; missing counts where nothing was paid.
        number : ndarray of shape (n_customers,)
            Their segments.
        """
        place = np.array([self._place[n] for n in number.tolist()], dtype=np.int64)
        np.add.at(self._customers, place, 1)
        counts = {
            name: rows[name].fill_null(0).to_numpy()
            for name in ("payments", "units", "evening", "weekend", "favourite", "last_s")
        }
        paid = counts["payments"] > 0
        counts["again"] = np.where(paid, counts["favourite"] - 1, 0)
        for name in _SUMS:
            np.add.at(self._sums[name], place, counts[name])
        np.add.at(self._age_s, place, np.where(paid, self._window.end_s - counts["last_s"], 0))

    @property
    def sizes(self) -> dict[int, int]:
        """Customers by number of the segment."""
        return {number: int(self._customers[i]) for number, i in self._place.items()}

    def profiles(self) -> tuple[Profile, ...]:
        """Return the profile of each segment, the largest first; those without a customer are left out."""
        everyone = max(int(self._customers.sum()), 1)
        order = sorted(self._place, key=lambda number: (-self._customers[self._place[number]], number))
        return tuple(self._profile(number, everyone) for number in order if self._customers[self._place[number]])

    def _profile(self, number: int, everyone: int) -> Profile:
        i = self._place[number]
        customers, sums = int(self._customers[i]), {name: int(s[i]) for name, s in self._sums.items()}
        n = sums["payments"]
        return Profile(
            number=number,
            name=self._names[number],
            customers=customers,
            share=customers / everyone,
            payments_30d=_ratio(n * _DAYS_OF_FREQUENCY, customers * self._window.days) if n else None,
            amount_eur=_ratio(sums["units"], n * AMOUNT_UNITS_PER_EUR),
            recency_days=_ratio(int(self._age_s[i]), customers * DAY_S) if n else None,
            evening_share=_ratio(sums["evening"], n),
            weekend_share=_ratio(sums["weekend"], n),
            favourite_share=_ratio(sums["again"], n - customers),
        )


def _ratio(above: int, below: int) -> float | None:
    return above / below if below > 0 else None
