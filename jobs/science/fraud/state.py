"""What the endpoint needs of the past as of a moment, by the very definitions that the features are built with."""

import datetime as dt
from collections.abc import Iterator

import pyarrow as pa

from jobs.errors import BadRequest
from jobs.science.fraud.customer_sql import payment_sql
from jobs.science.fraud.engine import DAY_S, Limits, Source, opened
from jobs.science.fraud.features import lookback_days, slot_seconds
from jobs.science.fraud.partner_sql import partner_sql
from jobs.tables.declare import Table
from jobs.tables.online import (
    CUSTOMER_LOOKBACK_DAYS,
    CUSTOMER_PAYMENTS_KEPT,
    ONLINE_CUSTOMERS,
    ONLINE_PARTNERS,
    PARTNER_COUNT_COLUMNS,
    PARTNER_KNOWN_COLUMNS,
)
from jobs.tables.outputs import LARGE_DAYS

# A flag older than the days that large payments are counted over needs more history than is read, and no feature
# looks at it: it is left out.
_CUSTOMERS = """
WITH {payments},
recent AS (
    SELECT customer_id, occurred_s, amount_units, partner_id, moment,
        is_large = 1 AND occurred_s >= {large_since_s} AS is_large,
        row_number() OVER (PARTITION BY customer_id ORDER BY moment DESC) AS newest
    FROM payments
    WHERE occurred_s >= {since_s}
)
SELECT customer_id,
    list(occurred_s ORDER BY moment) FILTER (newest <= {kept}) AS occurred_s,
    list(amount_units ORDER BY moment) FILTER (newest <= {kept}) AS amount_units,
    list(partner_id ORDER BY moment) FILTER (newest <= {kept}) AS partner_ids,
    list(is_large ORDER BY moment) FILTER (newest <= {kept}) AS is_large,
    count(*) AS payments_30d
FROM recent
GROUP BY customer_id
ORDER BY customer_id
"""

_PARTNERS = """
WITH {payments},
{partners}
SELECT partner_id, {columns}
FROM partner_records
WHERE slot = {slot}
ORDER BY partner_id
"""


def online_state(
    transactions: Source,
    fraud_reports: Source,
    *,
    as_of: dt.datetime,
    label_delay_days: int,
    limits: Limits,
    refresh_hours: int = 24,
    batch_rows: int = 20_000,
) -> Iterator[tuple[Table, pa.Table]]:
    """Compute what is known of customers and partners at the start of a slot.

    Parameters
    ----------
    transactions : Source
        Rows of the declared table ``transactions``, at least `lookback_days` before the moment; what lies outside of
        that span is skipped.
    fraud_reports : Source
        Rows of the declared table ``fraud_reports``; what was reported after the moment does not count.
    as_of : datetime.datetime
        The moment, with a time zone; the start of a slot, such as 00:00 UTC where a slot is a day.
    label_delay_days : int
        Days, at least 1, after which a transaction without a report counts as genuine.
    limits : Limits
        Memory, threads, and where to spill.
    refresh_hours : int
        Hours between two refreshes, a divisor of 24; the features of the model were built with the same.
    batch_rows : int
        Rows of a table that comes out, about.

    Yields
    ------
    tuple of Table and pyarrow.Table
        `ONLINE_PARTNERS` or `ONLINE_CUSTOMERS`, and rows of it in the order of its key. A partner that has no row
        was not seen within the lookback: its counts are 0 and its rates are missing, but for the shrunk one.

    Raises
    ------
    BadRequest
        If the moment is no start of a slot, or the label delay is less than a day.
    BadRows, BadSchema, NoInput
        If the inputs cannot be used; see `opened`.

    Examples
    --------
    >>> noon = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
    >>> payments = pa.table({"transaction_id": ["a"], "customer_id": ["c"], "partner_id": ["p"],
    ...     "occurred_at": [noon], "amount_eur": [10.0]})
    >>> midnight = dt.datetime(2024, 5, 2, tzinfo=dt.UTC)
    >>> state = online_state(payments, [], as_of=midnight, label_delay_days=7, limits=Limits(threads=1))
    >>> {table.name: rows.num_rows for table, rows in state}
    {'online_partners': 1, 'online_customers': 1}
    """
    slot_s = slot_seconds(refresh_hours)
    as_of_s = int(as_of.timestamp())
    if as_of_s % slot_s:
        raise BadRequest(f"as_of is {as_of}, not the start of a slot of {refresh_hours} hours (UTC); give its start.")
    oldest_s = as_of_s - lookback_days(label_delay_days) * DAY_S
    partners = _PARTNERS.format(
        payments=payment_sql(slot_s),
        partners=partner_sql(as_of_s // slot_s, slot_s, label_delay_days, also_first=True),
        columns=", ".join(column.name for column in (*PARTNER_COUNT_COLUMNS, *PARTNER_KNOWN_COLUMNS)),
        slot=as_of_s // slot_s,
    )
    customers = _CUSTOMERS.format(
        payments=payment_sql(slot_s),
        large_since_s=as_of_s - LARGE_DAYS * DAY_S,
        since_s=as_of_s - CUSTOMER_LOOKBACK_DAYS * DAY_S,
        kept=CUSTOMER_PAYMENTS_KEPT,
    )
    with opened(transactions, fraud_reports, limits, oldest_s, as_of_s) as engine:
        for table, sql in ((ONLINE_PARTNERS, partners), (ONLINE_CUSTOMERS, customers)):
            for batch in engine.sql(sql).to_arrow_reader(batch_rows):
                if batch.num_rows:
                    yield table, _declared(table, pa.Table.from_batches([batch]), as_of_s)


def _declared(table: Table, rows: pa.Table, as_of_s: int) -> pa.Table:
    moment = pa.scalar(as_of_s * 1_000_000, pa.int64()).cast(table.schema.field("as_of").type)
    return rows.add_column(0, "as_of", pa.repeat(moment, rows.num_rows)).select(table.names).cast(table.schema)
