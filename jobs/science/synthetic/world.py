"""The made-up world: one seed, any number of customers, read shard by shard in the schemas that netlift reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from jobs.errors import BadRequest
from jobs.science.synthetic import campaign, payments, planted, trial
from jobs.science.synthetic.aftermath import Aftermath, draw_aftermath
from jobs.science.synthetic.draws import BLOCK_CUSTOMERS, DAY_US, Floats, identifiers, timestamps
from jobs.science.synthetic.habits import HABITS
from jobs.science.synthetic.partners import Partners, draw_partners
from jobs.science.synthetic.people import People, behave, draw_people
from jobs.tables.inputs import CUSTOMERS

CUSTOMERS_TABLE = CUSTOMERS.extended(campaign.FEATURES)
TRIAL_TABLE = trial.TRIAL_TABLE

_T = TypeVar("_T")


@dataclass(frozen=True)
class Shard:
    """A range of customers that is drawn at once.

    Parameters
    ----------
    first : int
        Number of the first customer, a multiple of the block.
    customers : int
        Customers in it, >= 1.
    """

    first: int
    customers: int


@dataclass(frozen=True)
class Payments:
    """The payments of a shard: what is seen of them, and the truth.

    Parameters
    ----------
    transactions : pyarrow.Table
        Schema TRANSACTIONS.
    fraud_reports : pyarrow.Table
        Schema FRAUD_REPORTS: frauds reported by the end of the run's date, and a few disputes that were cleared. A
        payment without a report is genuine so far as anyone knows.
    truth : pyarrow.Table
        transaction_id and kind of every fraud, reported or not: for judging, never for training.
    """

    transactions: pa.Table
    fraud_reports: pa.Table
    truth: pa.Table


@dataclass(frozen=True)
class World:
    """Customers, partners, payments with fraud and a randomised trial whose effects are known.

    A shard is the same whichever were drawn before it and however many customers the world has, and costs the memory
    of itself. Partners, and the days on which they leak cards, are the same in every shard.

    Parameters
    ----------
    seed : int
        Seed of everything, >= 0.
    n_customers : int
        Customers of the world, 1 to 10,000,000.
    run_date : datetime.date
        Last day of the world, UTC; payments end with it.
    days : int
        Days of payments, the run's date included, 1 to 400.
    payments_per_day : float
        Mean everyday payments of a customer in a day, in (0, 5].
    n_partners : int
        Merchant partners, 20 to 10,000.
    trial_share : float
        Share of the consenting customers who took part in the trial, in [0, 1].
    bad_rows : bool
        Whether the first shard carries a few broken payments and units, one of each kind.
    habits : bool
        Whether customers fall into segments by the way they pay; without them all pay alike, by degrees.

    Raises
    ------
    BadRequest
        If a parameter is out of its range.

    Examples
    --------
    >>> from datetime import date
    >>> world = World(seed=7, n_customers=1_000, run_date=date(2026, 11, 2))
    >>> shard = world.shards()[0]
    >>> world.customers(shard).num_rows, world.true_effects(shard).shape
    (1000, (1000, 4))
    """

    seed: int
    n_customers: int
    run_date: date
    days: int = 45
    payments_per_day: float = 0.4
    n_partners: int = 400
    trial_share: float = 0.6
    bad_rows: bool = True
    habits: bool = True

    def __post_init__(self) -> None:
        """Refuse what the world cannot be."""
        for name, low, high in (
            ("seed", 0, 2**63 - 1),
            ("n_customers", 1, 10_000_000),
            ("days", 1, 400),
            ("n_partners", 20, 10_000),
            ("trial_share", 0, 1),
            ("payments_per_day", 0.001, 5),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise BadRequest(f"{name} == {value}, must be in [{low}, {high}].")

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms, in the order of the columns of `true_effects`; the control is not among them."""
        return tuple(a.name for a in campaign.ARMS)

    def shards(self, customers: int = 100_000) -> tuple[Shard, ...]:
        """Cut the world into shards of about `customers` each, whole blocks of 2,000.

        Parameters
        ----------
        customers : int
            Customers of a shard, >= 1; rounded up to whole blocks.
        """
        if customers < 1:
            raise BadRequest(f"customers == {customers} in a shard, must be >= 1.")
        step = -(-customers // BLOCK_CUSTOMERS) * BLOCK_CUSTOMERS
        return tuple(Shard(first, min(step, self.n_customers - first)) for first in range(0, self.n_customers, step))

    def campaign(self) -> dict[str, Any]:
        """Return the campaign as plain values, laid out as a campaign file is."""
        return campaign.describe(self.n_customers, tuple(self._partners.ids.to_pylist()))

    def partners(self) -> pa.Table:
        """Return all partners, of schema PARTNERS."""
        return self._partners.table()

    def partner_cases(self) -> pa.Table:
        """Return what truly happened at partners: partner_id, kind, first_day, last_day (dates), both included.

        For judging, never for training.
        """
        cases = self._partners.cases
        first = (self.run_date - timedelta(days=self.days - 1)).toordinal()
        for name in ("first_day", "last_day"):
            days = [date.fromordinal(first + day) for day in cases[name].to_pylist()]
            cases = cases.set_column(cases.column_names.index(name), name, pa.array(days, pa.date32()))
        return cases

    def customers(self, shard: Shard) -> pa.Table:
        """Return the customers of a shard, of schema CUSTOMERS_TABLE: features as of the start of the run's date."""

        def draw(block: int, keep: int) -> pa.Table:
            people = self._people(block)
            columns = {
                "customer_id": identifiers("c", people.number, 8),
                "as_of": timestamps(np.full(len(people.number), self._end_us - DAY_US)),
                "consent": pa.array(people.consent),
                "account_id": pa.nulls(len(people.number), pa.string()),  # payments carry the customer's own id
            } | {c.name: people.seen(c.name) for c in campaign.FEATURES}
            schema = CUSTOMERS_TABLE.schema
            return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema).slice(0, keep)

        return pa.concat_tables(self._by_block(shard, draw)).combine_chunks()

    def true_effects(self, shard: Shard) -> Floats:
        """Return what each arm truly adds to the expected net margin, before the cost of contact.

        Returns
        -------
        ndarray of shape (n_customers, n_arms)
            Euro, in the order of `customers` and `arms`.
        """
        return np.concatenate(self._by_block(shard, lambda block, keep: behave(self._people(block)).effects_eur[:keep]))

    def true_segments(self, shard: Shard) -> list[str]:
        """Return the name of the habit that each customer of a shard pays by, in the order of `customers`."""
        parts = self._by_block(shard, lambda block, keep: self._people(block).habit[:keep])
        return [HABITS[place].name for place in np.concatenate(parts)]

    def payments(self, shard: Shard) -> Payments:
        """Return the payments of a shard, their reports and the truth, drawn once."""

        def draw(block: int, keep: int) -> tuple[pa.Table, pa.Table, pa.Table]:
            people = self._people(block)
            start_us = self._end_us - self.days * DAY_US
            drawn = payments.draw_payments(
                self.seed,
                block,
                people,
                self._partners,
                days=self.days,
                per_day=self.payments_per_day,
                start_us=start_us,
            )
            return payments.tables(drawn, people, self._partner_ids, keep=keep, days=self.days, start_us=start_us)

        transactions, reports, truth = (
            pa.concat_tables(parts) for parts in zip(*self._by_block(shard, draw), strict=True)
        )
        if self.bad_rows and shard.first == 0 and transactions.num_rows:
            transactions = planted.plant_transactions(transactions, self._end_us)
        return Payments(transactions.combine_chunks(), reports.combine_chunks(), truth.combine_chunks())

    def transactions(self, shard: Shard) -> pa.Table:
        """Return the payments of a shard, of schema TRANSACTIONS."""
        return self.payments(shard).transactions

    def fraud_reports(self, shard: Shard) -> pa.Table:
        """Return the reports of a shard that were known by the end of the run's date, of schema FRAUD_REPORTS."""
        return self.payments(shard).fraud_reports

    def trial(self, shard: Shard) -> pa.Table:
        """Return the trial's units among the customers of a shard, of schema TRIAL_TABLE.

        Its units were contacted 25 to 75 days before the run's date ended: the newest are not matured yet, and their
        outcomes are short of what the whole window will bring.
        """

        def draw(block: int, keep: int) -> pa.Table:
            people = self._people(block)
            return trial.table(trial.draw_trial(self.seed, block, people, self.trial_share), people, keep, self._end_us)

        rows = pa.concat_tables(self._by_block(shard, draw))
        if self.bad_rows and shard.first == 0 and rows.num_rows:
            rows = planted.plant_trial(rows)
        return rows.combine_chunks()

    def aftermath(self, shard: Shard, offered: Mapping[str, str]) -> Aftermath:
        """Return what comes of the night of the run's date: outcomes of all customers of a shard, and their payments.

        Parameters
        ----------
        shard : Shard
            Which customers.
        offered : mapping of str to str
            Arm of each customer who was offered something; the others come as they would anyway.

        Raises
        ------
        BadRequest
            If an arm is none of the world's.
        """

        def draw(block: int, keep: int) -> tuple[pa.Table, pa.Table]:
            people = self._people(block)
            return draw_aftermath(self.seed, block, people, offered, self._partner_ids, self._end_us, keep)

        outcomes, transactions = (
            pa.concat_tables(parts).combine_chunks() for parts in zip(*self._by_block(shard, draw), strict=True)
        )
        return Aftermath(outcomes, transactions)

    def _people(self, block: int) -> People:
        return draw_people(self.seed, block, habits=self.habits)

    @cached_property
    def _partners(self) -> Partners:
        return draw_partners(self.seed, self.n_partners, self.days)

    @cached_property
    def _partner_ids(self) -> Any:
        return self._partners.ids

    @cached_property
    def _end_us(self) -> int:
        """End of the run's date, microseconds since 1970."""
        midnight = datetime(self.run_date.year, self.run_date.month, self.run_date.day, tzinfo=UTC) + timedelta(days=1)
        return int(midnight.timestamp()) * 1_000_000

    def _by_block(self, shard: Shard, draw: Callable[[int, int], _T]) -> list[_T]:
        """Draw the blocks of a shard in order; `draw` takes a block's number and the customers of it that count."""
        last = min(shard.first + shard.customers, self.n_customers)
        return [
            draw(first // BLOCK_CUSTOMERS, min(BLOCK_CUSTOMERS, last - first))
            for first in range(shard.first, last, BLOCK_CUSTOMERS)
        ]
