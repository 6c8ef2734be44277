"""The features of one payment from what is known online: the same values as the nightly statement gives it.

A customer's features come from his payments of the last 30 days, to the second. A partner's come from
its record as of the start of the day (UTC), and from two counters of the day. The definitions are those of
`customer_sql` and `partner_sql`, in plain Python: the endpoint's package holds no DuckDB and no Arrow.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from jobs.errors import BadSchema

DAY_S = 86_400
UNITS_PER_EUR = 10_000
LOOKBACK_DAYS = 30
COUNT_WINDOWS_S = {"1h": 3_600, "6h": 21_600, "1d": 86_400, "7d": 604_800, "30d": 2_592_000}
MEAN_WINDOWS = ("1d", "7d", "30d")
LARGE_DAYS = 14
LARGE_TIMES = 3
FEWEST_PAYMENTS = 3
LARGEST_SPREAD_CENTS = 10_000_000
"""As the tables and the statement have them: a test holds these to those."""

_PLACES = 1_000_000
_MONDAY = 3  # 1970-01-01 was a Thursday
_NIGHT_S = 7 * 3600
_SMALLEST_SPREAD_CENTS = 100.0
_MISSING = math.nan


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that waits for its score.

    Parameters
    ----------
    transaction_id, customer_id, partner_id : str
        Which payment, whose, where.
    occurred_s : int
        Epoch seconds, rounded down.
    amount_eur : float
        Euro, at least 0.
    """

    transaction_id: str
    customer_id: str
    partner_id: str
    occurred_s: int
    amount_eur: float

    @property
    def amount_units(self) -> int:
        """Amount in whole 1/10000 euro."""
        return math.floor(self.amount_eur * UNITS_PER_EUR + 0.5)

    @property
    def day(self) -> int:
        """Day of the payment (UTC), days since the epoch."""
        return self.occurred_s // DAY_S


@dataclass(frozen=True, slots=True)
class Past:
    """Payments of one customer strictly before a payment, in the order of time and transaction id.

    Parameters
    ----------
    occurred_s, amount_units, partner_ids, is_large : list
        Four lists of one length; those of the last 30 days suffice.
    same_second : int
        How many of them are of the payment's own second.
    """

    occurred_s: list[int] = field(default_factory=list)
    amount_units: list[int] = field(default_factory=list)
    partner_ids: list[str] = field(default_factory=list)
    is_large: list[bool] = field(default_factory=list)
    same_second: int = 0


@dataclass(frozen=True, slots=True)
class PartnerDay:
    """What is known of a partner: its record as of the start of the payment's day, and the day's counters.

    Parameters
    ----------
    record : mapping of str to float
        Finished features by name, counts among them those of whole days before; NaN where missing.
    recent : frozenset of str
        Names among them to which the payments of the day are added.
    large : str
        Name to which the large ones among them are added.
    today, large_today : int
        Payments at the partner on the day strictly before the payment, and large ones among them.
    """

    record: Mapping[str, float]
    recent: frozenset[str]
    large: str
    today: int
    large_today: int


def features_of(payment: Payment, past: Past, partner: PartnerDay) -> tuple[dict[str, float], bool]:
    """Return the features of a payment by name, NaN where missing, and whether it is large for its customer.

    Examples
    --------
    >>> payment = Payment("t9", "anna", "shop", 1_714_567_000, 90.0)
    >>> past = Past([1_714_560_000, 1_714_563_400], [100_000, 200_000], ["shop", "kiosk"], [False, False])
    >>> known = PartnerDay({"partner_count_recent_1d": 4.0}, frozenset({"partner_count_recent_1d"}), "", 2, 0)
    >>> features, is_large = features_of(payment, past, known)
    >>> features["customer_mean_eur_1d"], features["amount_to_mean_1d"], features["partner_count_recent_1d"]
    (15.0, 6.0, 6.0)
    >>> features["pair_count_30d"], features["customer_hours_since_last"], is_large
    (1.0, 1.0, False)
    """
    own = _own(payment)
    customer, is_large = _customer(payment, past)
    record = dict(partner.record)
    for name in partner.recent:
        record[name] += partner.today
    if partner.large:
        record[partner.large] += partner.large_today
    return {**own, **customer, **record}, is_large


