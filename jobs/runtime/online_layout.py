"""How online records are named and what stands in them: one place for the night that writes and the endpoint that asks.

- ``night``: the day at whose start the night's records were known, the names of a partner's features in the order in
  which its record holds them, and the record of a partner that nobody has paid.
- ``c/CUSTOMER``, ``p/PARTNER``: the night's records.
- ``d/DAY/c/CUSTOMER``: the customer's payments of a day, a field each.
- ``d/DAY/p/PARTNER``, ``.../HH``, ``.../HH:MM``: the partner's payments of a day, counted by hour; of an hour, counted
  by minute; of a minute, a field each. So what came before a payment is added up from three small records,
  whatever the order in which payments arrive, and no record grows with the day.
- ``t/TRANSACTION``: that a payment was counted, and the fingerprint of what it was.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from jobs.storage.online import EXPIRES_AT, Record

NIGHT = "night"
EPOCH = date(1970, 1, 1)
DAY_S = 86_400

KEPT_DAYS = 8
"""Days after its own that a day's records are kept: nights may fail for so long."""

_PAYMENT = "t:"


def customer_key(customer_id: str) -> str:
    """Key of the night's record of a customer."""
    return f"c/{customer_id}"


def partner_key(partner_id: str) -> str:
    """Key of the night's record of a partner."""
    return f"p/{partner_id}"


def counted_key(transaction_id: str) -> str:
    """Key of what says that a payment was counted."""
    return f"t/{transaction_id}"


def customer_day_key(day: int, customer_id: str) -> str:
    """Key of a customer's payments of a day; days since the epoch."""
    return f"d/{_date(day)}/c/{customer_id}"


def partner_day_keys(occurred_s: int, partner_id: str) -> tuple[str, str, str]:
    """Keys of a partner's counts by hour, by minute of the payment's hour, and its payments of that minute.

    Examples
    --------
    >>> partner_day_keys(3_600 + 120 + 5, "shop")
    ('d/1970-01-01/p/shop', 'd/1970-01-01/p/shop/01', 'd/1970-01-01/p/shop/01:02')
    """
    day = f"d/{_date(occurred_s // DAY_S)}/p/{partner_id}"
    hour, minute = hour_and_minute(occurred_s)
    return day, f"{day}/{hour}", f"{day}/{hour}:{minute}"


def hour_and_minute(occurred_s: int) -> tuple[str, str]:
    """Hour of the day and minute of the hour (UTC), two digits each."""
    second = occurred_s % DAY_S
    return f"{second // 3600:02d}", f"{second // 60 % 60:02d}"


def day_expiry(day: int) -> int:
    """Epoch second at which the records of a day expire."""
    return (day + 1 + KEPT_DAYS) * DAY_S


@dataclass(frozen=True, slots=True)
class Counted:
    """A payment of the day, as it stands in a customer's or a partner's record.

    Parameters
    ----------
    occurred_s : int
        Epoch seconds.
    transaction_id : str
        Which payment.
    is_large : bool
        Whether it was large for its customer.
    amount_units : int
        1/10000 euro; 0 in a partner's record.
    partner_id : str
        Where; empty in a partner's record.
    """

    occurred_s: int
    transaction_id: str
    is_large: bool
    amount_units: int = 0
    partner_id: str = ""

    def field(self) -> dict[str, str]:
        """Return the field that holds it."""
        words = [str(self.occurred_s), str(int(self.is_large))]
        if self.partner_id:
            words += [str(self.amount_units), self.partner_id]
        return {f"{_PAYMENT}{self.transaction_id}": " ".join(words)}


def counted_in(record: Mapping[str, Any]) -> list[Counted]:
    """Return the payments of a record, in the order of time and transaction id.

    Examples
    --------
    >>> one = Counted(60, "b", True, 5, "a shop")
    >>> counted_in({**one.field(), "t:a": "60 0 7 x", "expires_at": 9}) == [Counted(60, "a", False, 7, "x"), one]
    True
    """
    found = []
    for name, value in record.items():
        if name.startswith(_PAYMENT):
            second, large, *rest = value.split(" ", 3)
            units, partner_id = (int(rest[0]), rest[1]) if rest else (0, "")
            found.append(Counted(int(second), name.removeprefix(_PAYMENT), large == "1", units, partner_id))
    return sorted(found, key=lambda one: (one.occurred_s, one.transaction_id))


def customer_record(
    as_of: date,
    occurred_s: Sequence[int],
    amount_units: Sequence[int],
    partner_ids: Sequence[str],
    is_large: Sequence[bool],
    payments: int,
    lookback_days: int,
) -> Record:
    """Return the night's record of a customer; it expires when its last payment has left all windows."""
    lists = {"s": occurred_s, "u": amount_units, "p": partner_ids, "l": [int(large) for large in is_large]}
    last = occurred_s[-1] // DAY_S if occurred_s else day_of(as_of)
    return {
        "as_of": str(as_of),
        "kept": len(occurred_s),
        "payments": payments,
        "lists": json.dumps({name: list(values) for name, values in lists.items()}, separators=(",", ":")),
        EXPIRES_AT: (last + lookback_days + 1 + KEPT_DAYS) * DAY_S,
    }


def partner_record(as_of: date, values: Iterable[float | None], lookback_days: int) -> Record:
    """Return the night's record of a partner: its features in the order that the record of the night names."""
    return {
        "as_of": str(as_of),
        "values": as_text(values),
        EXPIRES_AT: (day_of(as_of) + lookback_days + 1 + KEPT_DAYS) * DAY_S,
    }


def as_text(values: Iterable[float | None]) -> str:
    """Return features as text that `as_numbers` reads to the last digit."""
    plain = (None if value is None or math.isnan(value) else value for value in values)
    return json.dumps(list(plain), separators=(",", ":"))


def as_numbers(text: str) -> list[float]:
    """Read features, NaN where one is missing."""
    return [math.nan if value is None else float(value) for value in json.loads(text)]


def day_of(day: date) -> int:
    """Days since the epoch."""
    return (day - EPOCH).days


def _date(day: int) -> str:
    return (EPOCH + timedelta(days=day)).isoformat()
