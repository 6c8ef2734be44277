"""What makes a run the same run, and one attempt at it."""

import re
from dataclasses import dataclass
from datetime import date

from jobs.errors import BadRequest

_JOB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KIND = re.compile(r"[A-Za-z0-9._-]*")
_DIGEST = re.compile(r"[0-9a-f]{12,}")


@dataclass(frozen=True)
class RunKey:
    """What makes a run the same run: equal keys do equal work.

    Parameters
    ----------
    job : str
        Verb.
    kind : str
        Campaign, or kind of model.
    run_date : datetime.date
        Day the run speaks of.
    digest : str
        SHA-256, in hexadecimal, of everything else that decides what the run writes.

    Examples
    --------
    >>> RunKey("score-fraud", "fraud", date(2026, 11, 1), "ab" * 32).run_id
    'score-fraud-fraud-2026-11-01-abababababab'
    """

    job: str
    kind: str
    run_date: date
    digest: str

    def __post_init__(self) -> None:
        for name, pattern in (("job", _JOB), ("kind", _KIND), ("digest", _DIGEST)):
            value = getattr(self, name)
            if not pattern.fullmatch(value) or ".." in value:
                raise BadRequest(f"run key has {name} == {value!r}: it must match {pattern.pattern}.")

    @property
    def run_id(self) -> str:
        """Name of the run: the same for equal keys."""
        return f"{self.job}-{self.kind}-{self.run_date}-{self.digest[:12]}"


@dataclass(frozen=True)
class Claim:
    """One attempt at a run.

    Parameters
    ----------
    key : RunKey
        Which run.
    attempt : int
        Number of the attempt, 1 is the first; no two claims of a run have the same.
    """

    key: RunKey
    attempt: int
