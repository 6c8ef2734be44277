"""What was known of each transaction at a moment: fraud, genuine, or not yet told."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


@dataclass(frozen=True)
class Labels:
    """Labels of transactions as of a moment.

    Parameters
    ----------
    is_fraud : ndarray of shape (n_transactions,)
        Whether the last report known by then says fraud.
    matured : ndarray of shape (n_transactions,)
        Whether the label delay has passed, so that a transaction without a report is genuine.
    """

    is_fraud: NDArray[np.bool_]
    matured: NDArray[np.bool_]


def labels_as_of(
    transactions: pa.Table, fraud_reports: pa.Table, *, as_of: dt.datetime, label_delay_days: int
) -> Labels:
    """Say what was known of transactions at a moment.

    Parameters
    ----------
    transactions : pyarrow.Table
        Columns ``transaction_id`` and ``occurred_at``.
    fraud_reports : pyarrow.Table
        Rows of the declared table ``fraud_reports``; a missing ``reported_at`` says that the label
        became known a label delay after its transaction.
    as_of : datetime.datetime
        The moment, with a time zone.
    label_delay_days : int
        Days after which a transaction without a report counts as genuine.

    Returns
    -------
    Labels
        In the order of `transactions`.

    Examples
    --------
    >>> day = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
    >>> rows = pa.table({"transaction_id": ["a", "b"], "occurred_at": [day, day]})
    >>> reports = pa.table({"transaction_id": ["b"], "is_fraud": [True], "reported_at": [day + dt.timedelta(2)]})
    >>> labels_as_of(rows, reports, as_of=day + dt.timedelta(1), label_delay_days=7)
    Labels(is_fraud=array([False, False]), matured=array([False, False]))
    >>> labels_as_of(rows, reports, as_of=day + dt.timedelta(7), label_delay_days=7)
    Labels(is_fraud=array([False,  True]), matured=array([ True,  True]))
    """
    type_ = pa.timestamp("us", tz="UTC")
    moment = pa.scalar(as_of, type_)
    due = pc.add(transactions["occurred_at"].cast(type_), pa.scalar(dt.timedelta(days=label_delay_days)))
    matured = pc.less_equal(due, moment).to_numpy()
    row = pc.index_in(fraud_reports["transaction_id"], transactions["transaction_id"].combine_chunks())
    known = pc.is_valid(row)
    found, row = fraud_reports.filter(known), pc.drop_null(row)
    reported_at = pc.coalesce(found["reported_at"].cast(type_), due.take(row))
    told = pc.less_equal(reported_at, moment)
    changes = pa.table({"row": row, "reported_at": reported_at, "is_fraud": found["is_fraud"]}).filter(told)
    changes = changes.sort_by([("row", "ascending"), ("reported_at", "ascending"), ("is_fraud", "ascending")])
    is_fraud = np.zeros(transactions.num_rows, dtype=bool)
    # Of several reports the last one stands: a later assignment overwrites an earlier one.
    is_fraud[changes["row"].to_numpy()] = changes["is_fraud"].to_numpy().astype(bool)
    return Labels(is_fraud, matured.astype(bool))
