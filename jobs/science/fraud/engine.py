"""DuckDB with bounded memory, and the two inputs of every fraud statement as integers in it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from jobs.errors import BadRequest, BadRows, BadSchema, NoInput

DAY_S = 86_400
AMOUNT_UNITS_PER_EUR = 10_000
"""Amounts are summed as whole hundredths of a cent: whole numbers give the same sum in any order."""


@dataclass(frozen=True)
class Limits:
    """What a statement may use of the machine.

    Parameters
    ----------
    memory_mb : int
        Megabytes of DuckDB's buffers; what does not fit is spilled.
    threads : int
        Threads.
    temp_directory : str or None
        Where DuckDB may spill; None: nowhere, and too small a memory is an error.
    """

    memory_mb: int = 450
    threads: int = 2
    temp_directory: str | None = None


@dataclass(frozen=True)
class ParquetFiles:
    """Parquet files that DuckDB reads by itself, without holding them.

    Parameters
    ----------
    paths : tuple of str
        Where the files lie.
    """

    paths: tuple[str, ...]


Source: TypeAlias = pa.Table | ds.Dataset | ParquetFiles | Iterable[pa.Table]
"""Rows of a declared input: one table, a dataset, files, or tables that come one after another."""

# Spark has this aggregate by this name; its window form interpolates as DuckDB's does.
_PERCENTILE = "CREATE MACRO percentile(x, share) AS quantile_cont(x, share)"

_TRANSACTIONS = """
CREATE TEMP TABLE transactions (
    transaction_id VARCHAR, customer_id VARCHAR, partner_id VARCHAR,
    occurred_us BIGINT, occurred_s BIGINT, amount_eur DOUBLE, amount_units BIGINT)
"""

_INSERT_TRANSACTIONS = """
INSERT INTO transactions
SELECT transaction_id, customer_id, partner_id, occurred_us, occurred_us // 1000000, amount_eur,
    CASE WHEN amount_eur BETWEEN 0 AND 1e9 THEN CAST(round(amount_eur * {units}) AS BIGINT) END
FROM (
    SELECT CAST(transaction_id AS VARCHAR) AS transaction_id, CAST(customer_id AS VARCHAR) AS customer_id,
        CAST(partner_id AS VARCHAR) AS partner_id, epoch_us(occurred_at) AS occurred_us,
        CAST(amount_eur AS DOUBLE) AS amount_eur
    FROM {source})
WHERE occurred_us IS NULL OR occurred_us >= {first_us} AND occurred_us < {end_us}
"""

_FRAUD_REPORTS = """
CREATE TEMP TABLE fraud_reports (transaction_id VARCHAR, is_fraud BOOLEAN, reported_s BIGINT)
"""

# A report within a second counts from the next whole second: rounding down would tell the future.
_INSERT_FRAUD_REPORTS = """
INSERT INTO fraud_reports
SELECT CAST(transaction_id AS VARCHAR), CAST(is_fraud AS BOOLEAN), (epoch_us(reported_at) + 999999) // 1000000
FROM {source}
"""

_BAD_TRANSACTION = """
SELECT transaction_id, customer_id, partner_id, occurred_us, amount_eur FROM transactions
WHERE transaction_id IS NULL OR customer_id IS NULL OR partner_id IS NULL OR occurred_us IS NULL
    OR amount_units IS NULL
