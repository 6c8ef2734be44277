"""Point-in-time features of transactions, as one SQL statement on whole epoch seconds.

The statement is the definition, for a history of months as for the increment of one day: only the
range of the rows that come out differs. It uses integer windows and casts that DuckDB and Spark
read alike.

What may enter the row of a transaction at moment t:

- its own amount and time;
- of its customer, transactions strictly before it: at an earlier second, or at the same second with
  a smaller transaction id;
- of its partner, transactions that are at least the label delay old. Of these, a transaction counts
  as fraud if the last report that was known by t says so, and as genuine otherwise.

A window of w days over the customer is (t - w days, t], over the partner the same, a delay earlier.
"""

import datetime as dt
from collections.abc import Iterator

import pyarrow as pa

from jobs.errors import BadRequest
from jobs.science.fraud.engine import AMOUNT_UNITS_PER_EUR, DAY_S, Limits, Source, opened
from jobs.tables.outputs import FRAUD_FEATURE_COLUMNS, FRAUD_FEATURES, WINDOWS_DAYS

EPOCH = dt.date(1970, 1, 1)

FEATURE_NAMES = tuple(column.name for column in FRAUD_FEATURE_COLUMNS)
"""Names of the columns that a model reads."""

BUILT_COLUMNS = tuple(name for name in FRAUD_FEATURES.names if name != "run_id")
"""Columns of the declared table that the statement makes; the run that writes them adds its id."""

# A label is +1 from the moment it is known until it leaves a window, and a correction is -1. The sum
# of what has happened up to t is then the number of known frauds inside the window that ends at t,
# whenever the reports came in.
_STATEMENT = """
WITH label_changes AS (
    SELECT
        t.partner_id,
        t.occurred_s + {delay_s} AS matured_s,
        greatest(coalesce(r.reported_s, 0), t.occurred_s + {delay_s}) AS known_s,
        CAST(r.is_fraud AS INT) - lag(CAST(r.is_fraud AS INT), 1, 0) OVER (
            PARTITION BY r.transaction_id
            ORDER BY coalesce(r.reported_s, t.occurred_s + {delay_s}), r.is_fraud) AS change
    FROM fraud_reports AS r
    JOIN transactions AS t ON t.transaction_id = r.transaction_id
),
stream AS (
    SELECT
        transaction_id, customer_id, partner_id, occurred_s, occurred_us, amount_eur, amount_units,
        {no_change}
    FROM transactions
    UNION ALL
    SELECT NULL, NULL, partner_id, known_s, NULL, NULL, NULL, {enters}
    FROM label_changes WHERE change <> 0
    {leaves}
),
windowed AS (
    SELECT
        transaction_id, customer_id, partner_id, occurred_s, occurred_us, amount_eur,
        {sums}
    FROM stream
    WINDOW
        before_this AS (PARTITION BY customer_id ORDER BY occurred_s, transaction_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
        {windows},
        matured AS (PARTITION BY partner_id ORDER BY occurred_s
            RANGE BETWEEN UNBOUNDED PRECEDING AND {delay_s} PRECEDING),
        known AS (PARTITION BY partner_id ORDER BY occurred_s
            RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT
    transaction_id, customer_id, partner_id, occurred_us, amount_eur,
    CAST(amount_eur AS FLOAT) AS amount,
    CAST(CASE WHEN (occurred_s + {monday_s}) % {week_s} >= {weekend_s} THEN 1 ELSE 0 END AS FLOAT) AS is_weekend,
    CAST(CASE WHEN occurred_s % {day_s} < {night_s} THEN 1 ELSE 0 END AS FLOAT) AS is_night,
    {features}
FROM windowed
WHERE transaction_id IS NOT NULL AND occurred_s >= {first_s} AND occurred_s < {end_s}
ORDER BY occurred_us, transaction_id
"""

# All that came before, less what is older than the window: one growing sum for each edge, in whole
# numbers, so that a build from any earlier start gives the same digits.
_CUSTOMER_SUMS = """
    count(amount_units) OVER before_this - count(amount_units) OVER customer_older_{days}
        AS customer_count_{days}d,
    coalesce(sum(amount_units) OVER before_this, 0) - coalesce(sum(amount_units) OVER customer_older_{days}, 0)
        AS customer_units_{days}d"""
