"""Point-in-time features of transactions, as one SQL statement on whole epoch seconds.

The statement is the definition, for a history of months as for the increment of one day: only the
range of the rows that come out differs. It uses integer windows and casts that DuckDB and Spark
read alike.

What may enter the row of a transaction at moment t:

- its own amount and time;
- of its customer, payments strictly before it, to the second: at an earlier second, or at the same
  second with a smaller transaction id (`customer_sql`);
- of its partner, how many payments there were in whole slots before, and in this slot strictly before
  it (`partner_sql`); a slot is the time between two refreshes, a day (UTC) unless told otherwise;
- of its partner's labels, what was known at the start of the slot: payments of slots that ended at
  least the label delay before count as fraud if the last report by then says so, and as genuine
  otherwise.

So each feature has the same value online: a customer's payments of 30 days are a small list, and what
is known of a partner is a row that stands all through the slot, with two counters on top
(`jobs.tables.online`). What that costs is in docs/benchmarks.md: on the Handbook .015 of average
precision with a refresh a night, next to nothing with one an hour.
"""

import datetime as dt
from collections.abc import Iterator

import pyarrow as pa

from jobs.errors import BadRequest
from jobs.science.fraud.customer_sql import customer_sql, payment_sql
from jobs.science.fraud.engine import DAY_S, Limits, Source, opened
from jobs.science.fraud.partner_sql import KNOWN_DAYS, partner_sql
from jobs.tables.online import CUSTOMER_LOOKBACK_DAYS, PARTNER_COUNT_COLUMNS, PARTNER_KNOWN_COLUMNS
from jobs.tables.outputs import CUSTOMER_FEATURE_COLUMNS, FRAUD_FEATURE_COLUMNS, FRAUD_FEATURES, LARGE_DAYS

EPOCH = dt.date(1970, 1, 1)

FEATURE_NAMES = tuple(column.name for column in FRAUD_FEATURE_COLUMNS)
"""Names of the columns that a model reads."""

BUILT_COLUMNS = tuple(name for name in FRAUD_FEATURES.names if name != "run_id")
"""Columns of the declared table that the statement makes; the run that writes them adds its id."""

_STATEMENT = """
WITH {payments},
{customers},
{partners}
SELECT
    t.transaction_id, t.customer_id, t.partner_id, t.occurred_us, t.amount_eur,
    CAST(t.amount_eur AS FLOAT) AS amount,
    CAST(CASE WHEN (floor(t.occurred_s / {day_s}) + {monday}) % 7 >= 5 THEN 1 ELSE 0 END AS FLOAT) AS is_weekend,
    CAST(CASE WHEN t.occurred_s % {day_s} < {night_s} THEN 1 ELSE 0 END AS FLOAT) AS is_night,
    CAST(CAST(t.occurred_s % {day_s} AS DOUBLE) / 3600 AS FLOAT) AS hour_of_day,
    CAST((floor(t.occurred_s / {day_s}) + {monday}) % 7 AS FLOAT) AS day_of_week,
    {customer_columns},
    {partner_counts},
    CAST(p.{large} + t.partner_large_slot AS FLOAT) AS {large},
    {partner_columns}
FROM customer_records AS t
JOIN partner_records AS p ON p.partner_id = t.partner_id AND p.slot = t.slot
WHERE t.occurred_s < {end_s}
ORDER BY occurred_us, transaction_id
"""


def fraud_features(
    transactions: Source,
    fraud_reports: Source,
    *,
    first_day: dt.date,
    last_day: dt.date,
    label_delay_days: int,
    limits: Limits,
    refresh_hours: int = 24,
    batch_rows: int = 100_000,
) -> Iterator[pa.Table]:
    """Compute the features of every transaction of a range of days.

    Parameters
    ----------
    transactions : Source
        Rows of the declared table ``transactions``, at least `lookback_days` before the first day;
        what lies outside of the span is skipped.
    fraud_reports : Source
        Rows of the declared table ``fraud_reports``. A report of a transaction that is not there is
        skipped; a missing ``reported_at`` says "known a label delay after the transaction".
    first_day, last_day : datetime.date
        First and last day (UTC, both included) of the transactions that come out.
    label_delay_days : int
        Days, at least 1, after which a transaction without a report counts as genuine.
    limits : Limits
        Memory, threads, and where to spill.
    refresh_hours : int
        Hours between two refreshes of what is known of partners, a divisor of 24. A day is what the
        night can serve; the endpoint must be refreshed as often as its model's features were.
    batch_rows : int
        Rows of a table that comes out, about.

    Yields
    ------
    pyarrow.Table
        Columns `BUILT_COLUMNS`, in the order of time and transaction id.

    Raises
    ------
    BadRequest
        If the days are out of order, the label delay is less than a day, or a day has no whole number
        of refreshes.
    BadRows, BadSchema, NoInput
        If the inputs cannot be used; see `opened`.

    Examples
    --------
    >>> day = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
    >>> payments = pa.table({"transaction_id": ["a", "b"], "customer_id": ["c", "c"], "partner_id": ["p", "p"],
    ...     "occurred_at": [day, day + dt.timedelta(hours=1)], "amount_eur": [10.0, 90.0]})
    >>> reports = pa.table({"transaction_id": pa.array([], pa.string()), "is_fraud": pa.array([], pa.bool_()),
    ...     "reported_at": pa.array([], pa.timestamp("us", "UTC"))})
    >>> batches = fraud_features(payments, reports, first_day=day.date(), last_day=day.date(),
    ...     label_delay_days=7, limits=Limits(threads=1))
    >>> pa.concat_tables(batches).select(["customer_count_1d", "customer_mean_eur_1d"]).to_pylist()[1]
    {'customer_count_1d': 1.0, 'customer_mean_eur_1d': 10.0}
    """
    first_s, end_s, oldest_s = span(first_day, last_day, label_delay_days)
    sql = statement(first_s, end_s, label_delay_days, refresh_hours)
    with opened(transactions, fraud_reports, limits, oldest_s, end_s) as engine:
        for batch in engine.sql(sql).to_arrow_reader(batch_rows):
            if batch.num_rows:
                yield declared(pa.Table.from_batches([batch]))


