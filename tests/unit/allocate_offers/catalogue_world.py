"""A home with scores, purchases, and a catalogue of many offers for one of its campaigns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runtime.stores import Stores
from tests.unit.allocate_offers.score_world import DAY, ScoreWorld, home


@dataclass(frozen=True)
class CatalogueWorld:
    """A campaign whose offers are those of a catalogue.

    Parameters
    ----------
    scores : ScoreWorld
        Customers and the effects of the arms; its arms' caps and costs stand in the campaign file.
    offers, partners, categories : int
        How many there are.
    purchases : int
        Purchases of all customers; every tenth customer buys nothing.
    candidates : str
        Fields of the section, as TOML.
    cap : int or None
        Customers that an offer may go to.
    partner_budget_eur : float or None
        What a partner pays for contacts.
    changed : mapping of int to mapping
        Fields of some offers, by their number, that are otherwise than they would be.
    """

    scores: ScoreWorld = field(default_factory=lambda: ScoreWorld(customers=800, arms=2, files=2, cap_share=0.25))
    offers: int = 100
    partners: int = 25
    categories: int = 6
    purchases: int = 5_000
    candidates: str = "most = 12"
    cap: int | None = 20
    partner_budget_eur: float | None = 15.0
    changed: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    def home(self, folder: Path, *others: ScoreWorld) -> Stores:
        """Open a home that is filled with this world, and with other campaigns."""
        section = f"[candidates]\n{self.candidates}\n"
        # Offers of the catalogue say what they are; an arm of the file does not.
        scores = _Kinds(**{**vars(self.scores), "more": self.scores.more + section})
        stores = home(folder, *others, scores)
        put_table(stores, f"inputs/catalogue/{scores.campaign}/date={DAY}/offers.parquet", self.rows())
        put_table(stores, "inputs/transactions/purchases.parquet", self.bought())
        return stores

    def rows(self) -> pa.Table:
        """The catalogue."""
        rows = [
            {
                "offer_id": f"offer-{o:05d}",
                "campaign_id": self.scores.campaign,
                "arm": f"arm-{o % self.scores.arms}",
                "partner_id": f"p{o % self.partners:04d}",
                "category": f"category-{o % self.partners % self.categories}",
                "contact_cost_eur": 0.4 + 0.01 * (o % 20),
                "cap": self.cap,
                "partner_budget_eur": self.partner_budget_eur,
                "expires_on": DAY + timedelta(days=30 + o % 7),
                **self.changed.get(o, {}),
            }
            for o in range(self.offers)
        ]
        return pa.Table.from_pylist(rows, schema=_schema(rows))

    def bought(self) -> pa.Table:
        """Purchases before the night, of which every customer makes most at partners of his own."""
        rng = np.random.default_rng(7)
        customer = rng.integers(0, self.scores.customers, self.purchases)
        customer -= customer % 10 == 0
        customer = np.maximum(customer, 1)
        partner = np.where(rng.random(self.purchases) < 0.6, (customer * 7) % self.partners, 0)
        partner = np.where(rng.random(self.purchases) < 0.3, rng.zipf(1.5, self.purchases) % self.partners, partner)
        end = np.datetime64(DAY + timedelta(days=1), "us")
        return pa.table(
            {
                "transaction_id": [f"t{i}" for i in range(self.purchases)],
                "customer_id": np.char.add("c", np.char.zfill(customer.astype(str), 8)),
                "partner_id": np.char.add("p", np.char.zfill(partner.astype(str), 4)),
                "occurred_at": pa.array(
                    end - rng.integers(1, 60 * 86_400, self.purchases).astype("timedelta64[s]"),
                    pa.timestamp("us", tz="UTC"),
                ),
                "amount_eur": np.round(rng.gamma(2.0, 15.0, self.purchases), 2),
            }
        )

    def with_changed(self, offer: int, **values: Any) -> "CatalogueWorld":
        """Return the world with one offer that is otherwise."""
        return replace(self, changed={**self.changed, offer: values})


class _Kinds(ScoreWorld):
    """Scores of a campaign whose arms are kinds of offers."""

    def toml(self) -> bytes:
        lines = super().toml().decode().splitlines()
        return "\n".join(_without_offer(line) for line in lines).encode()


def _without_offer(line: str) -> str:
    first, comma, rest = line.partition(', offer = "')
    return first + rest.partition('"')[2] if comma else line


def _schema(rows: Sequence[Mapping[str, Any]]) -> pa.Schema:
    kinds = {"cap": pa.int64(), "partner_budget_eur": pa.float64(), "expires_on": pa.date32()}
    return pa.schema({n: kinds.get(n, pa.float64() if isinstance(rows[0][n], float) else pa.string()) for n in rows[0]})


def put_table(stores: Stores, key: str, rows: pa.Table) -> None:
    """Write a table as a Parquet file among the objects."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink)
    stores.objects.put_if_absent(key, sink.getvalue().to_pybytes())


def night_before() -> date:
    """The day before the world's."""
    return DAY - timedelta(days=1)
