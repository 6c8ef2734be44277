"""Purchases of a few customers at partners of a catalogue, and the affinity of each pair counted by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from jobs.science.fraud.engine import Limits, opened

FIRST_S, END_S = 1_700_000_000, 1_700_000_000 + 90 * 86_400


@dataclass(frozen=True)
class Purchases:
    """Made-up purchases: who, where; and a catalogue.

    Parameters
    ----------
    customer, partner : ndarray of shape (purchases,)
        Numbers; customers above the number who are asked have bought nothing.
    arm, of_partner : ndarray of shape (offers,)
        Arm and partner of each offer.
    category_of : ndarray of shape (partners,)
        Category of each partner; partners that no offer names are there too.
    weight : ndarray of shape (offers,)
        How often the trial drew each.
    """

    customer: np.ndarray
    partner: np.ndarray
    arm: np.ndarray
    of_partner: np.ndarray
    category_of: np.ndarray
    weight: np.ndarray

    @classmethod
    def drawn(cls, seed: int, customers: int = 40, offers: int = 60, partners: int = 25, arms: int = 3) -> "Purchases":
        """Draw some; every partner is popular in its own degree, and some customers keep to one."""
        rng = np.random.default_rng(seed)
        size = customers * 6
        customer = rng.integers(0, customers, size)
        popular = rng.zipf(1.4, size) % partners
        partner = np.where(rng.random(size) < 0.5, (customer * 7) % partners, popular)
        of_partner = rng.integers(0, partners - 3, offers)
        arm = np.concatenate([np.arange(arms), rng.integers(0, arms, offers - arms)])
        return cls(customer, partner, arm, of_partner, rng.integers(0, 6, partners), rng.integers(1, 4, offers) * 1.0)

    @property
    def offers(self) -> pa.Table:
        """The catalogue."""
        return pa.table(
            {
                "arm": self.arm,
                "partner_id": pa.array([f"p{p}" for p in self.of_partner]),
                "category": pa.array([f"c{self.category_of[p]}" for p in self.of_partner]),
                "weight": self.weight,
            }
        )

    @property
    def categories(self) -> dict[str, str]:
        """Category of every partner."""
        return {f"p{p}": f"c{c}" for p, c in enumerate(self.category_of)}

    def affinity(self, customers: int, prior: float) -> tuple[np.ndarray, np.ndarray]:
        """Affinity of customers to offers and popularity of offers, shapes (customers, offers) and (offers,)."""
        listed = np.unique(self.of_partner)
        own = np.unique(self.category_of[listed])
        times = np.zeros((customers, len(self.category_of)))
        np.add.at(times, (self.customer, self.partner), 1)
        times[:, ~np.isin(self.category_of, own)] = 0
        by_category = np.stack([times[:, self.category_of == c].sum(1) for c in own], axis=1)
        category_share = (by_category.sum(0) + 1) / (by_category.sum() + len(own))
        at = np.searchsorted(own, self.category_of)
        partners_in = np.array([(self.category_of[listed] == c).sum() for c in own])
        found, popularity = np.zeros((customers, len(self.arm))), np.zeros(len(self.arm))
        for o, p in enumerate(self.of_partner):
            c = at[p]
            share = (times[:, p].sum() + 1) / (by_category[:, c].sum() + partners_in[c])
            of_category = (by_category[:, c] + prior * category_share[c]) / (by_category.sum(1) + prior)
            found[:, o] = of_category * (times[:, p] + prior * share) / (by_category[:, c] + prior)
            popularity[o] = category_share[c] * share
        return found, popularity

    @contextmanager
    def engine(
        self, fraud: tuple[int, ...] = (), when: np.ndarray | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open an engine with these purchases, some of which are known to be fraud."""
        size = len(self.customer)
        seconds = np.linspace(FIRST_S, END_S - 1, size).astype(np.int64) if when is None else when
        transactions = pa.table(
            {
                "transaction_id": [str(i) for i in range(size)],
                "customer_id": [f"k{c}" for c in self.customer],
                "partner_id": [f"p{p}" for p in self.partner],
                "occurred_at": pa.array(seconds * 1_000_000).cast(pa.timestamp("us", tz="UTC")),
                "amount_eur": np.ones(size),
            }
        )
        reports = pa.table(
            {
                "transaction_id": pa.array([str(i) for i in fraud], pa.string()),
                "is_fraud": pa.array([True] * len(fraud), pa.bool_()),
                "reported_at": pa.array([(END_S - 10) * 1_000_000] * len(fraud)).cast(pa.timestamp("us", tz="UTC")),
            }
        )
        with opened(transactions, reports, Limits(), FIRST_S, END_S + 86_400) as connection:
            yield connection
