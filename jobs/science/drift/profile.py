"""Profile of a model version: what every variable and score looked like on the rows it was trained on.

Made at training time and kept beside the model as JSON; every later batch is held against it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import pyarrow as pa

from jobs.errors import BadRequest, BadSchema
from jobs.science.drift.bins import BINS, TOP, Bins, CategoryBins, NumberBins, category_bins, is_category, number_bins
from jobs.science.drift.counts import Counter, VariableCounts

FORMAT = 1
"""Version of the JSON form; a reader refuses one it does not know."""

SCORE = "score"
"""Name under which a model's score stands beside its features."""


def arm_score(arm: str) -> str:
    """Name under which the predicted effect of an arm stands beside the features."""
    return f"{SCORE} {arm}"


@dataclass(frozen=True)
class Variable:
    """One variable of a profile: its bins and how often each was met in training.

    Parameters
    ----------
    bins : NumberBins or CategoryBins
        Bins, made once.
    counts : VariableCounts
        Training rows in each.
    """

    bins: Bins
    counts: VariableCounts


@dataclass(frozen=True)
class Profile:
    """Variables by name, scores among them.

    Examples
    --------
    >>> training = pa.table({"age": [20, 30, 40, 50], "channel": ["web", "web", "shop", None]})
    >>> profile = Profile.of([training], bins_of(training, bins=2))
    >>> profile.variables["channel"].counts
    VariableCounts(bins=(2, 1, 0), missing=1)
    >>> Profile.from_dict(profile.to_dict()) == profile
    True
    """

    variables: Mapping[str, Variable]

    @classmethod
    def of(cls, batches: Iterable[pa.Table], bins: Mapping[str, Bins]) -> Self:
        """Count the training rows in one pass.

        Parameters
        ----------
        batches : iterable of pyarrow.Table
            All training rows, table after table.
        bins : mapping of str to Bins
            Bins of each variable, as :func:`bins_of` makes them.
        """
        counter = Counter(bins)
        for table in batches:
            counter.add(table)
        return cls({name: Variable(bins[name], counts) for name, counts in counter.counts().items()})

    @property
    def bins(self) -> dict[str, Bins]:
        """Bins by variable: what a counter needs."""
        return {name: variable.bins for name, variable in self.variables.items()}

    def merge(self, other: Self) -> Self:
        """Return the profile of both sets of rows together.

        Raises
        ------
        BadRequest
            If the two profiles were not made with the same bins.
        """
        if self.bins != other.bins:
            raise BadRequest("two profiles with different bins cannot be merged: make the bins once, then count")
        both = {
            name: Variable(variable.bins, variable.counts + other.variables[name].counts)
            for name, variable in self.variables.items()
        }
        return type(self)(both)

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as plain values that JSON keeps exactly."""
        return {"format": FORMAT, "variables": {name: _to_dict(v) for name, v in self.variables.items()}}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote.

        Raises
        ------
        BadRequest
            If a part is missing, of another format, or does not fit its bins.
        """
        if plain.get("format") != FORMAT:
            raise BadRequest(f"profile has format {plain.get('format')!r}, this version reads {FORMAT}: train again")
        try:
            return cls({name: _from_dict(v) for name, v in plain["variables"].items()})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadRequest(f"profile cannot be read ({error!r}): train again") from error


def bins_of(
    table: pa.Table, columns: Collection[str] | None = None, *, bins: int = BINS, top: int = TOP
) -> dict[str, Bins]:
    """Make the bins of each column from training rows, or from a fair sample of them.

    Parameters
    ----------
    table : pyarrow.Table
        Training rows: features, and the score under :data:`SCORE`.
    columns : collection of str, optional
        Columns to profile; all unless told.
    bins : int, default 10
        Quantile bins of a number.
    top : int, default 20
        Categories with a bin of their own.

    Returns
    -------
    dict of str to Bins
        In the order of `columns`.

    Raises
    ------
    BadSchema
        If a column is absent, or neither number, boolean nor string.
    """
    made: dict[str, Bins] = {}
    for name in table.column_names if columns is None else columns:
        if name not in table.column_names:
            raise BadSchema(f"column {name!r} is missing from the training rows: name one that they have")
        values = table.column(name)
        try:
            made[name] = category_bins(values, top) if is_category(values.type) else number_bins(values, bins)
        except BadSchema as error:
            raise BadSchema(f"column {name!r}: {error}") from error
    return made


def profile_of(table: pa.Table, columns: Collection[str] | None = None, *, bins: int = BINS, top: int = TOP) -> Profile:
    """Make bins and profile of training rows that lie in memory as one table (see :func:`bins_of`)."""
    return Profile.of([table], bins_of(table, columns, bins=bins, top=top))


def _to_dict(variable: Variable) -> dict[str, Any]:
    counts = {"counts": list(variable.counts.bins), "missing": variable.counts.missing}
    if isinstance(variable.bins, NumberBins):
        return {"type": "number", "edges": list(variable.bins.edges), **counts}
    return {"type": "category", "names": list(variable.bins.names), **counts}


def _from_dict(plain: Mapping[str, Any]) -> Variable:
    bins: Bins
    if plain["type"] == "number":
        bins = NumberBins(tuple(float(edge) for edge in plain["edges"]))
    elif plain["type"] == "category":
        bins = CategoryBins(tuple(str(name) for name in plain["names"]))
    else:
        raise ValueError(f"type {plain['type']!r} is neither number nor category")
    counts = VariableCounts(tuple(int(n) for n in plain["counts"]), int(plain["missing"]))
    if len(counts.bins) != bins.size or min(*counts.bins, counts.missing) < 0:
        raise ValueError(f"{len(counts.bins)} counts for {bins.size} bins, or a count below 0")
    return Variable(bins, counts)
