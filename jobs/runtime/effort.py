"""What the shards of a run cost and how they ended, attempt by attempt: kept among the objects, read by ``runs``."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from jobs.runtime.manifest import Manifest
from jobs.runtime.sharing import PART, SHARE, WORK
from jobs.storage.objects import Objects

_ROOT = "efforts"
_READERS = 8


@dataclass(frozen=True)
class Effort:
    """One process's work on a run, in Lambda or Batch.

    Parameters
    ----------
    run_id : str
        Which run.
    attempt : int
        Attempt of the run.
    shard : int or None
        Number of the shard; None for the finishing of the run.
    service : str
        "lambda" or "batch".
    seconds : float
        Wall time of the work, in seconds; the start of the process is not in it.
    peak_mb : float
        Largest memory of the process so far, in megabytes.
    gb_seconds, vcpu_seconds : float or None
        Configured memory and processors over that time; None where they are not known or not billed.
    error : dict or None
        ``type`` and ``message`` of what ended it, None where it succeeded.
    phase : str
        "work", or "share" or "part" of a run that fans out; then `shard` is the number of the part.
    """

    run_id: str
    attempt: int
    shard: int | None
    service: str
    seconds: float
    peak_mb: float
    gb_seconds: float | None
    vcpu_seconds: float | None
    error: dict[str, str] | None
    phase: str = WORK

    @property
    def name(self) -> str:
        """What was worked, in words."""
        if self.shard is None:
            return "finishing"
        return {SHARE: "sharing out", PART: f"part {self.shard}"}.get(self.phase, f"shard {self.shard}")


def keep(effort: Effort, manifest: Manifest, objects: Objects) -> None:
    """Keep an effort: each has a key of its own, so that no two ever meet."""
    part = "finish" if effort.shard is None else f"{effort.shard:06d}"
    part = part if effort.phase == WORK else f"{effort.phase}-{part}"
    key = f"{_prefix(manifest.run_date)}{effort.run_id}/{effort.attempt:06d}-{part}-{uuid.uuid4().hex[:12]}.json"
    objects.put_if_absent(key, json.dumps(asdict(effort), sort_keys=True).encode())


def efforts(objects: Objects, run_date: date | None = None, run_id: str | None = None) -> dict[str, list[Effort]]:
    """Return the efforts of all runs, of those of one day, or of one run, by run and in order of attempt and shard."""
    prefix = _prefix(run_date) + (f"{run_id}/" if run_date and run_id else "")
    keys = [info.key for info in objects.list(prefix)]
    with ThreadPoolExecutor(_READERS) as readers:
        bodies = list(readers.map(objects.get, keys))
    found: dict[str, list[Effort]] = {}
    for body in bodies:
        effort = Effort(**json.loads(body))
        found.setdefault(effort.run_id, []).append(effort)
    return found


def spent(of: list[Effort]) -> dict[str, Any]:
    """Add up efforts by service: seconds, GB seconds and vCPU seconds; what one of them does not know is None."""
    total: dict[str, Any] = {}
    for service in sorted({e.service for e in of}):
        mine = [e for e in of if e.service == service]
        total[service] = {
            "seconds": round(sum(e.seconds for e in mine), 3),
            "gb_seconds": _sum([e.gb_seconds for e in mine]),
            "vcpu_seconds": _sum([e.vcpu_seconds for e in mine]),
        }
    return total


def _sum(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return round(sum(known), 3) if len(known) == len(values) else None


def _prefix(run_date: date | None) -> str:
    return f"{_ROOT}/{run_date}/" if run_date else f"{_ROOT}/"