def row_of(features: Mapping[str, float], names: Sequence[str]) -> NDArray[np.float32]:
    """Return features as the row that a model reads.

    Parameters
    ----------
    features : mapping of str to float
        Features by name.
    names : sequence of str
        Names in the model's order.

    Raises
    ------
    BadSchema
        If the model reads a feature that is not among them.
    """
    try:
        return np.array([features[name] for name in names], dtype=np.float32)
    except KeyError as missing:
        raise BadSchema(
            f"the fraud model reads {missing}, which is not known online: train it on features of this version."
        ) from None


def _own(payment: Payment) -> dict[str, float]:
    second = payment.occurred_s % DAY_S
    weekday = (payment.day + _MONDAY) % 7
    return {
        "amount": payment.amount_eur,
        "is_weekend": float(weekday >= 5),
        "is_night": float(second < _NIGHT_S),
        "hour_of_day": second / 3600,
        "day_of_week": float(weekday),
    }


def _customer(payment: Payment, past: Past) -> tuple[dict[str, float], bool]:
    moments = _moments(past.occurred_s)
    now = payment.occurred_s * _PLACES + past.same_second
    end = bisect_left(moments, now)
    starts = {name: bisect_right(moments, now - window * _PLACES) for name, window in COUNT_WINDOWS_S.items()}
    units = past.amount_units
    total = [0, *accumulate(units)]
    amount = payment.amount_units
    found: dict[str, float] = {f"customer_count_{name}": float(end - start) for name, start in starts.items()}
    for name in MEAN_WINDOWS:
        count, spent = end - starts[name], float(total[end] - total[starts[name]])
        found[f"customer_mean_eur_{name}"] = spent / UNITS_PER_EUR / count if count else _MISSING
        found[f"amount_to_mean_{name}"] = float(amount) * count / spent if spent else _MISSING
    start = starts["30d"]
    window = sorted(units[start:end])
    enough = len(window) >= FEWEST_PAYMENTS
    median = _median(window) if enough else 0.0
    found["amount_z_30d"] = _spreads(amount, window) if enough else _MISSING
    found["amount_to_median_30d"] = amount / median if median else _MISSING
    found["amount_to_max_30d"] = amount / window[-1] if enough and window[-1] else _MISSING
    since_s = payment.occurred_s - past.occurred_s[end - 1] if end > start else _MISSING
    found["customer_hours_since_last"] = since_s / 3600
    first_large = bisect_right(moments, now - LARGE_DAYS * DAY_S * _PLACES)
    found[f"customer_large_{LARGE_DAYS}d"] = float(sum(past.is_large[first_large:end]))
    found["pair_count_30d"] = float(past.partner_ids[start:end].count(payment.partner_id))
    return found, enough and amount > LARGE_TIMES * median


def _moments(occurred_s: Sequence[int]) -> list[int]:
    """Seconds, and within a second the place of the payment: what windows are measured in."""
    moments: list[int] = []
    before, place = -1, 0
    for second in occurred_s:
        place = place + 1 if second == before else 0
        moments.append(second * _PLACES + place)
        before = second
    return moments


def _median(ordered: Sequence[int]) -> float:
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _spreads(amount: int, units: Sequence[int]) -> float:
    """Amount less the mean, in standard deviations of at least a euro."""
    cents = [_cents(one) for one in units]
    count = len(cents)
    mean = float(sum(cents)) / count
    variance = float(sum(one * one for one in cents)) / count - mean * mean
    return (_cents(amount) - mean) / max(_SMALLEST_SPREAD_CENTS, math.sqrt(max(0.0, variance)))


def _cents(units: int) -> int:
    return min((units + 50) // 100, LARGEST_SPREAD_CENTS)
