"""How a table is declared: columns with types, units and ranges, a key, a partition."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa

TIMESTAMP = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Name as it stands in the file.
    type : pyarrow.DataType
        Type as it is read and written.
    unit : str
        Unit in words ("euro", "in [0, 1]", "count"), or "" where there is none.
    doc : str
        What the column says, in a few words.
    nullable : bool
        Whether a value may be missing. NaN counts as missing.
    low, high : float or None
        Smallest and largest value that is allowed.
    exclusive : bool
        Whether ``low`` and ``high`` themselves are refused.
    future : bool
        For timestamps: whether a moment after the run's date is allowed.
    """

    name: str
    type: pa.DataType
    unit: str
    doc: str
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    exclusive: bool = False
    future: bool = True


@dataclass(frozen=True)
class Table:
    """A declared table, an input of ours or an output.

    Parameters
    ----------
    name : str
        Name in the catalog, or of the folder of inputs.
    doc : str
        What one row is.
    columns : tuple of Column
        Columns in the order they are written.
    key : tuple of str
        Columns that together name a row once (within a partition).
    partition : tuple of str
        Columns whose values a run replaces as a whole; empty for inputs.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition: tuple[str, ...] = ()

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema, with documentation as field metadata."""
        return pa.schema(
            [
                pa.field(
                    c.name, c.type, nullable=c.nullable, metadata={"doc": f"{c.doc} [{c.unit}]" if c.unit else c.doc}
                )
                for c in self.columns
            ]
        )

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [c.name for c in self.columns]

    def column(self, name: str) -> Column:
        """Return the declared column called `name`.

        Raises
        ------
        KeyError
            If the table declares no such column.
        """
        for c in self.columns:
            if c.name == name:
                return c
        raise KeyError(f"table {self.name} declares no column {name!r}")

    def extended(self, columns: Iterable[Column]) -> "Table":
        """Return the same table with the features that a campaign declares.

        Parameters
        ----------
        columns : iterable of Column
            Columns that the table does not declare yet; one that it does is left as it is.
        """
        known = set(self.names)
        return replace(self, columns=self.columns + tuple(c for c in columns if c.name not in known))