LIMIT 1
"""

_DUPLICATE = "SELECT transaction_id FROM transactions GROUP BY transaction_id HAVING count(*) > 1 LIMIT 1"


@contextmanager
def opened(
    transactions: Source, fraud_reports: Source, limits: Limits, first_s: int, end_s: int
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine that holds the transactions of a span and their reports.

    Parameters
    ----------
    transactions : Source
        Rows of the declared table ``transactions``.
    fraud_reports : Source
        Rows of the declared table ``fraud_reports``; a missing ``reported_at`` says that the label
        became known a label delay after its transaction.
    limits : Limits
        Memory, threads, and where to spill.
    first_s, end_s : int
        Transactions from the first second up to, not with, the last are held; epoch seconds.

    Yields
    ------
    duckdb.DuckDBPyConnection
        With temporary tables ``transactions`` and ``fraud_reports``.

    Raises
    ------
    BadRows
        If a transaction lacks a value, has an amount that is no amount, or stands there twice.
    BadSchema
        If an input lacks a column.
    NoInput
        If the span holds no transaction.
    BadRequest
        If the memory does not suffice.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{limits.memory_mb}MB",
        "threads": limits.threads,
        "preserve_insertion_order": False,
    }
    if limits.temp_directory is not None:
        settings["temp_directory"] = limits.temp_directory
    try:
        with duckdb.connect(":memory:", config=settings) as connection:
            connection.execute("SET enable_progress_bar = false")
            connection.execute(_PERCENTILE)
            connection.execute(_TRANSACTIONS)
            connection.execute(_FRAUD_REPORTS)
            span = {"units": AMOUNT_UNITS_PER_EUR, "first_us": first_s * 1_000_000, "end_us": end_s * 1_000_000}
            _load(connection, transactions, "transactions", _INSERT_TRANSACTIONS, span)
            _load(connection, fraud_reports, "fraud_reports", _INSERT_FRAUD_REPORTS, {})
            _check(connection, first_s, end_s)
            yield connection
    except duckdb.OutOfMemoryException as error:
        raise BadRequest(
            f"memory_mb is {limits.memory_mb}, too little for these transactions; give it more, or fewer days."
        ) from error


def _load(connection: duckdb.DuckDBPyConnection, source: Source, name: str, insert: str, span: dict[str, int]) -> None:
    for part in _parts(source):
        if isinstance(part, ParquetFiles):
            if not part.paths:
                continue
            rows = connection.read_parquet(list(part.paths))
        else:
            rows = connection.from_arrow(part)
        rows.create_view("source", replace=True)
        try:
            connection.execute(insert.format(source="source", **span))
        except duckdb.BinderException as error:
            first_line = str(error).splitlines()[0]
            raise BadSchema(
                f"{name}: its columns are {', '.join(rows.columns)}, and that is not what is declared ({first_line}); "
                f"give the table the declared columns."
            ) from None


def _parts(source: Any) -> Iterable[Any]:
    return (source,) if isinstance(source, (pa.Table, ds.Dataset, ParquetFiles)) else source


def _check(connection: duckdb.DuckDBPyConnection, first_s: int, end_s: int) -> None:
    if connection.execute("SELECT 1 FROM transactions LIMIT 1").fetchone() is None:
        raise NoInput(
            f"transactions: there is no row from {_moment(first_s)} up to {_moment(end_s)}; "
            f"load the transactions of these days, or ask for days that have some."
        )
    require_usable(connection, _BAD_TRANSACTION)


def require_usable(connection: duckdb.DuckDBPyConnection, bad_transaction: str) -> None:
    """Refuse transactions of which one cannot be used, or stands there twice.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Holds ``transactions``.
    bad_transaction : str
        Statement that gives transaction, customer, partner, moment and amount of one that cannot be used.

    Raises
    ------
    BadRows
        If there is one; the message names it.
    """
    if bad := connection.execute(bad_transaction).fetchone():
        names = ("transaction_id", "customer_id", "partner_id", "occurred_at", "amount_eur")
        column, value = next(((n, v) for n, v in zip(names, bad, strict=True) if v is None), ("amount_eur", bad[-1]))
        raise BadRows(
            f"transactions: {column} of transaction {bad[0]!r} is {value}, which cannot be used; "
            f"set the row aside or mend it before features are built."
        )
    if twice := connection.execute(_DUPLICATE).fetchone():
        raise BadRows(
            f"transactions: transaction_id {twice[0]!r} stands there more than once; "
            f"keep one row of it before features are built."
        )


def _moment(epoch_s: int) -> str:
    return f"{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%d %H:%M} UTC"
