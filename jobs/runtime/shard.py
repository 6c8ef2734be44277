"""One shard at work: checked rows come in, rows are staged, and every row is accounted for."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from jobs.runtime.plan import Manifest, PlannedFile
from jobs.runtime.stores import Stores
from jobs.storage.inputs import InputFile
from jobs.storage.tables import StagedFile, StageWriter
from jobs.tables.check import BadRow, Fault, check, refused
from jobs.tables.declare import Table
from jobs.tables.outputs import QUARANTINE
from jobs.tables.seen import Seen


@dataclass
class Counts:
    """Rows of one input: in = used + quarantined."""

    rows_in: int = 0
    rows_used: int = 0
    rows_quarantined: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Add up two counts."""
        return Counts(
            self.rows_in + other.rows_in,
            self.rows_used + other.rows_used,
            self.rows_quarantined + other.rows_quarantined,
        )


@dataclass(frozen=True)
class ShardRecord:
    """What a worked shard leaves in the ledger.

    Parameters
    ----------
    staged : tuple of StagedFile
        Files that wait for the commit.
    counts : dict of str to Counts
        Rows by input table.
    details : dict
        What the job adds to the report.
    models : dict of str to str
        Version of each kind of model that the job used beside those of the plan.
    """

    staged: tuple[StagedFile, ...]
    counts: dict[str, Counts]
    details: dict[str, Any] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            "staged": [s.to_dict() for s in self.staged],
            "counts": {t: vars(c) for t, c in self.counts.items()},
            "details": self.details,
            "models": self.models,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ShardRecord":
        """Read a record back."""
        return cls(
            tuple(StagedFile.from_dict(s) for s in values["staged"]),
            {t: Counts(**c) for t, c in values["counts"].items()},
            dict(values["details"]),
            dict(values.get("models", {})),
        )


