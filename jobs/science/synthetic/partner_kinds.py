"""Partners of the made-up world that are in on it, and what all partners write about themselves."""

from dataclasses import dataclass

import numpy as np

from jobs.science.synthetic.draws import Floats, Ints, Stream, generator

CATEGORIES = (
    "grocery", "fashion", "electronics", "travel", "fuel", "restaurant", "pharmacy", "home", "jewellery", "gift cards",
)  # fmt: skip

SLOW_SHARE = 0.06
"""Share of a slow leaker's payments that are fraud: a handful among many, for weeks."""

BUST_DAYS = 8

_RINGS_PER_PARTNER = 0.01
_SLOW_PER_PARTNER = 0.015
_BUSTS_PER_PARTNER = 0.0075
_GOODS = {
    "grocery": "fresh fruit bread and milk", "fashion": "dresses coats and shoes", "electronics": "phones and laptops",
    "travel": "flights hotels and tours", "fuel": "petrol diesel and car wash", "restaurant": "lunch and dinner",
    "pharmacy": "medicine and care", "home": "furniture lamps and linen", "jewellery": "rings and watches",
    "gift cards": "vouchers and top-ups",
}  # fmt: skip
_PLAIN = ("family business since 1987", "delivery in two days", "returns within thirty days", "visit us in town",
          "friendly advice", "open on Sundays", "loyalty points", "gift wrapping on request")  # fmt: skip
_LURES = ("pay in advance only", "no returns", "limited stock act now", "prices far below the market",
          "instant payout", "contact by messenger only")  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """Partners that are in on it, the same in every shard.

    Parameters
    ----------
    slow_share : ndarray of shape (n_partners, days)
        Share of the payments of that day that a slow leaker lets go wrong, in [0, 1].
    ring : ndarray of shape (m,)
        Partners that share a ring of accomplices.
    ring_first_day : int
        Day on which the ring begins; it lasts to the end.
    busts : ndarray of shape (b,)
        Partners that take a surge of prepaid orders which they never deliver.
    bust_first_day : ndarray of shape (b,)
        Day on which each surge begins; it lasts `BUST_DAYS`.
    """

    slow_share: Floats
    ring: Ints
    ring_first_day: int
    busts: Ints
    bust_first_day: Ints

    @property
    def cases(self) -> list[tuple[int, str, int, int]]:
        """Number of the partner, kind, first and last day, of all of them."""
        days = self.slow_share.shape[1]
        leaking = self.slow_share > 0
        return [
            *((int(p), "slow leak", int(np.argmax(leaking[p])), days - 1) for p in np.flatnonzero(leaking.any(axis=1))),
            *((int(p), "collusion", self.ring_first_day, days - 1) for p in self.ring),
            *(
                (int(p), "bust-out", int(first), min(int(first) + BUST_DAYS, days) - 1)
                for p, first in zip(self.busts, self.bust_first_day, strict=True)
            ),
        ]


def draw_planted(seed: int, partners: int, days: int) -> Planted:
    """Draw who is in on it; of few partners nobody is.

    Parameters
    ----------
    seed : int
        Seed of the world.
    partners, days : int
        Partners, and days of payments.
    """
    r = generator(seed, Stream.PARTNER_KINDS)
    counts = [round(partners * share) for share in (_RINGS_PER_PARTNER, _SLOW_PER_PARTNER, _BUSTS_PER_PARTNER)]
    ring, slow, busts = np.split(r.permutation(partners)[: sum(counts)], np.cumsum(counts)[:-1])
    slow_share = np.zeros((partners, days))
    for partner, start in zip(slow, r.uniform(0.0, 0.5, len(slow)), strict=True):
        slow_share[partner, int(start * days) :] = SLOW_SHARE
    return Planted(
        slow_share=slow_share,
        ring=ring.astype(np.int64),
        ring_first_day=int(0.3 * days),
        busts=busts.astype(np.int64),
        bust_first_day=np.floor(r.uniform(0.25, 0.9, len(busts)) * days).astype(np.int64),
    )


def draw_texts(seed: int, category: Ints, planted: Planted) -> tuple[tuple[str, str], ...]:
    """Write each partner's description and site; those who mean ill lure more often, and some honest ones do too.

    Parameters
    ----------
    seed : int
        Seed of the world.
    category : ndarray of shape (n_partners,)
        Place in CATEGORIES.
    planted : Planted
        Who is in on it.
    """
    r = generator(seed, Stream.PARTNER_TEXT)
    ill = np.zeros(len(category), dtype=bool)
    ill[planted.ring] = ill[planted.busts] = True
    out = []
    for place, bad in zip(category, ill, strict=True):
        goods = _GOODS[CATEGORIES[place]]
        lines = list(r.choice(_PLAIN, 3, replace=False))
        if r.random() < (0.8 if bad else 0.05):
            lines += list(r.choice(_LURES, 3, replace=False))
        out.append((f"{CATEGORIES[place]}: {goods}", f"We offer {goods}. {'. '.join(lines)}."))
    return tuple(out)
