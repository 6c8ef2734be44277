"""Payments and reports as DuckDB tables or views with whole seconds, for the statements of partners."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from jobs.errors import BadRequest, BadSchema, NoInput
from jobs.science.fraud.engine import AMOUNT_UNITS_PER_EUR, DAY_S, Limits, ParquetFiles, Source, require_usable

_OPTIONAL = {"device_id": "VARCHAR", "is_refund": "BOOLEAN"}

_COLUMNS = """
SELECT CAST(transaction_id AS VARCHAR) AS transaction_id, CAST(customer_id AS VARCHAR) AS customer_id,
    CAST(partner_id AS VARCHAR) AS partner_id, epoch_us(occurred_at) // 1000000 AS occurred_s,
    CAST(epoch_us(occurred_at) // {day_us} AS INTEGER) AS t,
    CASE WHEN amount_eur BETWEEN 0 AND 1e9
        THEN CAST(round(CAST(amount_eur AS DOUBLE) * {units}) AS BIGINT) END AS units,
    {optional}
FROM {source}
WHERE (occurred_at IS NULL OR epoch_us(occurred_at) >= {first_us} AND epoch_us(occurred_at) < {end_us})
"""

_REPORTS = """
CREATE TEMP TABLE fraud_reports (transaction_id VARCHAR, is_fraud BOOLEAN, reported_s BIGINT)
"""

# A report within a second counts from the next whole second: rounding down would tell the future.
_INSERT_REPORTS = """
INSERT INTO fraud_reports
SELECT CAST(transaction_id AS VARCHAR), CAST(is_fraud AS BOOLEAN), (epoch_us(reported_at) + 999999) // 1000000
FROM {source}
"""

_BAD = """
SELECT transaction_id, customer_id, partner_id, occurred_s, units FROM transactions
WHERE transaction_id IS NULL OR customer_id IS NULL OR partner_id IS NULL OR occurred_s IS NULL OR units IS NULL
LIMIT 1
"""

_SAYS = "SELECT 1 FROM transactions WHERE {column} IS NOT NULL LIMIT 1"


@dataclass(frozen=True)
class Store:
    """An engine that holds the payments and reports of a span.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With ``transactions`` (t is the day, units are amounts) and ``fraud_reports``.
    has_devices, has_refunds : bool
        Whether the payments say on which device, and which are refunds.
    """

    connection: duckdb.DuckDBPyConnection
    has_devices: bool
    has_refunds: bool


@contextmanager
def opened(
    transactions: Source, fraud_reports: Source, limits: Limits, first_day: int, end_day: int
) -> Iterator[Store]:
    """Open an engine that holds the payments of a span of days and all reports.

    Files are read where they lie, as often as a statement needs; tables are copied in and spilled.

    Parameters
    ----------
    transactions : Source
        Rows of the declared table ``transactions``, with or without ``device_id`` and ``is_refund``.
    fraud_reports : Source
        Rows of the declared table ``fraud_reports``.
    limits : Limits
        Memory, threads, and where to spill.
    first_day, end_day : int
        Payments from the first day up to, not with, the last are held; days since 1970.

    Yields
    ------
    Store
        The engine.

    Raises
    ------
    BadRows
        If a payment lacks a value, has an amount that is no amount, or stands there twice.
    BadSchema
        If an input lacks a column.
    NoInput
        If the span holds no payment.
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
    span = {
        "units": AMOUNT_UNITS_PER_EUR,
        "day_us": DAY_S * 1_000_000,
        "first_us": first_day * DAY_S * 1_000_000,
        "end_us": end_day * DAY_S * 1_000_000,
    }
    try:
        with duckdb.connect(":memory:", config=settings) as connection:
            connection.execute("SET enable_progress_bar = false")
            _load_transactions(connection, transactions, span)
            connection.execute(_REPORTS)
            for part in _parts(fraud_reports):
                _run(connection, part, "fraud_reports", _INSERT_REPORTS)
            _check(connection, first_day, end_day, in_files=isinstance(transactions, ParquetFiles))
            yield Store(connection, _says(connection, "device_id"), _says(connection, "is_refund"))
    except duckdb.OutOfMemoryException as error:
        raise BadRequest(
            f"memory_mb is {limits.memory_mb}, too little for these transactions; give it more, or fewer days."
        ) from error


def _load_transactions(connection: duckdb.DuckDBPyConnection, source: Source, span: dict[str, int]) -> None:
    empty = (
        "CREATE TEMP TABLE transactions (transaction_id VARCHAR, customer_id VARCHAR, partner_id VARCHAR, "
        "occurred_s BIGINT, t INTEGER, units BIGINT, device_id VARCHAR, is_refund BOOLEAN)"
    )
    if isinstance(source, ParquetFiles) and source.paths:
        _run(connection, source, "transactions", "CREATE TEMP VIEW transactions AS " + _COLUMNS, span)
        return
    connection.execute(empty)
    for part in _parts(source):
        _run(connection, part, "transactions", "INSERT INTO transactions BY NAME " + _COLUMNS, span)


def _run(
    connection: duckdb.DuckDBPyConnection, part: Any, name: str, template: str, span: dict[str, int] | None = None
) -> None:
    if isinstance(part, ParquetFiles):
        if not part.paths:
            return
        rows = connection.read_parquet(list(part.paths))
    else:
        rows = connection.from_arrow(part)
    # A view over files is read again later, so each input has a name of its own.
    rows.create_view(f"{name}_source", replace=True)
    optional = ", ".join(
        f"CAST({c} AS {type_}) AS {c}" if c in rows.columns else f"CAST(NULL AS {type_}) AS {c}"
        for c, type_ in _OPTIONAL.items()
    )
    try:
        connection.execute(template.format(source=f"{name}_source", optional=optional, **span or {}))
    except duckdb.BinderException as error:
        first_line = str(error).splitlines()[0]
        raise BadSchema(
            f"{name}: its columns are {', '.join(rows.columns)}, and that is not what is declared ({first_line}); "
            f"give the table the declared columns."
        ) from None


def _parts(source: Any) -> Iterable[Any]:
    return (source,) if isinstance(source, (pa.Table, ds.Dataset, ParquetFiles)) else source


def _says(connection: duckdb.DuckDBPyConnection, column: str) -> bool:
    return connection.execute(_SAYS.format(column=column)).fetchone() is not None


def _check(connection: duckdb.DuckDBPyConnection, first_day: int, end_day: int, *, in_files: bool) -> None:
    if connection.execute("SELECT 1 FROM transactions LIMIT 1").fetchone() is None:
        raise NoInput(
            f"transactions: there is no row from {_date(first_day)} up to {_date(end_day)}; "
            f"load the transactions of these days, or ask for days that have some."
        )
    if in_files:  # their rows were held to the declared table when they were written: each check is one more scan
        return
    require_usable(connection, _BAD)


def _date(day: int) -> str:
    return f"{datetime.fromtimestamp(day * DAY_S, UTC):%Y-%m-%d}"
