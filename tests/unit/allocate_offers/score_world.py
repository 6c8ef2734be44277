"""A home with scores of as many customers as a test wants, in files and row groups that are cut anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runtime.chain import step
from jobs.runtime.run import Job, run_job
from jobs.runtime.shard import OpenShard
from jobs.runtime.stores import Stores, open_stores
from jobs.tables.declare import Table
from jobs.tables.outputs import CUSTOMER_RISK, UPLIFT_SCORES

DAY = date(2026, 3, 1)


@dataclass(frozen=True)
class ScoreWorld:
    """Customers with an effect for each arm.

    Parameters
    ----------
    customers, arms, files : int
        How many there are.
    budget_share, cap_share : float
        Customers that the budget pays for, and that each arm's cap allows, as shares of all.
    group_rows : int
        Rows of a row group, which need not be whole customers.
    again : dict of int to float
        Customers that stand in the last file a second time, with what is added to their effects there.
    withdrawn : tuple of int
        Of these, those without consent there.
    campaign : str
        Its id.
    of_arm : dict of int to str
        More fields of an arm, as its inline table holds them.
    more : str
        More of the campaign file: keys, then tables.
    level_eur : float
        Mean effect of an arm, euro.
    card : dict
        Card of the model that made the scores; without one it is a model that is not known any more.
    """

    customers: int = 6_000
    arms: int = 4
    files: int = 3
    budget_share: float = 0.3
    cap_share: float = 0.1
    group_rows: int = 997
    again: Mapping[int, float] = field(default_factory=dict)
    withdrawn: tuple[int, ...] = ()
    campaign: str = "spring"
    of_arm: Mapping[int, str] = field(default_factory=dict)
    more: str = ""
    level_eur: float = 0.4
    card: Mapping[str, Any] = field(default_factory=dict)

    def toml(self) -> bytes:
        """The campaign's file; arms differ in cost, and all have a cap but the last."""
        cap = int(self.customers * self.cap_share)
        caps = [f", cap = {cap}" for _ in range(self.arms - 1)] + [""]
        arms = [
            f'{{ name = "arm-{a}", offer = "offer {a}", contact_cost_eur = {0.5 + 0.1 * a:.1f}{limit}'
            f"{', ' + self.of_arm[a] if a in self.of_arm else ''} }},"
            for a, limit in enumerate(caps)
        ]
        return (
            f'id = "{self.campaign}"\nowner = "growth"\ncontrol = "none"\nfraud_loss_eur = 20.0\nfraud_limit = 0.2\n'
            f"budget_eur = {0.6 * self.budget_share * self.customers}\nholdout_share = 0.1\n"
            f'features = [{{ name = "age", type = "number" }}]\narms = [\n{chr(10).join(arms)}\n]\n{self.more}'
        ).encode()

    def rows(self, first: int, last: int) -> pa.Table:
        """Scores of some customers, all arms of one after another; the same whichever others are asked for."""
        block = 10_000
        effects, consents = [], []
        for start in range(first - first % block, last, block):
            rng = np.random.default_rng([11, self.arms, start])
            level = rng.normal(self.level_eur, 1.0, (block, 1)) + rng.normal(0, 0.8, (block, self.arms))
            part = slice(max(first - start, 0), last - start)
            # Cents, so that some customers are alike.
            effects.append(np.round(level, 2)[part])
            consents.append((rng.random(block) < 0.9)[part])
        return self._laid_out(np.arange(first, last), np.concatenate(effects), np.concatenate(consents))

    def repeated(self) -> pa.Table:
        """Rows of the customers who stand in the last file once more."""
        pieces = [self.rows(0, 1).slice(0, 0)]
        for customer, added in self.again.items():
            rows = self.rows(customer, customer + 1)
            consent = rows["consent"].to_numpy() & (customer not in self.withdrawn)
            pieces.append(
                self._laid_out(np.array([customer]), rows["effect_eur"].to_numpy()[None] + added, consent[:1])
            )
        return pa.concat_tables(pieces)

    def _laid_out(self, customers: np.ndarray, effect: np.ndarray, consent: np.ndarray) -> pa.Table:
        ids = pa.array(np.repeat(np.char.add("c", np.char.zfill(customers.astype(str), 8)), self.arms))
        return pa.table(
            {
                "customer_id": ids,
                "arm": pa.array([f"arm-{a}" for a in range(self.arms)] * len(customers), pa.string()),
                "effect_eur": effect.reshape(-1),
                "consent": np.repeat(consent, self.arms),
                "account_id": ids,
                "model_version": pa.repeat("v1", len(ids)),
            }
        )