def span(first_day: dt.date, last_day: dt.date, label_delay_days: int) -> tuple[int, int, int]:
    """Return the seconds of a range of days, and the one from which transactions matter to its features.

    Parameters
    ----------
    first_day, last_day : datetime.date
        First and last day (UTC, both included).
    label_delay_days : int
        Days, at least 1, after which a transaction without a report counts as genuine.

    Returns
    -------
    tuple of int
        First second, the second after the last, oldest second that matters; since the epoch.

    Raises
    ------
    BadRequest
        If the days are out of order or the label delay is less than a day.

    Examples
    --------
    >>> span(dt.date(1970, 3, 1), dt.date(1970, 3, 2), 7)
    (5097600, 5270400, 1296000)
    """
    if first_day > last_day:
        raise BadRequest(f"first_day {first_day} is after last_day {last_day}; give them in order.")
    first_s = _second(first_day)
    return first_s, _second(last_day) + DAY_S, first_s - lookback_days(label_delay_days) * DAY_S


def lookback_days(label_delay_days: int) -> int:
    """Return how many days before a transaction can matter to its features.

    Parameters
    ----------
    label_delay_days : int
        Days, at least 1, after which a transaction without a report counts as genuine.

    Returns
    -------
    int
        Days.

    Raises
    ------
    BadRequest
        If the label delay is less than a day.

    Examples
    --------
    >>> lookback_days(7), lookback_days(21)
    (44, 51)
    """
    if label_delay_days < 1:
        raise BadRequest(f"label_delay_days is {label_delay_days}; give at least 1, the days until a label is known.")
    return max(CUSTOMER_LOOKBACK_DAYS + LARGE_DAYS, KNOWN_DAYS + label_delay_days)


def slot_seconds(refresh_hours: int) -> int:
    """Return the seconds between two refreshes of what is known of partners.

    Raises
    ------
    BadRequest
        If a day has no whole number of refreshes.
    """
    if refresh_hours < 1 or 24 % refresh_hours:
        raise BadRequest(f"refresh_hours is {refresh_hours}; give a divisor of 24, such as 1, 6 or 24.")
    return refresh_hours * 3_600


def statement(first_s: int, end_s: int, label_delay_days: int, refresh_hours: int = 24) -> str:
    """Return the SQL of the features of transactions from `first_s` up to, not with, `end_s`.

    Parameters
    ----------
    first_s, end_s : int
        Epoch seconds.
    label_delay_days : int
        Days after which a transaction without a report counts as genuine.
    refresh_hours : int
        Hours between two refreshes of what is known of partners, a divisor of 24.

    Returns
    -------
    str
        A query over ``transactions`` (transaction_id, customer_id, partner_id, occurred_us,
        occurred_s, amount_eur, amount_units) and ``fraud_reports`` (transaction_id, is_fraud,
        reported_s).
    """
    slot_s = slot_seconds(refresh_hours)
    *counts, large = (column.name for column in PARTNER_COUNT_COLUMNS)
    return _STATEMENT.format(
        payments=payment_sql(slot_s),
        customers=customer_sql(first_s),
        partners=partner_sql(first_s // slot_s, slot_s, label_delay_days),
        end_s=end_s,
        day_s=DAY_S,
        night_s=7 * 3600,
        monday=3,  # 1970-01-01 was a Thursday
        large=large,
        customer_columns=",\n    ".join(f"t.{column.name}" for column in CUSTOMER_FEATURE_COLUMNS),
        partner_counts=",\n    ".join(f"CAST(p.{name} + t.partner_slot AS FLOAT) AS {name}" for name in counts),
        partner_columns=",\n    ".join(f"p.{column.name}" for column in PARTNER_KNOWN_COLUMNS),
    )


def declared(rows: pa.Table) -> pa.Table:
    """Return what the statement gave, of any engine, in the declared columns and types.

    Parameters
    ----------
    rows : pyarrow.Table
        Columns of the statement.

    Returns
    -------
    pyarrow.Table
        Columns `BUILT_COLUMNS`.
    """
    occurred_at = rows["occurred_us"].cast(FRAUD_FEATURES.schema.field("occurred_at").type)
    columns = {"run_date": occurred_at.cast(pa.date32()), "occurred_at": occurred_at}
    names = {*BUILT_COLUMNS} - {*columns}
    columns.update({name: rows[name] for name in names})
    schema = pa.schema([FRAUD_FEATURES.schema.field(name) for name in BUILT_COLUMNS])
    return pa.table({name: columns[name] for name in BUILT_COLUMNS}).cast(schema)


def _second(day: dt.date) -> int:
    return (day - EPOCH).days * DAY_S
