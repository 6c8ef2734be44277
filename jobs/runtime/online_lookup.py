"""What is known online of a payment's customer and partner strictly before it, and the payment counted, once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from jobs.errors import BadField, FeaturesMissing
from jobs.runtime.online_layout import (
    NIGHT,
    Counted,
    as_numbers,
    counted_in,
    counted_key,
    customer_day_key,
    customer_key,
    day_expiry,
    day_of,
    hour_and_minute,
    partner_day_keys,
    partner_key,
)
from jobs.science.fraud.online import DAY_S, LOOKBACK_DAYS, PartnerDay, Past, Payment
from jobs.storage.online import OnlineRecords

OLDEST_NIGHT_DAYS = 3
"""A night's record that is older than so many days is not used."""

_Records = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a payment before it.

    Parameters
    ----------
    past : Past
        The customer's payments.
    partner : PartnerDay
        The partner's record and counters.
    as_of : datetime.date
        Day at whose start the night's records were known.
    counted : bool
        Whether this very payment was counted before.
    customer_seen, partner_seen : bool
        Whether there is a payment of the customer, and at the partner, in the last 30 days.
    left_out : int
        Older payments of the customer that his record had no room for.
    """

    past: Past
    partner: PartnerDay
    as_of: date
    counted: bool
    customer_seen: bool
    partner_seen: bool
    left_out: int


def look_up(records: OnlineRecords, payment: Payment, fingerprint: str) -> Known:
    """Read what is known of a payment's customer and partner strictly before it.

    Parameters
    ----------
    records : OnlineRecords
        Where the night writes and the day is counted.
    payment : Payment
        The payment.
    fingerprint : str
        Differs for payments that differ.

    Raises
    ------
    FeaturesMissing
        If the night has written nothing, or not for days.
    BadField
        If the transaction id was used for a payment that differs, or the night's records are of a day after the
        payment's.
    StorageUnavailable
        If the records cannot be read in time.
    """
    day = payment.day
    yesterday, today = (customer_day_key(d, payment.customer_id) for d in (day - 1, day))
    found: _Records = records.read(
        [
            *(NIGHT, counted_key(payment.transaction_id), customer_key(payment.customer_id)),
            *(partner_key(payment.partner_id), yesterday, today),
            *partner_day_keys(payment.occurred_s, payment.partner_id),
        ]
    )
    counted = found.get(counted_key(payment.transaction_id))
    if counted is not None and counted["fingerprint"] != fingerprint:
        raise BadField(
            "transaction_id",
            f"transaction_id {payment.transaction_id!r} belongs to a payment that differs from this one: "
            f"give each payment an id of its own.",
        )
    night = found.get(NIGHT)
    as_of = _usable(night, payment)
    customer = found.get(customer_key(payment.customer_id))
    days = [found.get(yesterday, {}), found.get(today, {})]
    if day_of(as_of) < day - 1:
        earlier = [customer_day_key(d, payment.customer_id) for d in range(day_of(as_of), day - 1)]
        read = records.read(earlier)
        days = [*(read.get(key, {}) for key in earlier), *days]
    past = _past(payment, customer, [one for record in days for one in counted_in(record)], as_of)
    partner, partner_seen = _partner(payment, night or {}, found)
    left_out = int(customer["payments"]) - int(customer["kept"]) if customer is not None else 0
    return Known(past, partner, as_of, counted is not None, bool(past.occurred_s), partner_seen, left_out)


def count(records: OnlineRecords, payment: Payment, fingerprint: str, is_large: bool) -> bool:
    """Count a payment in its customer's and its partner's day; the same payment again changes nothing.

    Parameters
    ----------
    records : OnlineRecords
        Where the day is counted.
    payment : Payment
        The payment.
    fingerprint : str
        Differs for payments that differ.
    is_large : bool
        Whether it is large for its customer.

    Returns
    -------
    bool
        False if it was counted before.
    """
    by_hour, by_minute, in_minute = partner_day_keys(payment.occurred_s, payment.partner_id)
    hour, minute = hour_and_minute(payment.occurred_s)
    of_customer = Counted(
        payment.occurred_s, payment.transaction_id, is_large, payment.amount_units, payment.partner_id
    )
    of_partner = Counted(payment.occurred_s, payment.transaction_id, is_large)
    return records.add_once(
        counted_key(payment.transaction_id),
        {"fingerprint": fingerprint},
        added={by_hour: _one(hour, is_large), by_minute: _one(minute, is_large)},
        set_to={
            customer_day_key(payment.day, payment.customer_id): of_customer.field(),
            in_minute: of_partner.field(),
        },
        expires_at=day_expiry(payment.day),
    )


def _one(of: str, is_large: bool) -> dict[str, int]:
    return {f"n{of}": 1, f"l{of}": 1} if is_large else {f"n{of}": 1}


def _usable(night: Mapping[str, Any] | None, payment: Payment) -> date:
    if night is None:
        raise FeaturesMissing("no night has written its features yet: run the night, then ask again.")
    as_of = date.fromisoformat(night["as_of"])
    age = payment.day - day_of(as_of)
    if age < 0:
        raise BadField(
            "occurred_at",
            f"occurred_at is before {as_of}, the start of the day whose features are in use: "
            f"ask for a score while the payment waits.",
        )
    if age > OLDEST_NIGHT_DAYS:
        raise FeaturesMissing(f"the night's features are of {as_of}, {age} days before the payment: run the night.")
    return as_of


def _past(payment: Payment, customer: Mapping[str, Any] | None, counted: list[Counted], as_of: date) -> Past:
    lists = json.loads(customer["lists"]) if customer is not None else {"s": [], "u": [], "p": [], "l": []}
    # While the night writes, a customer's record may be ahead of the night's own: it holds the payments of the days
    # before its date, and those days' counters must not bring them again.
    known_to = max(as_of, date.fromisoformat(customer["as_of"])) if customer is not None else as_of
    from_s = day_of(known_to) * DAY_S
    here = (payment.occurred_s, payment.transaction_id)
    before = [one for one in counted if one.occurred_s >= from_s and (one.occurred_s, one.transaction_id) < here]
    oldest = payment.occurred_s - (LOOKBACK_DAYS + 1) * DAY_S
    first = next((n for n, second in enumerate(lists["s"]) if second >= oldest), len(lists["s"]))
    return Past(
        [*lists["s"][first:], *(one.occurred_s for one in before)],
        [*lists["u"][first:], *(one.amount_units for one in before)],
        [*lists["p"][first:], *(one.partner_id for one in before)],
        [*map(bool, lists["l"][first:]), *(one.is_large for one in before)],
        sum(one.occurred_s == payment.occurred_s for one in before),
    )


def _partner(payment: Payment, night: Mapping[str, Any], found: _Records) -> tuple[PartnerDay, bool]:
    known = found.get(partner_key(payment.partner_id))
    names = json.loads(night["partner_features"])
    values = as_numbers(known["values"] if known is not None else night["unknown_partner"])
    by_hour, by_minute, in_minute = (found.get(k, {}) for k in partner_day_keys(payment.occurred_s, payment.partner_id))
    hour, minute = hour_and_minute(payment.occurred_s)
    here = (payment.occurred_s, payment.transaction_id)
    before = [one for one in counted_in(in_minute) if (one.occurred_s, one.transaction_id) < here]
    today = _sum_below(by_hour, "n", hour) + _sum_below(by_minute, "n", minute) + len(before)
    large = _sum_below(by_hour, "l", hour) + _sum_below(by_minute, "l", minute) + sum(one.is_large for one in before)
    recent = frozenset(json.loads(night["recent_features"]))
    record = dict(zip(names, values, strict=True))
    seen = today > 0 or (known is not None and any(record[name] > 0 for name in recent))
    return PartnerDay(record, recent, str(night["large_feature"]), today, large), seen


def _sum_below(counts: Mapping[str, Any], kind: str, of: str) -> int:
    """Add up the counts of a kind for the hours, or minutes, before one."""
    return sum(int(value) for name, value in counts.items() if len(name) == 3 and name[0] == kind and name[1:] < of)