class OpenShard:
    """What a job's ``work`` is given: its part of the input, and a place for its rows.

    Parameters
    ----------
    manifest : Manifest
        Plan of the run.
    index : int
        Number of the shard, 0 is the first.
    attempt : int
        Attempt of the run.
    stores : Stores
        Where rows come from and go to.

    Attributes
    ----------
    details : dict
        What the job adds to the report.
    models : dict of str to str
        Version of each kind of model that the job chose by itself; those of the plan are reported without it.
    """

    def __init__(self, manifest: Manifest, index: int, attempt: int, stores: Stores) -> None:
        self.manifest = manifest
        self.index = index
        self.run_id = manifest.key.run_id
        self.details: dict[str, Any] = {}
        self.models: dict[str, str] = {}
        self.attempt = attempt
        self._stores = stores
        self._writers: dict[tuple[str, tuple[Any, ...]], StageWriter] = {}
        self._counts: dict[str, Counts] = {}

    def files(self, table: str) -> tuple[PlannedFile, ...]:
        """Input files of `table` that belong to this shard."""
        return self.manifest.shard_files(table, self.index)

    def read(
        self,
        table: Table,
        *,
        allowed: Mapping[str, Sequence[str]] | None = None,
        unique: str | None = None,
        refuse: Callable[[pa.Table], Sequence[Fault]] | None = None,
        told: Callable[[Sequence[BadRow]], None] | None = None,
    ) -> Iterator[pa.Table]:
        """Read the shard's rows of an input table, chunk by chunk, good rows only.

        Bad rows go to the quarantine; all rows are counted.

        Parameters
        ----------
        table : Table
            Declared table, extended with a campaign's features where there are any.
        allowed : mapping of str to sequence of str, optional
            Values that a text column may have.
        unique : str, optional
            Column whose values may stand once in all files together; within a file the table's key is
            always held to. The ids are kept in memory.
        refuse : callable, optional
            Says what the job itself has against good rows of a chunk: those are set aside too.
        told : callable, optional
            Called with the rows of a chunk that are set aside, for whatever reason.

        Yields
        ------
        pyarrow.Table
            Rows in the declared types and order.

        Raises
        ------
        BadFile
            If a file cannot be read, or has changed since the plan.
        BadSchema
            If a column is missing or of another type.
        """
        if not self.files(table.name):  # of an optional table that is not there, nothing is said
            return
        counts = self._counts.setdefault(table.name, Counts())
        seen = Seen(unique) if unique else None
        for file in self.files(table.name):
            row = 0
            for rows in self._stores.inputs.read(InputFile(file.key, file.size, file.version), table):
                checked = check(
                    rows, table, file=file.key, run_date=self.manifest.run_date, first_row=row, allowed=allowed
                )
                row += rows.num_rows
                counts.rows_in += rows.num_rows
                if seen is not None:
                    checked = seen.without_known(checked, row - rows.num_rows)
                if refuse is not None and checked.good.num_rows:
                    checked = refused(checked, refuse(checked.good), row - rows.num_rows)
                counts.rows_used += checked.good.num_rows
                self._set_aside(table, file.key, checked.bad, counts)
                if told is not None and checked.bad:
                    told(checked.bad)
                if checked.good.num_rows:
                    yield checked.good

    def stage(self, table: Table, rows: pa.Table, **partition: Any) -> None:
        """Stage rows of an output table.

        Parameters
        ----------
        table : Table
            Declared output table.
        rows : pyarrow.Table
            Rows without the partition columns and without ``run_id``: these are filled in.
        **partition
            Values of partition columns that are not the run's own (run date; campaign or kind).
        """
        if not rows.num_rows:
            return
        own: dict[str, Any] = {"run_date": self.manifest.run_date}
        own |= dict.fromkeys(("campaign_id", "experiment_id", "kind"), self.manifest.kind)
        values = {c: partition.get(c, own.get(c)) for c in table.partition}
        place = (table.name, tuple(values.values()))
        if place not in self._writers:
            name = f"{self.run_id}-{self.index:05d}-{self.attempt}"
            self._writers[place] = self._stores.tables.open_stage(table, values, name)
        self._writers[place].write(_filled(table, rows, {**values, "run_id": self.run_id}))

    def counts(self, table: Table) -> Counts:
        """Rows of an input table so far."""
        return self._counts.get(table.name, Counts())

    def set_aside(self, table: Table) -> int:
        """Rows of an input table that were set aside so far."""
        return self.counts(table).rows_quarantined

    def close(self) -> ShardRecord:
        """End the shard: every staged file is complete."""
        staged = [writer.close() for writer in self._writers.values()]
        return ShardRecord(tuple(s for s in staged if s), self._counts, self.details, self.models)

    def _set_aside(self, table: Table, file: str, bad: Sequence[BadRow], counts: Counts) -> None:
        if not bad:
            return
        counts.rows_quarantined += len(bad)
        columns = {
            "input": [table.name] * len(bad),
            "file": [file] * len(bad),
            "row_number": [b.row_number for b in bad],
            "column_name": [b.column for b in bad],
            "reason": [b.reason for b in bad],
            "raw": [b.raw for b in bad],
        }
        self.stage(QUARANTINE, pa.table(columns), job=self.manifest.verb)


def _filled(table: Table, rows: pa.Table, values: Mapping[str, Any]) -> pa.Table:
    columns = []
    for column in table.columns:
        if column.name in rows.column_names:
            columns.append(rows[column.name])
        elif column.name in values:
            columns.append(pa.repeat(pa.scalar(values[column.name], column.type), rows.num_rows))
        else:
            columns.append(pa.nulls(rows.num_rows, column.type))
    return pa.table(columns, names=table.names)


def total(records: Sequence[ShardRecord]) -> tuple[dict[str, Counts], dict[str, int]]:
    """Add up shards: rows in, used and quarantined by input table, and rows staged by output table."""
    inputs: dict[str, Counts] = {}
    out = Counter[str]()
    for record in records:
        for table, counts in record.counts.items():
            inputs[table] = inputs.get(table, Counts()) + counts
        for file in record.staged:
            out[file.table] += file.rows
    return inputs, dict(out)