_PARTNER_SUMS = """
    count(amount_units) OVER matured - count(amount_units) OVER partner_older_{days} AS partner_count_{days}d,
    sum(frauds_{days}d) OVER known AS partner_frauds_{days}d"""
_WINDOWS = """
    customer_older_{days} AS (PARTITION BY customer_id ORDER BY occurred_s
        RANGE BETWEEN UNBOUNDED PRECEDING AND {window_s} PRECEDING),
    partner_older_{days} AS (PARTITION BY partner_id ORDER BY occurred_s
        RANGE BETWEEN UNBOUNDED PRECEDING AND {delayed_s} PRECEDING)"""
_CUSTOMER_FEATURES = """
    CAST(customer_count_{days}d AS FLOAT) AS customer_count_{days}d,
    CAST(CAST(customer_units_{days}d AS DOUBLE) / {units} / nullif(customer_count_{days}d, 0) AS FLOAT)
        AS customer_mean_eur_{days}d"""
_PARTNER_FEATURES = """
    CAST(partner_count_{days}d AS FLOAT) AS partner_count_{days}d,
    CAST(CAST(partner_frauds_{days}d AS DOUBLE) / nullif(partner_count_{days}d, 0) AS FLOAT)
        AS partner_fraud_rate_{days}d"""
_LEAVES = """
    UNION ALL
    SELECT NULL, NULL, partner_id, greatest(known_s, matured_s + {window_s}), NULL, NULL, NULL, {out}
    FROM label_changes WHERE change <> 0"""


def fraud_features(
    transactions: Source,
    fraud_reports: Source,
    *,
    first_day: dt.date,
    last_day: dt.date,
    label_delay_days: int,
    limits: Limits,
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
    batch_rows : int
        Rows of a table that comes out, about.

    Yields
    ------
    pyarrow.Table
        Columns `BUILT_COLUMNS`, in the order of time and transaction id.

    Raises
    ------
    BadRequest
        If the days are out of order or the label delay is less than a day.
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
    sql = statement(first_s, end_s, label_delay_days)
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
    (5097600, 5270400, 1900800)
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
    >>> lookback_days(7)
    37
    """
    if label_delay_days < 1:
        raise BadRequest(f"label_delay_days is {label_delay_days}; give at least 1, the days until a label is known.")
    return max(WINDOWS_DAYS) + label_delay_days


def statement(first_s: int, end_s: int, label_delay_days: int) -> str:
    """Return the SQL of the features of transactions from `first_s` up to, not with, `end_s`.

    Parameters
    ----------
    first_s, end_s : int
        Epoch seconds.
    label_delay_days : int
        Days after which a transaction without a report counts as genuine.

    Returns
    -------
    str
        A query over ``transactions`` (transaction_id, customer_id, partner_id, occurred_us,
        occurred_s, amount_eur, amount_units) and ``fraud_reports`` (transaction_id, is_fraud,
        reported_s).
    """
    delay_s = label_delay_days * DAY_S
    windows = [
        {"days": days, "window_s": days * DAY_S, "delayed_s": days * DAY_S + delay_s, "units": AMOUNT_UNITS_PER_EUR}
        for days in WINDOWS_DAYS
    ]

    def each(*templates: str) -> str:
        return ",".join(template.format(**window) for template in templates for window in windows)

    def only(days: int) -> str:
        return ", ".join("-change" if other == days else "0" for other in WINDOWS_DAYS)

    return _STATEMENT.format(
        delay_s=delay_s,
        first_s=first_s,
        end_s=end_s,
        day_s=DAY_S,
        night_s=7 * 3600,
        week_s=7 * DAY_S,
        weekend_s=5 * DAY_S,
        monday_s=3 * DAY_S,  # 1970-01-01 was a Thursday
        no_change=", ".join(f"0 AS frauds_{days}d" for days in WINDOWS_DAYS),
        enters=", ".join("change" for _ in WINDOWS_DAYS),
        leaves="".join(_LEAVES.format(out=only(window["days"]), **window) for window in windows),
        sums=each(_CUSTOMER_SUMS, _PARTNER_SUMS),
        windows=each(_WINDOWS),
        features=each(_CUSTOMER_FEATURES, _PARTNER_FEATURES),
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
