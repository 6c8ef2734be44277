"""A table of its own name, created, committed, read and purged: whether tables can be written."""

import logging
import uuid
from datetime import date

import pyarrow as pa

from jobs.errors import CommitUnknown, NetliftError
from jobs.runtime.stores import Stores
from jobs.storage.account import diagnosed
from jobs.storage.tables import Tables, read_whole
from jobs.tables.declare import Column, Table

log = logging.getLogger(__name__)

_PROBE_ROWS = 3


def write_probe(stores: Stores) -> str:
    """Create, commit, read and purge a table of its own name; say so."""
    probe = _probe_table(f"doctor_probe_{uuid.uuid4().hex[:8]}")
    action = "s3tables:CreateTable, PutTableData, UpdateTableMetadataLocation or DeleteTable"
    with diagnosed(f"probe table {probe.name}", action=action, setting="NETLIFT_TABLES"):
        try:
            _commit_and_read(stores.tables, probe, stores.clock().date())
        except NetliftError:
            _purge_quietly(stores.tables, probe)
            raise
        stores.tables.purge(probe)
    return f"{probe.name} was created, committed, read and purged"


def _probe_table(name: str) -> Table:
    columns = (
        Column("run_date", pa.date32(), "", doc="day of the visit"),
        Column("number", pa.int64(), "count", doc="number of the row"),
    )
    return Table(name, "a row that netlift doctor wrote", columns, key=("number",), partition=("run_date",))


def _commit_and_read(tables: Tables, probe: Table, day: date) -> None:
    writer = tables.open_stage(probe, {"run_date": day}, "doctor")
    rows = pa.table({"run_date": [day] * _PROBE_ROWS, "number": range(_PROBE_ROWS)})
    writer.write(rows)
    staged = writer.close()
    tables.finish(probe, [staged] if staged else [], {"run_date": day}, "doctor", 1, lambda: None)
    read = read_whole(tables, probe, columns=["number"])["number"].to_pylist()
    if sorted(read) != list(range(_PROBE_ROWS)):
        raise CommitUnknown(f"probe table {probe.name} holds {read}, not the {_PROBE_ROWS} rows committed: try again.")


def _purge_quietly(tables: Tables, probe: Table) -> None:
    """Remove what a failed probe left; its own failure must not hide the first."""
    try:
        tables.purge(probe)
    except NetliftError as error:
        log.warning("probe table %s is still there: %s", probe.name, error)
