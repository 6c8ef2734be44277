"""Behaviour of customers read from their payments, in memory that is bounded however many they are."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import duckdb
import pyarrow as pa

from jobs.errors import BadRequest
from jobs.science.fraud.engine import DAY_S, Limits, Source, opened
from jobs.science.segments.statement import (
    EVERY_CUSTOMER,
    INSERT_CUSTOMERS,
    PAID_BY_CUSTOMERS,
    UNKNOWN_PAYERS,
    behaviour_statement,
    customers_statement,
)

_BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Window:
    """The days that behaviour is read from.

    Parameters
    ----------
    last : datetime.date
        Last day.
    days : int
        How many, >= 1.
    """

    last: date
    days: int

    def __post_init__(self) -> None:
        """Refuse a window without a day."""
        if self.days < 1:
            raise BadRequest(f"days == {self.days} of behaviour, must be >= 1.")

    @property
    def end_s(self) -> int:
        """End of the last day, epoch seconds."""
        return int(datetime.combine(self.last + timedelta(days=1), time.min, UTC).timestamp())

    @property
    def first_s(self) -> int:
        """Beginning of the first day, epoch seconds."""
        return self.end_s - self.days * DAY_S


class Behaviour:
    """What customers did in a window; made by :func:`read_behaviour`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, window: Window) -> None:
        self._connection = connection
        self.window = window

    def sample(self, rows: int) -> pa.Table:
        """Return the behaviour of some customers who paid, the same ones on every run.

        Parameters
        ----------
        rows : int
            Most accounts to return, >= 1.
        """
        return self._connection.sql(PAID_BY_CUSTOMERS.format(rows=rows)).to_arrow_table()

    def customers(self) -> Iterator[pa.Table]:
        """Yield every customer with the behaviour of the account, missing where nothing was paid."""
        for batch in self._connection.sql(EVERY_CUSTOMER).to_arrow_reader(_BATCH_ROWS):
            if batch.num_rows:
                yield pa.Table.from_batches([batch])

    @property
    def unknown_payers(self) -> int:
        """Accounts that paid and are no customer's."""
        [(accounts,)] = self._connection.execute(UNKNOWN_PAYERS).fetchall()
        return int(accounts)


@contextmanager
def read_behaviour(
    transactions: Source, fraud_reports: Source, customers: Iterable[pa.Table], window: Window, limits: Limits
) -> Iterator[Behaviour]:
    """Read what each customer did in a window.

    Parameters
    ----------
    transactions, fraud_reports : Source
        Rows of the declared tables.
    customers : iterable of pyarrow.Table
        ``customer_id`` and ``account_id``, under which the customer pays where it is another.
    window : Window
        Which days.
    limits : Limits
        What the engine may use.

    Yields
    ------
    Behaviour
        To be read while the context is open.

    Raises
    ------
    NoInput
        If the window holds no payment.
    BadRows
        If a payment lacks a value or stands there twice.
    BadRequest
        If the memory does not suffice.
    """
    with opened(transactions, fraud_reports, limits, window.first_s, window.end_s) as connection:
        connection.execute(behaviour_statement(window.first_s, window.end_s))
        connection.execute(customers_statement())
        for rows in customers:
            connection.from_arrow(rows.select(["customer_id", "account_id"])).create_view("source", replace=True)
            connection.execute(INSERT_CUSTOMERS)
        yield Behaviour(connection, window)
