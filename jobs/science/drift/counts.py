"""Counts of a batch in the bins of a profile, taken table by table, added up exactly."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

import pyarrow as pa

from jobs.errors import BadRequest, BadSchema
from jobs.science.drift.bins import Bins


@dataclass(frozen=True)
class VariableCounts:
    """How often each bin of one variable was met.

    Parameters
    ----------
    bins : tuple of int
        Rows in each bin, in the order of the variable's bins.
    missing : int
        Rows without a value.
    """

    bins: tuple[int, ...]
    missing: int

    @property
    def rows(self) -> int:
        """Rows counted, those without a value included."""
        return sum(self.bins) + self.missing

    @property
    def missing_share(self) -> float:
        """Share of rows without a value, in [0, 1]; 0 where there are no rows."""
        return self.missing / self.rows if self.rows else 0.0

    @property
    def line(self) -> str:
        """The counts as one line of text: bin by bin, and at last what is missing."""
        return " ".join(map(str, (*self.bins, self.missing)))

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read what :attr:`line` wrote.

        Examples
        --------
        >>> VariableCounts.from_line("3 1 2")
        VariableCounts(bins=(3, 1), missing=2)
        """
        *bins, missing = (int(n) for n in line.split())
        return cls(tuple(bins), missing)

    def __add__(self, other: "VariableCounts") -> "VariableCounts":
        if len(self.bins) != len(other.bins):
            raise BadRequest(
                f"counts of {len(self.bins)} bins and of {len(other.bins)} bins: count both with one profile"
            )
        added = tuple(a + b for a, b in zip(self.bins, other.bins, strict=True))
        return VariableCounts(added, self.missing + other.missing)


class Counter:
    """Counts a batch that comes in tables, one after the other or on several machines.

    Parameters
    ----------
    bins : mapping of str to Bins
        Variables to count and the bins of each, as a profile has them.

    Examples
    --------
    >>> from jobs.science.drift.bins import NumberBins
    >>> counter = Counter({"age": NumberBins((30.0, 60.0))})
    >>> counter.add(pa.table({"age": [25, 40, None]}))
    >>> counter.add(pa.table({"age": [70, 41, 42]}))
    >>> counter.counts()
    {'age': VariableCounts(bins=(1, 3, 1), missing=1)}
    """

    def __init__(self, bins: Mapping[str, Bins]) -> None:
        self._bins = dict(bins)
        self._counts = {name: VariableCounts((0,) * b.size, 0) for name, b in self._bins.items()}

    def add(self, table: pa.Table, columns: Collection[str] | None = None) -> None:
        """Count the rows of one table.

        Parameters
        ----------
        table : pyarrow.Table
            Rows of the batch; columns that are not counted may stand beside the others.
        columns : collection of str, optional
            Variables that this table has, when the batch lies in several tables (features in one,
            scores in another). All variables unless told.

        Raises
        ------
        BadSchema
            If the table lacks a variable, or has it in another type than the profile.
        """
        wanted = self._bins if columns is None else {name: self._bins[name] for name in columns}
        counted = {}
        for name, bins in wanted.items():
            if name not in table.column_names:
                raise BadSchema(f"column {name!r} is missing from the batch: the model's profile has it, so send it")
            try:
                counted[name] = VariableCounts(*_plain(bins, table.column(name)))
            except BadSchema as error:
                raise BadSchema(f"column {name!r}: {error}") from error
        for name, counts in counted.items():  # only now: a table is counted whole or not at all
            self._counts[name] += counts

    def merge(self, other: Self) -> None:
        """Add the counts of another shard's counter.

        Raises
        ------
        BadRequest
            If the other counter has other variables or other bins.
        """
        if self._bins != other._bins:
            raise BadRequest("two counters with different bins cannot be merged: count both with one profile")
        for name, counts in other._counts.items():
            self._counts[name] += counts

    def counts(self) -> dict[str, VariableCounts]:
        """Counts so far, by variable."""
        return dict(self._counts)


def _plain(bins: Bins, values: pa.ChunkedArray) -> tuple[tuple[int, ...], int]:
    counts, missing = bins.count(values)
    return tuple(counts.tolist()), missing
