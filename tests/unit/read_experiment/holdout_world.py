"""A home whose campaign made offers on some nights, and what came of them: the model promises more than is true."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.allocate_offers import AllocateOffers, allocate_offers
from jobs.runtime.stores import Stores
from jobs.tables.outputs import OFFERS
from tests.trained import rows_of
from tests.unit.allocate_offers.score_world import DAY, ScoreWorld, home

WINDOW_DAYS = 14
CLOSED = DAY + timedelta(days=WINDOW_DAYS)
"""First day on which the window of the night of DAY has closed."""

PARTNERS = ("p0", "p1")


@dataclass(frozen=True)
class HoldoutWorld:
    """Scores are so many times the truth; who gets what comes from the allocation itself.

    Parameters
    ----------
    overstated : float
        Promised over true effect.
    customers : int
        How many there are.
    more : str
        More of the campaign file.
    changes : dict
        More of the world of scores.
    """

    overstated: float = 2.0
    customers: int = 6_000
    more: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scores(self) -> ScoreWorld:
        of_arm = {a: f'partner_id = "{PARTNERS[a % 2]}"' for a in range(2)}
        return ScoreWorld(
            **{"customers": self.customers, "arms": 2, "files": 2, "cap_share": 0.5, "budget_share": 0.6,
               "level_eur": 3.0, "of_arm": of_arm, "more": self.more} | dict(self.changes)
        )  # fmt: skip

    def effects(self) -> dict[tuple[str, str], float]:
        """What each arm truly adds for each customer, euro."""
        rows = self.scores.rows(0, self.customers)
        pairs = zip(rows["customer_id"].to_pylist(), rows["arm"].to_pylist(), strict=True)
        return dict(zip(pairs, (rows["effect_eur"].to_numpy() / self.overstated).tolist(), strict=True))

    def night(self, folder: Path) -> Stores:
        """Make offers for the night of DAY."""
        stores = home(folder, self.scores)
        allocate_offers(AllocateOffers(DAY), stores)
        return stores

    def outcomes(self, stores: Stores, night: date = DAY, seed: int = 1) -> pa.Table:
        """What came of a night for everybody who was scored."""
        r = np.random.default_rng(seed)
        effect = self.effects()
        rows = rows_of(stores, OFFERS, run_date=night).sort_by("customer_id").to_pylist()
        gained = [effect.get((row["customer_id"], row["arm"]), 0.0) for row in rows]
        opened = datetime.combine(night, time.min, UTC)
        return pa.table(
            {
                "customer_id": [row["customer_id"] for row in rows],
                "campaign_id": ["spring"] * len(rows),
                "run_date": pa.array([night] * len(rows), pa.date32()),
                "outcome": 4.0 + np.array(gained) + r.normal(0.0, 2.0, len(rows)),
                "matured_at": pa.array(
                    [opened + timedelta(days=WINDOW_DAYS)] * len(rows), pa.timestamp("us", tz="UTC")
                ),
            }
        )

    def sales(self, stores: Stores, night: date = DAY, seed: int = 2) -> tuple[pa.Table, dict[str, float]]:
        """Payments in the windows before and after a night, and what offers truly added to each partner's sales."""
        r = np.random.default_rng(seed)
        rows = rows_of(stores, OFFERS, run_date=night).sort_by("customer_id").to_pylist()
        habit = r.gamma(2.0, 5.0, len(rows))
        ids: list[str] = []
        where: list[str] = []
        when: list[datetime] = []
        amounts: list[float] = []
        truth = dict.fromkeys(PARTNERS, 0.0)
        noon = datetime.combine(night, time(12), UTC)
        for i, row in enumerate(rows):
            for number, partner in enumerate(PARTNERS):
                lifted = 4.0 + 2.0 * number if row["partner_id"] == partner else 0.0
                truth[partner] += lifted
                for days, amount in ((-3, habit[i]), (5, habit[i] + lifted)):
                    ids.append(row["customer_id"])
                    where.append(partner)
                    when.append(noon + timedelta(days=days))
                    amounts.append(round(float(amount * r.uniform(0.7, 1.3)), 2))
        paid = {
            "transaction_id": [f"t{night}-{i}" for i in range(len(ids))],
            "customer_id": ids,
            "partner_id": where,
            "occurred_at": pa.array(when, pa.timestamp("us", tz="UTC")),
            "amount_eur": amounts,
        }
        return pa.table(paid), truth


def put(stores: Stores, table: str, name: str, rows: pa.Table) -> None:
    """Put rows among the inputs."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink)
    stores.objects.put_if_absent(f"inputs/{table}/{name}.parquet", sink.getvalue().to_pybytes())
