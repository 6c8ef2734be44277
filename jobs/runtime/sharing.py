"""What the parts of a run were told, and what they handed over: objects that are written once. Light: no Arrow.

Under ``parts/RUN/N/`` lie ``shared.json``, which the sharing out wrote, and one object for each part that is worked.
N counts the times it was shared out: what is too old to be used, because the data files it names may be gone, is left
and shared out again.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jobs.errors import BadRequest
from jobs.runtime.home import Home
from jobs.runtime.manifest import Manifest
from jobs.storage.ledger import STAGED_LIFE_S

SHARE, PART, WORK = "share", "part", "work"
"""Phases of a run that fans out, in their order; any other run has the last one only."""


def phase_of(word: object) -> str:
    """Return a phase that somebody named.

    Raises
    ------
    BadRequest
        If it is none.
    """
    if word not in {SHARE, PART, WORK}:
        raise BadRequest(f"phase {word!r} is none: give {SHARE}, {PART} or {WORK}.")
    return str(word)


@dataclass(frozen=True)
class Sharing:
    """One sharing out of a run.

    Parameters
    ----------
    prefix : str
        Where it lies among the objects, with a slash at its end.
    at : datetime.datetime
        When it was made.
    parts : int
        How many parts there are, 0 or more.
    told : dict
        What all parts are told; values that JSON can hold.
    """

    prefix: str
    at: datetime
    parts: int
    told: dict[str, Any]

    def key(self, part: int) -> str:
        """Key of what a part hands over."""
        return f"{self.prefix}{part:06d}"


def newest_sharing(home: Home, run_id: str) -> Sharing | None:
    """Return how a run was shared out last, None if it never was."""
    made = [o.key for o in home.objects.list(f"parts/{run_id}/") if o.key.endswith("/shared.json")]
    return _read(home, made[-1]) if made else None


def usable_sharing(home: Home, run_id: str) -> Sharing | None:
    """Return how a run was shared out last, None if it never was or the data files it names may be gone by now."""
    newest = newest_sharing(home, run_id)
    if newest is None or home.clock() - newest.at > timedelta(seconds=STAGED_LIFE_S):
        return None
    return newest


def sharing_of(home: Home, run_id: str) -> Sharing:
    """Return how a run was shared out last.

    Raises
    ------
    BadRequest
        If it never was.
    """
    newest = newest_sharing(home, run_id)
    if newest is None:
        raise BadRequest(f"run {run_id} was not shared out yet: its parts come after that.")
    return newest


def keep_sharing(home: Home, run_id: str, parts: int, told: dict[str, Any]) -> Sharing:
    """Keep a new sharing out; of two at once the first one counts for both."""
    newest = newest_sharing(home, run_id)
    number = int(newest.prefix.split("/")[-2]) + 1 if newest else 1
    key = f"parts/{run_id}/{number:06d}/shared.json"
    body = {"at": home.clock().isoformat(), "parts": parts, "told": told}
    home.objects.put_if_absent(key, json.dumps(body, sort_keys=True).encode())
    return _read(home, key)


def missing_parts(home: Home, sharing: Sharing) -> list[int]:
    """Return the numbers of the parts that have not handed over."""
    there = {o.key for o in home.objects.list(sharing.prefix)}
    return [part for part in range(sharing.parts) if sharing.key(part) not in there]


def left_to_work(manifest: Manifest, home: Home) -> tuple[str, list[int]]:
    """Return the phase in which a run stands, and the numbers of what is left of it: nothing once all is staged."""
    staged = home.ledger.staged(manifest.key)
    shards = [shard for shard in range(manifest.shards) if shard not in staged]
    if shards and manifest.fan_out:
        sharing = usable_sharing(home, manifest.key.run_id)
        if sharing is None:
            return SHARE, [0]
        parts = missing_parts(home, sharing)
        if parts:
            return PART, parts
    return WORK, shards


def _read(home: Home, key: str) -> Sharing:
    body = json.loads(home.objects.get(key))
    return Sharing(key.removesuffix("shared.json"), datetime.fromisoformat(body["at"]), body["parts"], body["told"])