@dataclass(frozen=True)
class Scores:
    """Write the scores of a world."""

    run_date: date
    campaign: str


def fill(world: ScoreWorld, stores: Stores, *, risk: bool = True, day: date = DAY) -> None:
    """Put the campaign, and the scores as a finished run of score-uplift whose shards cut customers apart."""
    stores.objects.put_if_absent(f"campaigns/{world.campaign}.toml", world.toml())
    kind = f"uplift-{world.campaign}"
    version = stores.models.register(kind, {"m": b"1"}, dict(world.card))
    stores.models.promote(kind, version, "test", "first")
    for file in range(world.files):
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({"customer_id": [str(file)]}), sink)
        stores.objects.put_if_absent(f"inputs/customers/{file:05d}.parquet", sink.getvalue().to_pybytes())

    def work(request: Scores, stores: Stores, shard: OpenShard) -> None:
        files = shard.manifest.shards
        ends = [-(-world.customers * world.arms * n // files) for n in range(files + 1)]
        for start in range(ends[shard.index], ends[shard.index + 1], world.group_rows):
            stop = min(start + world.group_rows, ends[shard.index + 1])
            first = start // world.arms
            rows = world.rows(first, -(-stop // world.arms))
            if world.card:
                rows = rows.drop_columns(["model_version"]).append_column(
                    "model_version", pa.repeat(version, rows.num_rows)
                )
            shard.stage(UPLIFT_SCORES, rows.slice(start - first * world.arms, stop - start))
        if shard.index == files - 1:
            shard.stage(UPLIFT_SCORES, world.repeated())

    run_job(Job(step("score-uplift"), Scores, work), Scores(day, world.campaign), stores)
    if risk:
        _put_risk(world, stores, day)


def _put_risk(world: ScoreWorld, stores: Stores, day: date) -> None:
    """Every third customer has paid lately; a few of them are over the fraud limit."""
    who = np.arange(0, world.customers, 3)
    rng = np.random.default_rng(5)
    put(
        stores,
        CUSTOMER_RISK,
        day,
        customer_id=np.char.add("c", np.char.zfill(who.astype(str), 8)).tolist(),
        fraud_probability=np.round(rng.beta(1, 30, len(who)), 3).tolist(),
    )


def put(stores: Stores, table: Table, day: date, **columns: list[Any]) -> None:
    """Commit rows of a day to a table; of columns that are not given, those that need a value say nothing."""
    n = len(next(iter(columns.values())))
    empty = {pa.string(): "test", pa.bool_(): False}
    whole = {
        c.name: pa.array(columns.get(c.name, [None if c.nullable else empty.get(c.type, 0)] * n), c.type)
        for c in table.columns
        if c.name != "run_date"
    }
    writer = stores.tables.open_stage(table, {"run_date": day}, "put")
    writer.write(pa.table({"run_date": pa.repeat(pa.scalar(day, pa.date32()), n), **whole}).select(table.names))
    staged = writer.close()
    assert staged is not None
    stores.tables.finish(table, [staged], {"run_date": day}, "put", 1, lambda: None)


def home(folder: Path, *worlds: ScoreWorld) -> Stores:
    """Open a folder home that is filled with worlds."""
    stores = open_stores({"NETLIFT_HOME": str(folder)}, lambda: datetime(2026, 3, 2, tzinfo=UTC))
    for world in worlds:
        fill(world, stores)
    return stores
