"""What the fraud endpoint needs of the past: a customer's payments and a partner's record, as of a slot's start.

A slot is the time between two refreshes: a day (UTC), where the night alone refreshes.
"""

import pyarrow as pa

from jobs.tables.declare import TIMESTAMP, Column, Table
from jobs.tables.inputs import CUSTOMER_ID, PARTNER_ID

CUSTOMER_LOOKBACK_DAYS = 30
"""Days before a payment that features of its customer look back on."""

CUSTOMER_PAYMENTS_KEPT = 1_000
"""Payments of a customer that the state holds, the latest ones; ``payments_30d`` tells that there were more."""

PARTNER_COUNT_DAYS = (1, 7, 30)
"""Windows that end with the last whole slot, to which the payments of this slot are added."""

PARTNER_LARGE_DAYS = 7
"""The same for payments that are large for their customers."""

KNOWN_COUNT_DAYS = (1, 7, 30)
KNOWN_RATE_DAYS = (1, 3, 7, 14, 21, 28, 30)
KNOWN_LAST = (1, 3, 5, 10)

AS_OF = Column("as_of", TIMESTAMP, "UTC", "moment at which this was known, the start of a slot")


def _known(name: str, unit: str, doc: str) -> Column:
    return Column(name, pa.float32(), unit, doc, nullable=True)


PARTNER_COUNT_COLUMNS = (
    *(
        _known(
            f"partner_count_recent_{days}d",
            "count",
            f"transactions of the partner in this slot and {days} days before it",
        )
        for days in PARTNER_COUNT_DAYS
    ),
    _known(
        f"partner_large_{PARTNER_LARGE_DAYS}d",
        "count",
        f"transactions of the partner, large for their customers, in this slot and {PARTNER_LARGE_DAYS} days before it",
    ),
)
"""Counts of whole slots before a slot; a feature is this value and what the slot itself adds."""

PARTNER_KNOWN_COLUMNS = (
    *(
        _known(f"partner_count_{days}d", "count", f"transactions of the partner in {days} days, a label delay ago")
        for days in KNOWN_COUNT_DAYS
    ),
    *(
        _known(f"partner_fraud_rate_{days}d", "in [0, 1]", f"known fraud rate of {days} days, a label delay ago")
        for days in KNOWN_RATE_DAYS
    ),
    _known("partner_fraud_rate_shrunk_28d", "in [0, 1]", "the same of 28 days, shrunk towards a rate of .8%"),
    *(
        _known(
            f"partner_fraud_rate_last_{last}", "in [0, 1]", f"known fraud rate of the last {last} known transactions"
        )
        for last in KNOWN_LAST
    ),
    _known("partner_fraud_run_length", "count", "known frauds in a row up to the last known transaction"),
    _known("partner_fraud_run_days", "days", "days since the first of them"),
    _known("partner_days_since_fraud", "days", "days since the last known fraud"),
    _known("partner_days_since_genuine", "days", "days since the last transaction known as genuine"),
    _known("partner_days_since_known", "days", "days since the last known transaction"),
)
"""What labels say of a partner at the start of a slot; a feature is this very value, all through the slot."""

ONLINE_CUSTOMERS = Table(
    "online_customers",
    "a customer's payments of the 30 days before, in order of time and transaction id, four lists of one length",
    (
        AS_OF,
        CUSTOMER_ID,
        Column("occurred_s", pa.list_(pa.int64()), "epoch seconds", "moments, rounded down"),
        Column("amount_units", pa.list_(pa.int64()), "1/10000 euro", "amounts"),
        Column("partner_ids", pa.list_(pa.string()), "", "partners"),
        Column("is_large", pa.list_(pa.bool_()), "", "whether it was large for the customer at its time; of 14 days"),
        Column("payments_30d", pa.int64(), "count", "payments of the 30 days, also those that the lists leave out"),
    ),
    key=("customer_id",),
)

ONLINE_PARTNERS = Table(
    "online_partners",
    "a partner's record at the start of a slot",
    (AS_OF, PARTNER_ID, *PARTNER_COUNT_COLUMNS, *PARTNER_KNOWN_COLUMNS),
    key=("partner_id",),
)
