"""What a run says of itself: rows in and out, quarantined, seconds, memory, models."""

import resource
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Report:
    """A run's report.

    Parameters
    ----------
    run_id, verb, kind, run_date : str
        Which run.
    state : str
        "finished", "already done" when an equal run was finished before, "no input", or "failed"; the last two are
        told, never kept.
    attempt : int
        Number of the attempt that finished it.
    rows_in, rows_used, rows_quarantined : int
        Input rows; in = used + quarantined, always.
    rows_out : dict of str to int
        Rows committed by table.
    inputs : dict of str to dict
        The same three counts by input table.
    seconds : float
        Wall time of this attempt.
    peak_mb : float
        Largest memory of the process so far.
    models : dict of str to str
        Version of each model kind that was used.
    details : dict
        What the job adds.
    """

    run_id: str
    verb: str
    kind: str
    run_date: str
    state: str
    attempt: int
    rows_in: int
    rows_used: int
    rows_quarantined: int
    rows_out: dict[str, int]
    seconds: float
    peak_mb: float
    inputs: dict[str, dict[str, int]] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)

    @classmethod
    def without_input(cls, verb: str, kind: str, run_date: str, why: str) -> "Report":
        """Report of a step that had nothing to read: it committed nothing."""
        return cls("", verb, kind, run_date, "no input", 0, 0, 0, 0, {}, 0.0, 0.0, details={"why": why})

    @classmethod
    def failed(cls, verb: str, kind: str, run_date: str, error: Exception) -> "Report":
        """Report of a step that ended with an error; what it had read and staged is in the ledger."""
        why = {"error": type(error).__name__, "why": str(error)}
        return cls("", verb, kind, run_date, "failed", 0, 0, 0, 0, {}, 0.0, 0.0, details=why)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Report":
        """Read a report back."""
        return cls(**values)


def peak_mb() -> float:
    """Largest resident memory of this process so far, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts kilobytes, macOS bytes.
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
