"""Partners of the made-up world, and the days on which each one leaks the cards it sees."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.science.synthetic.draws import Bools, Floats, Ints, Stream, generator, identifiers, words
from jobs.science.synthetic.partner_kinds import CATEGORIES, Planted, draw_planted, draw_texts
from jobs.tables.inputs import PARTNERS

FENCED = tuple(CATEGORIES.index(c) for c in ("electronics", "jewellery", "gift cards"))
"""Categories whose goods are easily sold on: where stolen cards are spent."""

COMPROMISE_DAYS = 14

_AMOUNT_FACTOR = np.array([0.8, 1.3, 2.2, 3.0, 1.0, 0.7, 0.5, 1.6, 2.5, 1.1])
_CATEGORY_SHARE = np.array([0.24, 0.14, 0.07, 0.05, 0.11, 0.17, 0.08, 0.08, 0.02, 0.04])
_FIRST = ("Linden", "Harbour", "Copper", "Juniper", "Mill", "Orchard", "Beacon", "Willow", "Granite", "Meadow")
_LAST = ("Corner", "House", "Works", "Lane", "Market", "Square", "Yard", "Bridge", "Hall", "Point")
_COMPROMISES_PER_PARTNER_DAY = 0.0012


@dataclass(frozen=True)
class Partners:
    """All partners, the same in every shard.

    Parameters
    ----------
    category : ndarray of shape (n,)
        Place in CATEGORIES.
    popularity : ndarray of shape (n,)
        Cumulated share of payments, ending at 1.
    amount_factor : ndarray of shape (n,)
        Usual amount as a multiple of the customer's basket.
    compromised : ndarray of shape (n, days)
        Whether the partner leaks on that day of the world.
    fenced : ndarray of shape (m,)
        Partners whose goods are easily sold on.
    planted : Planted
        Partners that are in on it: collusion, bust-out, slow leaks.
    texts : tuple of tuple of str
        Description and site text of each partner.
    """

    category: Ints
    popularity: Floats
    amount_factor: Floats
    compromised: Bools
    fenced: Ints
    planted: Planted
    texts: tuple[tuple[str, str], ...]

    @property
    def cases(self) -> pa.Table:
        """What truly happened at partners: partner_id, kind, first and last day of the world, counted from 0."""
        rows: list[tuple[int, str, int, int]] = []
        for partner in np.flatnonzero(self.compromised.any(axis=1)):
            edges = np.diff(np.concatenate([[0], self.compromised[partner].astype(np.int64), [0]]))
            spans = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
            rows += [(int(partner), "compromise", int(first), int(after) - 1) for first, after in spans]
        rows += self.planted.cases
        number, kind, first_day, last_day = zip(*rows, strict=True) if rows else ((), (), (), ())
        return pa.table(
            {
                "partner_id": self.ids.take(pa.array(number, pa.int64())),
                "kind": pa.array(kind, pa.string()),
                "first_day": pa.array(first_day, pa.int64()),
                "last_day": pa.array(last_day, pa.int64()),
            }
        )

    @property
    def ids(self) -> Any:
        """Ids of all partners, a pyarrow.Array of string."""
        return identifiers("p", np.arange(len(self.category)), 4)

    def draw(self, u: Floats) -> Ints:
        """Return partners drawn by popularity from uniform numbers in [0, 1)."""
        return np.minimum(np.searchsorted(self.popularity, u, side="right"), len(self.popularity) - 1).astype(np.int64)

    def table(self) -> pa.Table:
        """Return the partners as a table of schema PARTNERS."""
        n = len(self.category)
        number = np.arange(n)
        first, last = words(number * 7 % len(_FIRST), _FIRST), words(number // len(_FIRST) % len(_LAST), _LAST)
        names = [
            f"{a} {b} {i}" if i % 97 else None
            for i, (a, b) in enumerate(zip(first.to_pylist(), last.to_pylist(), strict=True))
        ]
        described, sites = zip(*self.texts, strict=True)
        columns = [self.ids, pa.array(names, pa.string()), words(self.category, CATEGORIES)]
        columns += [pa.array(described, pa.string()), pa.array(sites, pa.string())]
        return pa.Table.from_arrays(columns, schema=PARTNERS.schema)


def draw_partners(seed: int, partners: int, days: int) -> Partners:
    """Draw all partners and the days on which each is compromised.

    Parameters
    ----------
    seed : int
        Seed of the world.
    partners : int
        How many, >= 20.
    days : int
        Days of payments, >= 1.
    """
    r = generator(seed, Stream.PARTNERS)
    category = r.choice(len(CATEGORIES), partners, p=_CATEGORY_SHARE)
    category[: len(CATEGORIES)] = np.arange(len(CATEGORIES))
    weight = r.gamma(1.2, 1.0, partners) + 0.1
    planted = draw_planted(seed, partners, days)
    starts = r.random((partners, days + COMPROMISE_DAYS - 1)) < _COMPROMISES_PER_PARTNER_DAY
    lasting = np.lib.stride_tricks.sliding_window_view(starts, COMPROMISE_DAYS, axis=1)
    return Partners(
        category=category.astype(np.int64),
        popularity=np.cumsum(weight) / weight.sum(),
        amount_factor=_AMOUNT_FACTOR[category],
        compromised=np.asarray(lasting.any(axis=2), dtype=np.bool_),
        fenced=np.flatnonzero(np.isin(category, FENCED)).astype(np.int64),
        planted=planted,
        texts=draw_texts(seed, category, planted),
    )
