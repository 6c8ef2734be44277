"""What fraud reports say by a moment: which payments are fraud, and up to when reports have come in."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa

MEMORY_MB = 200
"""Of DuckDB's buffers; what does not fit is spilled."""


@dataclass(frozen=True)
class KnownFrauds:
    """Frauds as of a moment.

    Parameters
    ----------
    transaction_ids : pyarrow.Array of str
        Payments whose newest report says fraud, in order.
    newest_report : datetime.date or None
        Day of the newest report, in UTC; None where there is none.
    """

    transaction_ids: pa.Array
    newest_report: date | None

    def matured_through(self, day: date, label_delay_days: int) -> date | None:
        """Return the last day whose labels are in, or None where no report tells.

        A payment without a report counts as genuine a label delay later, and only while reports still come: where
        none came for days, labels of as many days more are missing.

        Parameters
        ----------
        day : datetime.date
            Day at whose end is asked.
        label_delay_days : int
            Days until a label is known.

        Examples
        --------
        >>> KnownFrauds(pa.array([]), date(2026, 11, 20)).matured_through(date(2026, 11, 22), 7)
        datetime.date(2026, 11, 13)
        """
        if self.newest_report is None:
            return None
        return min(day, self.newest_report) - timedelta(days=label_delay_days)


def known_frauds(reports: Iterable[pa.Table], as_of: datetime, memory_mb: int = MEMORY_MB) -> KnownFrauds:
    """Take of each payment its newest report before a moment; of two at once the one that says fraud.

    Reports may come in any order, twice, and may take back what an earlier one said.

    Parameters
    ----------
    reports : iterable of pyarrow.Table
        Rows of the declared table ``fraud_reports``, part by part.
    as_of : datetime.datetime
        The moment, with a time zone; later reports are not known yet.
    memory_mb : int
        Megabytes that it may use.

    Returns
    -------
    KnownFrauds
        The same for the same reports in any order.

    Examples
    --------
    >>> day = datetime(2026, 11, 20, tzinfo=UTC)
    >>> told = pa.table(
    ...     {
    ...         "transaction_id": ["a", "b", "b"],
    ...         "is_fraud": [True, True, False],
    ...         "reported_at": [day, day, day + timedelta(hours=1)],
    ...     }
    ... )
    >>> known_frauds([told], day + timedelta(days=1)).transaction_ids.to_pylist()
    ['a']
    """
    end_us = int(as_of.timestamp() * 1_000_000)
    with (
        tempfile.TemporaryDirectory(prefix="netlift-") as spill,
        duckdb.connect(config={"memory_limit": f"{memory_mb}MB", "threads": 1, "temp_directory": spill}) as engine,
    ):
        engine.execute("CREATE TEMP TABLE told (transaction_id VARCHAR, is_fraud BOOLEAN, told_us BIGINT)")
        for part in reports:
            engine.from_arrow(part).create_view("part", replace=True)
            engine.execute(
                "INSERT INTO told SELECT transaction_id, is_fraud, epoch_us(reported_at) FROM part "
                "WHERE epoch_us(reported_at) < ?",
                [end_us],
            )
        ((newest_us,),) = engine.execute("SELECT max(told_us) FROM told").fetchall()
        frauds = engine.sql(
            "SELECT transaction_id FROM told GROUP BY transaction_id "
            "HAVING arg_max(is_fraud, 2 * told_us + CAST(is_fraud AS INTEGER)) ORDER BY transaction_id"
        ).to_arrow_table()
    last = None if newest_us is None else datetime.fromtimestamp(newest_us // 1_000_000, UTC).date()
    return KnownFrauds(frauds["transaction_id"].combine_chunks(), last)
