"""The night's part of the endpoint: its state kept beside the run, and after the commit written online.

The state is kept as Parquet objects under the run's own key. What is written online are the records that
differ from those of the state that was written before, and last the night's own record, which names the
state: so a death on the way is made good by the next attempt, which finds the old name and writes the same
records again, and a run that was overtaken by a later day writes nothing.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runtime.online_layout import (
    NIGHT,
    as_text,
    customer_key,
    customer_record,
    day_of,
    partner_key,
    partner_record,
)
from jobs.science.fraud.engine import DAY_S, Limits, ParquetFiles
from jobs.science.fraud.online_changes import changed_customers, changed_partners, gone_partners
from jobs.science.fraud.partner_sql import PRIOR_FRAUD_RATE
from jobs.storage.objects import Objects
from jobs.storage.online import OnlineRecords, Record
from jobs.tables.declare import Table
from jobs.tables.online import (
    CUSTOMER_LOOKBACK_DAYS,
    ONLINE_CUSTOMERS,
    ONLINE_PARTNERS,
    PARTNER_COUNT_COLUMNS,
    PARTNER_KNOWN_COLUMNS,
)
from jobs.tables.outputs import LARGE_DAYS

DETAIL = "online_state"
"""Name in a run's details of the prefix under which its state lies."""

_PARTNER_FEATURES = tuple(column.name for column in (*PARTNER_COUNT_COLUMNS, *PARTNER_KNOWN_COLUMNS))
*_RECENT, _LARGE = (column.name for column in PARTNER_COUNT_COLUMNS)
_NEVER_MISSING = {"partner_fraud_run_length"} | {name for name in _PARTNER_FEATURES if "_count_" in name} | {_LARGE}
_LIMITS_MB = 400


def state_prefix(run_id: str, attempt: int, as_of: date) -> str:
    """Prefix under which the state of an attempt at a run lies."""
    return f"online/{as_of}/{run_id}-{attempt}/"


def keep_state(parts: Iterable[tuple[Table, pa.Table]], objects: Objects, prefix: str) -> dict[str, int]:
    """Keep the state of customers and partners among the objects.

    Parameters
    ----------
    parts : iterable of tuple of Table and pyarrow.Table
        Rows of ``online_customers`` and ``online_partners``, as `online_state` gives them.
    objects : Objects
        Where they are kept.
    prefix : str
        Where among them; of an attempt's own.

    Returns
    -------
    dict
        Rows by table.
    """
    rows = {ONLINE_CUSTOMERS.name: 0, ONLINE_PARTNERS.name: 0}
    for number, (table, part) in enumerate(parts):
        body = BytesIO()
        pq.write_table(part, body, compression="zstd")
        objects.put_if_absent(f"{prefix}{table.name}-{number:05d}.parquet", body.getvalue())
        rows[table.name] += part.num_rows
    return rows


def write_online(records: OnlineRecords, objects: Objects, prefix: str) -> dict[str, Any]:
    """Write a state online: only the records that differ from what was written before.

    Parameters
    ----------
    records : OnlineRecords
        What the endpoint reads.
    objects : Objects
        Where states are kept.
    prefix : str
        Where among them this one is.

    Returns
    -------
    dict
        What was done, for the run's report.

    Raises
    ------
    StorageUnavailable
        If a store does not answer; what was written by then is written again by the next attempt.
    """
    as_of = date.fromisoformat(prefix.split("/")[1])
    night = records.read([NIGHT]).get(NIGHT)
    if night is not None and str(night["as_of"]) > str(as_of):
        return {"online_as_of": str(night["as_of"]), "online_written": 0}
    with tempfile.TemporaryDirectory(prefix="netlift-") as folder:
        new = _fetched(objects, prefix, Path(folder) / "new")
        old = _fetched(objects, str(night["state"]), Path(folder) / "old") if night is not None else {}
        limits = Limits(_LIMITS_MB, temp_directory=folder)
        written = records.write(_partners(new, old, as_of, limits))
        written += records.write(_customers(new, old, as_of, limits))
    # Last: until here the endpoint goes by the night before, and another attempt begins with the same difference.
    records.write([(NIGHT, _night(as_of, prefix))])
    return {"online_as_of": str(as_of), "online_written": written}


def unknown_partner() -> list[float | None]:
    """Return the record of a partner without payments: counts are 0, and no rate is known but the prior one."""
    values = {"partner_fraud_rate_shrunk_28d": PRIOR_FRAUD_RATE, **dict.fromkeys(_NEVER_MISSING, 0.0)}
    return [values.get(name) for name in _PARTNER_FEATURES]


def _night(as_of: date, prefix: str) -> Record:
    return {
        "as_of": str(as_of),
        "state": prefix,
        "partner_features": json.dumps(_PARTNER_FEATURES),
        "recent_features": json.dumps(_RECENT),
        "large_feature": _LARGE,
        "unknown_partner": as_text(unknown_partner()),
    }


def _fetched(objects: Objects, prefix: str, folder: Path) -> dict[str, ParquetFiles]:
    """Copy a state to a folder, for DuckDB to read; files by table."""
    folder.mkdir()
    files: dict[str, list[str]] = {ONLINE_CUSTOMERS.name: [], ONLINE_PARTNERS.name: []}
    for info in objects.list(prefix):
        name = info.key.rpartition("/")[2]
        file = folder / name
        file.write_bytes(objects.get(info.key))
        files[name.rpartition("-")[0]].append(str(file))
    return {table: ParquetFiles(tuple(paths)) for table, paths in files.items()}


def _customers(
    new: dict[str, ParquetFiles], old: dict[str, ParquetFiles], as_of: date, limits: Limits
) -> Iterator[tuple[str, Record]]:
    name, start_s = ONLINE_CUSTOMERS.name, day_of(as_of) * DAY_S
    windows = {
        "since_s": start_s - CUSTOMER_LOOKBACK_DAYS * DAY_S,
        "large_since_s": start_s - LARGE_DAYS * DAY_S,
    }
    for rows in changed_customers(new[name], old.get(name, ParquetFiles(())), **windows, limits=limits):
        for row in rows.to_pylist():
            lists = (row["occurred_s"], row["amount_units"], row["partner_ids"], row["is_large"])
            record = customer_record(as_of, *lists, row["payments_30d"], CUSTOMER_LOOKBACK_DAYS)
            yield customer_key(row["customer_id"]), record


def _partners(
    new: dict[str, ParquetFiles], old: dict[str, ParquetFiles], as_of: date, limits: Limits
) -> Iterator[tuple[str, Record]]:
    name = ONLINE_PARTNERS.name
    before = old.get(name, ParquetFiles(()))
    for rows in changed_partners(new[name], before, limits=limits):
        for row in rows.to_pylist():
            values = (row[feature] for feature in _PARTNER_FEATURES)
            yield partner_key(row["partner_id"]), partner_record(as_of, values, CUSTOMER_LOOKBACK_DAYS)
    for partner_id in gone_partners(new[name], before, limits=limits):
        yield partner_key(partner_id), partner_record(as_of, unknown_partner(), CUSTOMER_LOOKBACK_DAYS)
