"""A run's batch in the bins of its model's profile: counted by who has the rows, kept in the report for drift."""

from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa

from jobs.science.drift.counts import Counter, VariableCounts
from jobs.science.drift.profile import Profile
from jobs.storage.models import Model

DETAIL = "profile_counts"
"""Where a report holds them: by kind of model, then by variable."""


class BatchCounts:
    """Counts a batch against the profile in a model's card; of a card without one nothing is counted.

    Parameters
    ----------
    model : Model
        The model that works on the batch.
    """

    def __init__(self, model: Model) -> None:
        self._kind = model.kind
        profile = model.card.get("profile")
        self._counter = Counter(Profile.from_dict(profile).bins if profile else {})

    def add(self, rows: pa.Table) -> None:
        """Count rows; columns that the profile does not have may stand beside the others.

        Raises
        ------
        BadSchema
            If a column is of another type than the profile has it.
        """
        self._counter.add(rows, [name for name in self._counter.counts() if name in rows.column_names])

    def detail(self) -> dict[str, Any]:
        """Return the counts for a report's details: of each variable a line, its bins and at last what is missing."""
        counts = {name: c.line for name, c in self._counter.counts().items()}
        return {DETAIL: {self._kind: counts}} if counts else {}


def counts_in(details: Mapping[str, Any], kind: str, known: Collection[str]) -> dict[str, VariableCounts]:
    """Return the counts that a report holds of a kind of model, of the variables that are known.

    Examples
    --------
    >>> counts_in({"profile_counts": {"segments": {"recency": "3 1 2"}}}, "segments", {"recency", "frequency"})
    {'recency': VariableCounts(bins=(3, 1), missing=2)}
    >>> counts_in({}, "segments", {"recency"})
    {}
    """
    held = details.get(DETAIL, {}).get(kind, {})
    return {name: VariableCounts.from_line(line) for name, line in held.items() if name in known}
