"""A made-up file of payments whose fraud is known: high amounts, and partners that are compromised for two weeks."""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa

FIRST = dt.date(2026, 1, 1)


def payments(days: int = 60, customers: int = 150, partners: int = 60, a_day: int = 300, seed: int = 3) -> pa.Table:
    """Columns tx, card, shop, eur, at, fraud, region; a label is right at once."""
    rng = np.random.default_rng(seed)
    rows = days * a_day
    day = np.repeat(np.arange(days), a_day)
    second = day * 86_400 + rng.integers(0, 86_400, rows)
    card, shop = rng.integers(0, customers, rows), rng.integers(0, partners, rows)
    usual = rng.gamma(4, 12, customers)
    eur = np.round(rng.gamma(4, usual[card] / 4), 2) + 0.01
    bad_from = rng.integers(0, days, partners)
    compromised = (day >= bad_from[shop]) & (day < bad_from[shop] + 14) & (shop < partners // 4)
    stolen = rng.random(rows) < 0.008
    eur = np.where(stolen, np.round(eur * 8, 2), eur)
    fraud = stolen | (compromised & (rng.random(rows) < 0.5))
    start = dt.datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=dt.UTC)
    at = pa.array(second * 1_000_000 + int(start.timestamp() * 1e6), pa.int64()).cast(pa.timestamp("us", "UTC"))
    columns: dict[str, Any] = {
        "tx": [f"t{n}" for n in rng.permutation(rows)],
        "card": [f"c{n}" for n in card],
        "shop": [f"s{n}" for n in shop],
        "eur": eur,
        "at": at,
        "fraud": fraud.astype(np.int64),
        "region": np.where(card % 3 == 0, "north", "south"),
    }
    return pa.table(columns)
