"""Segments as other jobs read them: which segment a customer was in as of a date, and what nights before said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.runtime.chain import step
from jobs.runtime.plan import read_manifest
from jobs.runtime.stores import Stores
from jobs.storage.tables import read_whole
from jobs.tables.outputs import CUSTOMER_SEGMENTS

UNKNOWN = "no segment"
"""What a customer is said to be in who was none yet on that date."""

OLDEST_DAYS = 31
"""Days after which a segment says nothing any more."""

_VERB = "segment-customers"


@dataclass(frozen=True)
class Night:
    """What the report of a night says of the segments.

    Parameters
    ----------
    run_date : datetime.date
        Which night.
    details : dict
        The report's details.
    """

    run_date: date
    details: dict[str, Any]

    @property
    def sizes(self) -> dict[int, int]:
        """Customers by number of the segment."""
        return {segment["number"]: segment["customers"] for segment in self.details["segments"]}

    @property
    def names(self) -> dict[int, str]:
        """Names by number of the segment."""
        return {segment["number"]: segment["name"] for segment in self.details["segments"]}


@dataclass(frozen=True)
class Segments:
    """Segments of customers as of the end of a day: slices of a judgement.

    Parameters
    ----------
    run_date : datetime.date
        Which day.
    rows : pyarrow.Table
        ``id``, once each, and ``segment_name``.
    """

    run_date: date
    rows: pa.Table

    def of(self, ids: Any) -> pa.Array:
        """Return the name of each customer's segment.

        Parameters
        ----------
        ids : pyarrow.Array or pyarrow.ChunkedArray of string, length n
            Ids of the kind that :func:`segments_of` was asked for.

        Returns
        -------
        pyarrow.Array of string, length n
            UNKNOWN where a customer has no segment.
        """
        place = pc.index_in(ids, value_set=self.rows["id"])
        names = self.rows["segment_name"].take(place).fill_null(UNKNOWN)
        return names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names


def segments_of(stores: Stores, day: date, *, by: str = "customer_id") -> Segments | None:
    """Return the newest segments that were known by the end of a day.

    Whoever slices a trial asks for a day before its first contact: an offer moves payments, and payments make the
    segment.

    Parameters
    ----------
    stores : Stores
        Where tables and ledger are.
    day : datetime.date
        No later night is read, and none more than OLDEST_DAYS before it.
    by : {"customer_id", "account_id"}
        Id to look up by; "account_id" is the one that payments carry.

    Returns
    -------
    Segments or None
        None where no night of that time has segments.
    """
    nights = _nights(stores, day - timedelta(days=OLDEST_DAYS), day)
    if not nights:
        return None
    rows = read_whole(stores.tables, CUSTOMER_SEGMENTS, {"run_date": nights[-1].run_date})
    if by == "account_id":
        # Customers who share an account share its payments, and so the segment.
        rows = rows.group_by(["account_id"], use_threads=False).aggregate([("segment_name", "first")])
        return Segments(nights[-1].run_date, rows.rename_columns(["id", "segment_name"]))
    return Segments(nights[-1].run_date, rows.select([by, "segment_name"]).rename_columns(["id", "segment_name"]))


def nights_before(stores: Stores, day: date) -> list[Night]:
    """Return what the reports of the nights before a day say of the segments, oldest first."""
    return _nights(stores, day - timedelta(days=OLDEST_DAYS), day - timedelta(days=1))


def _nights(stores: Stores, first: date, last: date) -> list[Night]:
    kind = step(_VERB).kind or ""
    return list(_reported(stores, stores.ledger.finished(_VERB, kind, first, last)))


def _reported(stores: Stores, run_ids: Iterable[str]) -> Iterable[Night]:
    for run_id in run_ids:
        manifest = read_manifest(stores, run_id)
        report = stores.ledger.report(manifest.key)
        if report is not None:
            yield Night(manifest.run_date, report["details"])
